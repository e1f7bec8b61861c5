/* image.h: a dump in memory, and everything that is asked of one before Go is looked for. */
#ifndef TESTS_FUZZ_IMAGE_H
#define TESTS_FUZZ_IMAGE_H

#include "formats/dump/image.h"

/* What a format makes of bytes; NULL: an error. */
struct image *fuzz_image(struct arena *arena, const struct format *format, struct span bytes);

/* Reads it at every edge. It is a find where it is not what image.h says that images are. */
void fuzz_image_read(struct image *image);

#endif
