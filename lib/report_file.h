/* report_file.h: where a report waits until it is whole, so that a failure leaves nothing behind. */
#ifndef LIB_REPORT_FILE_H
#define LIB_REPORT_FILE_H

#include "base/err.h"

#include <stdio.h>

/* A file without a name, closed with the arena; in memory where there is no folder for one. */
const struct err *report_file_open(struct arena *arena, FILE **ret);

/* Copies it to a stream. False when it cannot be read back; what `out` could not take is for its owner's ferror. */
bool report_file_copy(FILE *file, FILE *out);

#endif
