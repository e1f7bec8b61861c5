/* size.h: sizes of memory and files in words. */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include "base/arena.h"

#include <stdint.h>

/* "12 bytes", "5.3 KiB", "1.8 GiB": to two figures, on the arena. Rounded down, so that no part is as large as its whole. */
const char *size_text(struct arena *arena, uint64_t bytes);

#endif
