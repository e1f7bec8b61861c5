/* places.c: see places.h. */
#include "tests/fuzz/places.h"

#include "golang/heap/heap.h"

enum {
	WORD = 8,
	STACK_WORDS = 160,
	LISTED = 64,       /* goroutines, Ms and Ps that are looked at */
	PCLNTAB_HEADER = 72,
	RECORD_WORDS = 8,  /* of a _func and what follows it */
	ENTRY = 8,         /* of functab: two offsets */
	SPAN_BYTES = 160,
};

struct finder {
	struct go_runtime *runtime;
	struct arena *arena;
	struct span exe;
	struct places *places;
};

bool place_of_address(struct image *image, uint64_t address, uint64_t *ret_offset)
{
	const struct segment *segment = image_segment(image, address);
	const uint64_t within = segment ? address - segment->address : 0;

	if (!segment || segment->saved.size < WORD || within > segment->saved.size - WORD)
		return false;
	*ret_offset = (uint64_t)(segment->saved.data - image->bytes.data) + within;
	return true;
}

uint64_t place_address(const struct image *image, uint64_t offset)
{
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];
		const uint64_t start = (uint64_t)(segment->saved.data - image->bytes.data);

		if (segment->saved.size && offset >= start && offset - start < segment->saved.size)
			return segment->address + (offset - start);
	}
	return 0;
}

static void add(struct finder *finder, enum place_kind kind, uint64_t address, uint64_t size)
{
	uint64_t offset;

	for (uint64_t at = address & ~(uint64_t)(WORD - 1); address && at < address + size; at += WORD)
		if (place_of_address(finder->runtime->image, at, &offset))
			vec_push(finder->arena, &finder->places->of[kind], (struct place){DUMP, offset});
}

/* Bytes of a table, which lies in the executable or in the dump. */
static void add_bytes(struct finder *finder, struct span bytes)
{
	const struct span files[FILES] = {[DUMP] = finder->runtime->image->bytes, [EXE] = finder->exe};

	for (enum file file = DUMP; file < FILES; file++)
		if (bytes.size && files[file].size && bytes.data >= files[file].data && bytes.data < files[file].data + files[file].size)
			for (size_t at = 0; at + WORD <= bytes.size; at += WORD)
				vec_push(finder->arena, &finder->places->of[PLACE_PCLNTAB],
					 (struct place){file, (uint64_t)(bytes.data - files[file].data) + at});
}

static void add_function(struct finder *finder, uint64_t pc)
{
	const struct pc_info *info = go_pc(finder->runtime, pc, false);

	if (!info->func)
		return;
	add_bytes(finder, span_slice(info->module->pclntab.functab, (uint64_t)info->func->index * ENTRY, ENTRY));
	add_bytes(finder, span_slice(info->module->pclntab.functab, info->func->record, RECORD_WORDS * WORD));
	add_bytes(finder, span_slice(info->module->pclntab.pctab, info->func->pcsp, WORD));
}

static void add_stack(struct finder *finder, uint64_t sp)
{
	uint64_t word;

	add(finder, PLACE_STACK, sp, STACK_WORDS * WORD);
	for (uint64_t at = sp; at < sp + STACK_WORDS * WORD; at += WORD)
		if (image_u64(finder->runtime->image, at, &word))
			add_function(finder, word);
}

static void add_span(struct finder *finder, uint64_t address)
{
	struct heap_place place;

	heap_find(finder->runtime, address, &place);
	if (place.span.address)
		add(finder, PLACE_SPAN, place.span.address, SPAN_BYTES);
}

static void add_goroutines(struct finder *finder)
{
	struct go_runtime *runtime = finder->runtime;

	for (size_t i = 0; i < runtime->goroutines.count && i < LISTED; i++) {
		const struct goroutine *g = &runtime->goroutines.items[i];

		add(finder, PLACE_G, g->address, runtime->layout->offset[LAYOUT_g_size]);
		add_stack(finder, g->sched_sp);
		add_span(finder, g->address);
		add_span(finder, g->stack_lo);
	}
}

static void add_machines(struct finder *finder)
{
	struct go_runtime *runtime = finder->runtime;

	for (size_t i = 0; i < runtime->machines.count && i < LISTED; i++) {
		add(finder, PLACE_M, runtime->machines.items[i].address, runtime->layout->offset[LAYOUT_m_size]);
		add(finder, PLACE_G, runtime->machines.items[i].g0, runtime->layout->offset[LAYOUT_g_size]);
	}
}

static void add_array(struct finder *finder, uint64_t variable, uint64_t count)
{
	uint64_t array;

	add(finder, PLACE_LIST, variable, 3 * WORD);
	if (variable && image_u64(finder->runtime->image, variable, &array))
		add(finder, PLACE_LIST, array, count * WORD);
}

static void add_processors(struct finder *finder)
{
	struct go_runtime *runtime = finder->runtime;
	uint64_t array, count = 0, p;

	if (!runtime->globals.allp || !image_u64(runtime->image, runtime->globals.allp, &array) ||
	    !image_u64(runtime->image, runtime->globals.allp + WORD, &count))
		return;
	for (uint64_t i = 0; i < count && i < LISTED; i++)
		if (image_u64(runtime->image, array + i * WORD, &p))
			add(finder, PLACE_P, p, runtime->layout->offset[LAYOUT_p_size] % 0x1000);
}

static void add_modules(struct finder *finder)
{
	const struct go_runtime *runtime = finder->runtime;

	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];

		add(finder, PLACE_MODULEDATA, module->address, runtime->layout->offset[LAYOUT_moduledata_size]);
		add_bytes(finder, span_slice(module->pclntab.bytes, 0, PCLNTAB_HEADER));
	}
}

void places_find(struct go_runtime *runtime, struct arena *arena, struct span exe, struct places *ret)
{
	struct finder finder = {runtime, arena, exe, ret};
	uint64_t sp;

	if (!runtime->layout)
		return;
	add_goroutines(&finder);
	add_machines(&finder);
	add_processors(&finder);
	add_modules(&finder);
	add_array(&finder, runtime->globals.allgs, LISTED);
	add_array(&finder, runtime->globals.allp, LISTED);
	add(&finder, PLACE_LIST, runtime->globals.allm, WORD);
	for (size_t i = 0; i < runtime->image->threads.count && i < LISTED; i++)
		if (reg_get(&runtime->image->threads.items[i].registers, runtime->image->arch->sp, &sp))
			add_stack(&finder, sp);
}
