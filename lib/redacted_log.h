/* redacted_log.h: the text of a crash in a log, without what must not leave: what the program said, labels, folders of files; of arguments,
 * registers and words of memory those that are neither small, nor may be addresses, nor are what the runtime complains of. */
#ifndef LIB_REDACTED_LOG_H
#define LIB_REDACTED_LOG_H

#include "formats/dump/image.h"
#include "lib/tornstack.h"

#include <stdio.h>

/* Writes the crash that an image was made of, or, unredacted, all that the runtime printed of it as it is. It is a log again. */
void redacted_log_write(const struct image *image, const struct ts_options *options, FILE *out);

#endif
