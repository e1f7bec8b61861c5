/* regions.h: which mappings of a process hold what, and in which order they are copied. */
#ifndef FORMATS_LIVE_REGIONS_H
#define FORMATS_LIVE_REGIONS_H

#include "formats/live/memory.h"

/* Marks what every analysis needs: data of programs and libraries, what relocation changed in them, the first page of each file that
 * may be one (build-ids), the vdso, and whatever else is small. `program`: path of the executable, NULL: unknown. */
void live_regions_want(const struct live_maps *maps, const char *program, struct live_memory *memory);

/* Copies everything else that the process has written to, smaller mappings first: the heap comes last. False: time was up (of
 * live_now; 0: never). */
bool live_regions_take_rest(struct arena *arena, const struct live_maps *maps, struct live_memory *memory, int64_t until);

#endif
