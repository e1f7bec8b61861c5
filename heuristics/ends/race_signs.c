/* race_signs.c: see race_signs.h. Whether another goroutine writes to the same map is asked of those that stand in functions of
 * maps; which map it is, of the reflect.Value in the frame that panicked (type, pointer, flag; reflect/value.go). Of other values: whether
 * another goroutine was in a method of the same one (shared_value.h). */
#include "heuristics/ends/race_signs.h"

#include "golang/packages.h"
#include "golang/types.h"
#include "heuristics/ends/map_user.h"
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/ends/shared_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	WORD = 8,
	FRAMES = 8,             /* above runtime.gopanic, of which one is the function that panicked */
	FRAME_LIMIT = 1 << 14,  /* bytes of its frame that are looked through */
	ARGUMENTS = 16,         /* words above it: where its arguments are kept */
	GROUP_LIMIT = 4096,
	KIND_MAP = 21, FLAG_KIND = 31, FLAG_INDIRECT = 1 << 7, /* reflect.flag */
};

enum sign { LENGTH, ANY };

static const struct {
	const char *function, *text;
	enum sign sign;
	const char *what;
} signs[] = {
#define RACE_SIGN(function, text, sign, what) {function, text, sign, what},
#include "heuristics/ends/race_signs.def"
#undef RACE_SIGN
};

/* "index out of range [3] with length 3" */
static bool index_is_length(const char *text)
{
	const char *at = strchr(text, '[');
	uint64_t index, length;

	return at && sscanf(at, "[%" SCNu64 "] with length %" SCNu64, &index, &length) == 2 && index == length;
}

static bool fits(size_t sign, const char *function, const char *text)
{
	return !strncmp(function, signs[sign].function, strlen(signs[sign].function)) && strstr(text, signs[sign].text) &&
	       (signs[sign].sign == ANY || index_is_length(text));
}

/* The sign that a panic is, the function, which may be inlined, and its frame; NULL: none. */
static const char *find_sign(struct analysis *analysis, const struct stack *stack, const struct panic_value *panic, size_t *sign,
			     size_t *frame)
{
	const size_t first = (size_t)panic->frame;
	struct frame_line lines[INLINE_LIMIT];

	for (*frame = first + 1; *frame <= first + FRAMES && *frame < stack->frames.count; ++*frame) {
		const size_t count = frame_lines(analysis->image, stack, *frame, lines);

		for (size_t i = 0; i < count; i++)
			for (*sign = 0; lines[i].function && *sign < sizeof signs / sizeof *signs; ++*sign)
				if (fits(*sign, lines[i].function, panic->text))
					return lines[i].function;
	}
	return NULL;
}

/* The map of a reflect.Value, which words of a stack may be; false: they are none. */
static bool read_value(struct analysis *analysis, uint64_t at, uint64_t *ret)
{
	struct image *image = analysis->image;
	uint64_t type, flag;

	if (!image_u64(image, at, &type) || !image_u64(image, at + WORD, ret) || !image_u64(image, at + 2 * WORD, &flag) ||
	    (flag & FLAG_KIND) != KIND_MAP || !go_type_is(analysis->runtime, type) || go_type_kind(analysis->runtime, type) != KIND_MAP)
		return false;
	image_cite_field(image, at, 3 * WORD);
	if (!(flag & FLAG_INDIRECT))
		return true;
	image_cite_field(image, *ret, WORD);
	return image_u64(image, *ret, ret);
}

/* The map of a reflect.Value in a frame, or in the slots for its arguments; 0: there is none, or several. */
static uint64_t map_of_frame(struct analysis *analysis, const struct frame *frame)
{
	uint64_t found = 0, pointer;

	if (!frame->fp || frame->fp - frame->sp > FRAME_LIMIT)
		return 0;
	for (uint64_t at = frame->sp; at < frame->fp + ARGUMENTS * WORD; at += WORD) {
		if (!read_value(analysis, at, &pointer))
			continue;
		if (found && found != pointer)
			return 0;
		found = pointer;
	}
	return found;
}

/* Another goroutine that stands in a function that writes to a map: to that one, or, as far as the dump shows, any. */
static const char *writer_text(const struct diagnosis *diagnosis, int32_t victim, uint64_t map)
{
	struct analysis *analysis = diagnosis->analysis;
	const char *text = NULL;
	struct stack stack = {0};

	for (size_t i = 0; i < analysis->groups.count && i < GROUP_LIMIT; i++) {
		const size_t goroutine = analysis->groups.items[i].first;
		struct map_user user;
		bool same;

		if ((int32_t)goroutine == victim)
			continue;
		goroutine_stack(analysis, goroutine, &stack);
		if (!map_user_find(analysis, (int32_t)goroutine, &stack, 0, &user) || !strncmp(user.verb, "reads", 5) ||
		    !strncmp(user.verb, "iterates", 8) || (map && user.map && user.map != map))
			continue;
		same = map && user.map == map;
		if (!text || same)
			text = arena_printf(diagnosis->arena, "goroutine %" PRIu64 " stands in %s%s%s, which %s %s",
					    analysis->runtime->goroutines.items[goroutine].id, user.map_function,
					    user.function ? ", called by " : "", user.function ? user.function : "", user.verb,
					    same ? "that very map" : "a map, and the dump does not show which");
		if (same)
			break;
	}
	return text;
}

/* Another goroutine that was in a method of the same value; NULL: none is known. */
static const char *sharer_text(const struct diagnosis *diagnosis, size_t victim, const struct stack *stack, size_t frame, const char *function)
{
	struct shared_value shared;

	if (!shared_value_find(diagnosis, victim, stack, frame, package_of_function(diagnosis->arena, function), &shared))
		return NULL;
	return arena_printf(diagnosis->arena, "goroutine %" PRIu64 " was in %s, and both had called a method of %s on the same value, "
			    "0x%" PRIx64, diagnosis->analysis->runtime->goroutines.items[shared.goroutine].id, shared.function,
			    shared.type, shared.address);
}

bool race_sign_find(const struct diagnosis *diagnosis, struct rival *ret)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct panic_value *panic = oldest_panic(&analysis->messages);
	const int32_t victim = analysis->messages.goroutine;
	struct stack stack = {0};
	size_t sign, frame;
	const char *other, *name;
	bool map;

	if (!panic || !panic->text || panic->frame < 0 || victim < 0)
		return false;
	goroutine_stack(analysis, (size_t)victim, &stack);
	name = find_sign(analysis, &stack, panic, &sign, &frame);
	if (!name)
		return false;
	map = strstr(signs[sign].what, "map") != NULL;
	other = map ? writer_text(diagnosis, victim, map_of_frame(analysis, &stack.frames.items[frame]))
		    : sharer_text(diagnosis, (size_t)victim, &stack, frame, name);
	ret->speaks_for = arena_printf(diagnosis->arena, "%s panicked with \"%s\", by which such a race is known: %s%s%s", name,
				       one_line(diagnosis->arena, panic->text), signs[sign].what, other ? "; " : "",
				       other ? other : "");
	if (map && !other)
		ret->speaks_against = "no other goroutine stands in a function that writes to a map: if there was one, it has gone on";
	return true;
}
