/* exe_image.h: an executable that never ran, as an image: what only looks at code and tables reads files as it
 * reads dumps. */
#ifndef FORMATS_DUMP_EXE_IMAGE_H
#define FORMATS_DUMP_EXE_IMAGE_H

#include "formats/dump/image.h"

/* An image whose memory is what the loader would make of the file at its own addresses (bias 0): its segments,
 * with the words that relative relocations set. It has no threads; of a PE file the one mapping is the module.
 * Zeros that the loader would fill in are not saved. */
struct image *image_of_exe(struct arena *arena, struct notes *notes, const struct exe *exe);

#endif
