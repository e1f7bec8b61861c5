/* scratch.c: an arena that is thrown away every so many items. */
#include "report/scratch.h"

#include <stdint.h>

#define BUDGET ((size_t)1 << 30)

enum { BATCH = 256 };

struct batch {
	struct arena *arena; /* freed with the owner when an item does not return */
	bool (*item)(void *context, struct arena *scratch, size_t index);
	void *context;
	size_t next, count;
};

static void release(void *object)
{
	struct batch *batch = object;

	arena_free(batch->arena);
	batch->arena = NULL;
}

static void run(void *object)
{
	struct batch *batch = object;

	for (int i = 0; i < BATCH && batch->next < batch->count; i++)
		if (!batch->item(batch->context, batch->arena, batch->next++))
			batch->count = 0;
}

void scratch_each(struct arena *owner, size_t count, bool (*item)(void *context, struct arena *scratch, size_t index),
		  void *context)
{
	struct batch *batch = arena_alloc(owner, sizeof *batch);

	*batch = (struct batch){.item = item, .context = context, .count = count};
	arena_defer(owner, release, batch);
	while (batch->next < batch->count) {
		batch->arena = arena_new(BUDGET);
		if (!batch->arena || !arena_run(batch->arena, run, batch))
			arena_alloc(owner, SIZE_MAX); /* does not return */
		release(batch);
	}
}
