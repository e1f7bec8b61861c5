/* map_user.c: see map_user.h. Go keeps a map in no register that outlives a call; what these functions still need after the
 * call in which they stand, they have put into their argument slots. A slot may be stale, so what it holds must be a map. */
#include "heuristics/ends/map_user.h"

#include "golang/recorded_arguments.h"
#include "golang/types.h"
#include "heuristics/ends/ordinary_ends.h"

#include <string.h>

enum parameters { TYPE_MAP, MAP_TYPE, ITERATOR };

enum {
	KIND_MAP = 21,
	ITERATOR_TYPE = 16, ITERATOR_MAP = 24, /* runtime.hiter, internal/runtime/maps.Iter */
	HMAP_FLAGS_WORD = 8, HASH_WRITING = 4, /* runtime.hmap: count, flags, … */
	MAP_WRITING_WORD = 32, MAP_WRITING_SHIFT = 16, /* internal/runtime/maps.Map: globalDepth, globalShift, writing */
};

struct map_function {
	const char *prefix, *verb;
	enum parameters parameters;
};

static const struct map_function map_functions[] = {
#define MAP_FUNCTION(prefix, verb, parameters) {prefix, verb, parameters},
#include "heuristics/ends/map_functions.def"
#undef MAP_FUNCTION
};

static const struct map_function *map_function_of(const struct frame *frame)
{
	const char *name = frame->info->func ? go_func_name(frame->info) : "";

	for (size_t i = 0; i < sizeof map_functions / sizeof *map_functions; i++)
		if (!strncmp(name, map_functions[i].prefix, strlen(map_functions[i].prefix)))
			return &map_functions[i];
	return NULL;
}

bool map_writing_word(struct analysis *analysis, uint64_t map, uint64_t *address, bool *set)
{
	const bool swiss = analysis->runtime->functions[ROLE_MAPS_FATAL];
	uint64_t word;

	*address = map + (swiss ? MAP_WRITING_WORD : HMAP_FLAGS_WORD);
	if (!image_u64(analysis->image, *address, &word))
		return false;
	*set = swiss ? (word >> MAP_WRITING_SHIFT) & 1 : word & HASH_WRITING;
	return true;
}

/* Takes type and map from their words, if they are what they should be. */
static void read_map(struct analysis *analysis, uint64_t type_slot, uint64_t map_slot, struct map_user *ret)
{
	uint64_t type, map, address;
	bool set;

	if (!image_u64(analysis->image, type_slot, &type) || !image_u64(analysis->image, map_slot, &map) ||
	    !go_type_is(analysis->runtime, type) || go_type_kind(analysis->runtime, type) != KIND_MAP || map % 8 ||
	    !map_writing_word(analysis, map, &address, &set))
		return;
	image_cite_field(analysis->image, type_slot, sizeof type); /* a rival may rest on them, which keeps no word as evidence */
	image_cite_field(analysis->image, map_slot, sizeof map);
	image_cite_field(analysis->image, address, sizeof map);
	ret->map = map;
	ret->map_slot = map_slot;
	ret->type = go_type_name(analysis->runtime, type);
}

/* Of a log: what the function was called with, if the runtime was sure of that. An iterator leads to its map by memory only. */
static void read_recorded_map(const struct map_function *function, const struct recorded_frame *frame, struct map_user *ret)
{
	uint64_t value = 0;
	bool unsure = true;
	size_t at = 0;

	if (function->parameters == ITERATOR || (function->parameters == TYPE_MAP && !recorded_argument(frame, &at, &value, &unsure)))
		return;
	if (recorded_argument(frame, &at, &value, &unsure) && !unsure && value % 8 == 0)
		ret->map = value;
}

static void find_map(struct analysis *analysis, const struct map_function *function, const struct frame *frame,
		     struct map_user *ret)
{
	const uint64_t first = frame_argument_slot(analysis->image->arch, frame, 0);
	uint64_t iterator;

	if (frame->recorded)
		read_recorded_map(function, frame->recorded, ret);
	if (!first || frame->recorded)
		return;
	if (function->parameters == TYPE_MAP)
		read_map(analysis, first, first + 8, ret);
	else if (function->parameters == MAP_TYPE)
		read_map(analysis, first + 8, first, ret);
	else if (image_u64(analysis->image, first, &iterator))
		read_map(analysis, iterator + ITERATOR_TYPE, iterator + ITERATOR_MAP, ret);
}

bool map_user_find(struct analysis *analysis, int32_t goroutine, const struct stack *stack, size_t from,
		   struct map_user *ret)
{
	*ret = (struct map_user){.goroutine = goroutine, .frame = SIZE_MAX};
	for (size_t i = from; i < stack->frames.count && is_runtime_frame(&stack->frames.items[i]); i++) {
		const struct frame *frame = &stack->frames.items[i];
		const struct map_function *function = map_function_of(frame);

		if (!function)
			continue;
		if (!ret->verb)
			ret->map_function = go_func_name(frame->info);
		ret->verb = function->verb; /* of the outermost: it says what the program does */
		if (!ret->map)
			find_map(analysis, function, frame, ret);
	}
	if (!ret->verb)
		return false;
	ret->frame = first_program_frame(stack, from);
	if (ret->frame != SIZE_MAX) {
		ret->function = program_function(analysis, stack, ret->frame);
		ret->pc = stack->frames.items[ret->frame].pc;
		ret->at = frame_address_text(analysis->arena, &stack->frames.items[ret->frame]);
	}
	return true;
}
