/* globals_by_shape.c: runtime.allgs without code: a slice header in the data section whose elements are goroutines. Others
 * have that shape too (work.stackRoots while the GC runs; mheap_.allspans, where every span may read as goroutine 1);
 * runtime.allgs starts with goroutine 1, has it once, and is the longest. */
#include "golang/load/load.h"

enum { SAMPLE = 64, COUNT_LIMIT = 1 << 24 };

static bool is_goroutine_list(struct go_runtime *runtime, uint64_t list, uint64_t count)
{
	uint64_t sample = count < SAMPLE ? count : SAMPLE;
	uint64_t address, id;

	for (uint64_t i = 0; i < sample; i++)
		if (!image_u64(runtime->image, list + 8 * i, &address) || !goroutine_plausible(runtime, address) ||
		    !go_field(runtime, address, LAYOUT_g_goid, &id) || (id == 1) != (i == 0))
			return false;
	return true;
}

/* The longest list whose header lies in one piece of memory; 0: none. */
static uint64_t longest(struct go_runtime *runtime, struct span data, uint64_t address, uint64_t *capacity)
{
	uint64_t best = 0;

	for (uint64_t at = (8 - address % 8) % 8; at + 24 <= data.size; at += 8) {
		uint64_t list = span_u64(data, at);
		uint64_t count = span_u64(data, at + 8);
		uint64_t room = span_u64(data, at + 16);

		if (list < 0x1000 || list % 8 || !count || count > room || room > COUNT_LIMIT || room <= *capacity)
			continue;
		if (is_goroutine_list(runtime, list, count)) {
			image_cite(runtime->image, address + at, 24);
			best = address + at;
			*capacity = room;
		}
	}
	return best;
}

uint64_t allgs_by_shape(struct go_runtime *runtime)
{
	uint64_t best = 0;
	uint64_t capacity = 0;
	uint64_t address, end;
	struct span data;

	if (!runtime->modules.count)
		return 0;
	address = runtime->modules.items[0].data_start;
	end = module_search_end(&runtime->modules.items[0]);
	while ((data = image_next(runtime->image, &address, end)).size) {
		uint64_t found = longest(runtime, data, address, &capacity);

		best = found ? found : best;
		address += data.size;
	}
	return best;
}
