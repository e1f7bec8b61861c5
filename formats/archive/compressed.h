/* compressed.h: what is written is compressed by zstd (RFC 8878) on its way to a stream. */
#ifndef FORMATS_ARCHIVE_COMPRESSED_H
#define FORMATS_ARCHIVE_COMPRESSED_H

#include <stdio.h>

/* A stream that writes to `under`, which it leaves open; fclose ends the compressed stream. What `under` cannot take is an error of
 * both. NULL: no memory, or the library cannot compress. */
FILE *compressed_open(FILE *under);

#endif
