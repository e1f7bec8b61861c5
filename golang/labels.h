/* labels.h: labels of goroutines (runtime/pprof.SetGoroutineLabels, Do), which profiles show. Values belong to the program's users:
 * reports mask them. */
#ifndef GOLANG_LABELS_H
#define GOLANG_LABELS_H

#include "golang/runtime.h"

struct goroutine_label {
	const char *key, *value; /* as they are in the dump, at most LABEL_LONGEST bytes of each */
};

enum { LABELS_MOST = 32, LABEL_LONGEST = 512 };

/* g.labels: an address that goroutines with the same labels share; 0: it has none, or they are not known. */
uint64_t goroutine_labels_address(struct go_runtime *runtime, const struct goroutine *goroutine);

/* The labels at that address, in the order of their keys; returns their number. What cannot be read is left out. */
size_t goroutine_labels(struct go_runtime *runtime, struct arena *arena, uint64_t address, struct goroutine_label ret[static LABELS_MOST]);

#endif
