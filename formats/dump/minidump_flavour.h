/* minidump_flavour.h: what a minidump without the full memory leaves out, and what that costs. */
#ifndef FORMATS_DUMP_MINIDUMP_FLAVOUR_H
#define FORMATS_DUMP_MINIDUMP_FLAVOUR_H

#include "formats/dump/image.h"

/* Notes it. `flags`: what the writer was asked for; the ranges that it saved tell what of that it did. */
void minidump_note_flavour(struct image *image, uint64_t flags, const struct segment *saved, size_t count);

#endif
