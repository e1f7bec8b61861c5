/* errnos.h: Linux's numbers of errors (errnos.def). */
#ifndef ANALYZER_LAST_WORDS_ERRNOS_H
#define ANALYZER_LAST_WORDS_ERRNOS_H

#include <stdint.h>

/* What Go's syscall.Errno says of it ("operation not permitted"); NULL: not in the table. Of static lifetime. */
const char *errno_text(uint64_t number);

/* What errno(3) calls it ("EPERM"); NULL: not in the table. Of static lifetime. */
const char *errno_name(uint64_t number);

/* The number of the error that a text begins with, as strerror(3) says it in the C locale (Go's text with a capital); 0: none in the
 * table. */
uint64_t errno_by_text(const char *text);

#endif
