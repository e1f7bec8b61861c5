/* utf16.h: text of Windows. */
#ifndef BASE_UTF16_H
#define BASE_UTF16_H

#include "base/arena.h"
#include "base/span.h"

/* Little-endian UTF-16 as UTF-8, up to the first NUL, on the arena; a lone surrogate becomes U+FFFD. */
const char *utf16_text(struct arena *arena, struct span units);

#endif
