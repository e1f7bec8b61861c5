/* target.h: a healthy dump that is analysed again and again in this process, with a few words of it changed. */
#ifndef ACCURACY_TARGET_H
#define ACCURACY_TARGET_H

#include "heuristics/finding.h"

struct target {
	struct arena *arena;
	struct image *image;
	struct exe_candidate exe;
	struct go_runtime *runtime;  /* of the unchanged dump */
	struct diagnosis *diagnosis; /* what is said of it */
	const struct diagnosis *whole; /* what was said before it was cut; NULL: it is whole */
};

/* Loads a dump, its memory writable in this process only; exe NULL: the dump itself has to serve. cut: bytes of the dump that are
 * left, 0: all. Analyses it once. False: it cannot be read. Must be called inside arena_run. */
bool target_open(struct arena *arena, const char *dump, const char *exe, uint64_t cut, struct target *ret);

/* Analyses the dump as it is now. `reload`: the runtime's structures may have changed, not only words of stacks. */
struct diagnosis *target_diagnose(struct target *target, bool reload);

/* Changes memory of the dump; false when the dump does not hold it. */
bool target_write(struct target *target, uint64_t address, const void *bytes, size_t size);
bool target_write_u64(struct target *target, uint64_t address, uint64_t word);

/* Whether the unchanged dump has a finding about damaged memory. */
bool target_is_damaged(const struct target *target);

/* The least that must be left of a dump so that its walk still finds a share of the return addresses: bytes, found by
 * bisection in child processes; 0: that cannot be had. The dump must not be compressed. */
uint64_t target_shortest(const char *dump, const char *exe, unsigned percent);

#endif
