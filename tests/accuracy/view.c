/* view.c: see view.h. */
#include "tests/accuracy/view.h"

#include "golang/code_refs.h"
#include "golang/heap/heap.h"

enum { WORD = 8, HEADER = 3 * WORD, OBJECT_LIMIT = 1 << 10, OBJECTS_LIMIT = 256, FRAMES = 8, REFS_LIMIT = 32, LEVELS = 2 };

static int32_t subject_of(const struct analysis *analysis)
{
	if (analysis->fault.known && analysis->fault.goroutine >= 0)
		return analysis->fault.goroutine;
	if (analysis->dying_thread >= 0 && analysis->thread_goroutine[analysis->dying_thread] >= 0)
		return analysis->thread_goroutine[analysis->dying_thread];
	return analysis->runtime->goroutines.count ? 0 : -1;
}

static bool has_object(const struct view *view, uint64_t start)
{
	for (size_t i = 0; i < view->objects.count; i++)
		if (view->objects.items[i] == start)
			return true;
	return false;
}

/* Those have mutations of their own (RUNTIME_FIELD). */
static bool is_structure(const struct go_runtime *runtime, const struct heap_place *place)
{
	for (size_t i = 0; i < runtime->machines.count; i++)
		if (runtime->machines.items[i].address - place->start < place->size)
			return true;
	return goroutine_by_address(runtime, place->start + place->header) != NULL;
}

static void add_object(struct target *target, struct view *view, uint64_t pointer)
{
	struct heap_place place;
	uint64_t size;

	if (view->objects.count >= OBJECTS_LIMIT || heap_find(target->runtime, pointer, &place) != HEAP_OBJECT ||
	    place.state != SLOT_ALLOCATED || has_object(view, place.start) || is_structure(target->runtime, &place))
		return;
	size = place.size < OBJECT_LIMIT ? place.size : OBJECT_LIMIT;
	vec_push(target->arena, &view->objects, place.start);
	vec_push(target->arena, &view->stretches, ((struct stretch){place.start + place.header, place.start + size}));
}

/* Objects that the words of a stretch lead to. */
static void look_through(struct target *target, struct view *view, struct stretch stretch)
{
	uint64_t word;

	for (uint64_t at = stretch.start; at + WORD <= stretch.end; at += WORD)
		if (image_u64(target->image, at, &word) && word)
			add_object(target, view, word);
}

static bool is_variable(const struct go_runtime *runtime, uint64_t address)
{
	for (size_t i = 0; i < runtime->modules.count; i++)
		if (address >= runtime->modules.items[i].data_start && address < runtime->modules.items[i].data_end)
			return true;
	return false;
}

static bool has_stretch(const struct view *view, uint64_t start)
{
	for (size_t i = 0; i < view->stretches.count; i++)
		if (view->stretches.items[i].start == start)
			return true;
	return false;
}

static void add_variables(struct target *target, struct view *view, const struct func *func)
{
	struct code_refs refs;

	code_refs_of(target->runtime, func, &refs);
	for (size_t i = 0; i < refs.count && i < REFS_LIMIT; i++) {
		const uint64_t address = refs.items[i].address / WORD * WORD;

		if (refs.items[i].kind != REF_CALL && is_variable(target->runtime, address) && !has_stretch(view, address))
			vec_push(target->arena, &view->stretches, ((struct stretch){address, address + HEADER}));
	}
}

void view_of(struct target *target, struct view *ret)
{
	size_t from = 0;

	*ret = (struct view){.goroutine = subject_of(target->diagnosis->analysis)};
	if (ret->goroutine < 0)
		return;
	goroutine_stack(target->diagnosis->analysis, (size_t)ret->goroutine, &ret->stack);
	if (!ret->stack.frames.count)
		return;
	vec_push(target->arena, &ret->stretches,
		 ((struct stretch){ret->stack.frames.items[0].sp, ret->stack.frames.items[ret->stack.frames.count - 1].sp}));
	for (size_t i = 0; i < ret->stack.frames.count && i < FRAMES; i++)
		if (ret->stack.frames.items[i].info->func)
			add_variables(target, ret, ret->stack.frames.items[i].info->func);
	for (int level = 0; level < LEVELS; level++)
		for (const size_t count = ret->stretches.count; from < count; from++)
			look_through(target, ret, ret->stretches.items[from]);
}

bool view_is_linkage(const struct view *view, uint64_t address)
{
	for (size_t i = 0; i < view->stack.frames.count; i++)
		if (view->stack.frames.items[i].slot && view->stack.frames.items[i].slot - address <= WORD)
			return true;
	return false;
}
