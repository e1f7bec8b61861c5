/* maps.h: the memory of a process that runs, mapping by mapping: /proc/PID/maps, proc(5). */
#ifndef FORMATS_LIVE_MAPS_H
#define FORMATS_LIVE_MAPS_H

#include "base/err.h"
#include "base/vec.h"

struct live_region {
	uint64_t start, end; /* whole pages */
	uint8_t flags;       /* SEGMENT_* of formats/exe/exe.h */
	bool shared;
	bool readable;       /* not memory of a device or of the kernel's own that reading fails for, as far as its name tells */
	uint64_t offset;     /* in its file, bytes */
	const char *path;    /* of a file, without what marks a deleted one; "[stack]", "[vdso]"; NULL: anonymous */
};

struct live_maps {
	struct live_region *items;
	size_t count, capacity;
};

/* Reads the list, ascending. At most a million mappings: the others are left out. False: errno says why. */
bool live_maps_read(struct arena *arena, int64_t pid, struct live_maps *ret);

/* The mapping that holds an address, or NULL. */
const struct live_region *live_maps_find(const struct live_maps *maps, uint64_t address);

#endif
