/* recursion_evidence.c: see recursion_evidence.h. */
#include "heuristics/ends/recursion_evidence.h"

#include "analyzer/unwind/unwind.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	NAMES = 6,        /* of a cycle that are named */
	TURNS = 8,        /* fewer are no recursion that could fill a stack */
	SLOTS = 4,        /* return addresses of a turn that are shown */
	DOMINANT = 3,     /* functions that are named where nothing repeats */
	LEAST_SHARE = 10, /* per cent of the frames, of such a function */
};

/* A function and what it has of a stack. */
struct share {
	const struct frame *frame; /* one of its frames */
	uint64_t entry, frames, bytes;
};

static uint64_t frame_bytes(const struct frame *frame)
{
	return frame->fp > frame->sp ? frame->fp - frame->sp : 0;
}

static const char *line_name(const struct frame_line *line)
{
	return line->function ? line->function : "an unnamed function";
}

/* The functions of one turn as they call each other, the one by which it was entered first. */
static const char *cycle_text(struct diagnosis *diagnosis, const struct stack *stack, const struct recursion *recursion)
{
	struct frame_line lines[INLINE_LIMIT];
	size_t end = recursion->first + recursion->kept;
	const char *text = NULL;
	const char *entry = NULL;
	size_t names = 0;

	for (size_t i = end; i-- > end - recursion->period;) {
		for (size_t j = frame_lines(diagnosis->analysis->image, stack, i, lines); j-- > 0; names++) {
			if (names < NAMES)
				text = text ? arena_printf(diagnosis->arena, "%s, which calls %s", text, line_name(&lines[j]))
					    : line_name(&lines[j]);
			entry = entry ? entry : line_name(&lines[j]);
		}
	}
	if (names == 1)
		return arena_printf(diagnosis->arena, "%s, which calls itself", text);
	if (names > NAMES)
		return arena_printf(diagnosis->arena, "%s, and so on by %zu more calls back to %s", text, names - NAMES, entry);
	return arena_printf(diagnosis->arena, "%s, which calls %s again", text, entry);
}

/* Whether a frame was found by the tables of its code, and, in Go, returns behind a call that can reach the frame below. */
static bool is_sound(struct analysis *analysis, const struct frame *frame)
{
	return frame->info->func ? callsite_reaches(analysis->runtime, frame->pc, frame[-1].info->func) : frame->how == HOW_CFI;
}

/* The walk went all the way: to the entry, or, of C, to the stack of the goroutine that called it. */
static const char *reached(const struct stack *stack)
{
	return stack->end == END_COMPLETE	? "to the entry"
	       : stack->end == END_STACK_SWITCH ? "to the goroutine's own stack"
						: NULL;
}

/* The return addresses of one turn, each where it lies; whether all are sound. */
static bool turn_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack,
			  const struct recursion *recursion)
{
	bool sound = true;

	for (size_t i = 0; i < recursion->period; i++) {
		const struct frame *frame = &stack->frames.items[recursion->first + recursion->period + i];

		sound = sound && is_sound(diagnosis->analysis, frame);
		if (i < SLOTS && frame->slot && frame->info->func)
			evidence_word(diagnosis, finding, WEIGHT_FAIR, false, frame->slot,
				      hex_text(diagnosis->arena, frame->pc), "a return address of each turn: into %s",
				      go_func_name(frame->info));
	}
	return sound;
}

static int by_entry(const void *a, const void *b)
{
	const struct share *x = a;
	const struct share *y = b;

	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static int by_frames(const void *a, const void *b)
{
	const struct share *x = a;
	const struct share *y = b;

	return x->frames != y->frames ? (x->frames > y->frames ? -1 : 1) : by_entry(a, b);
}

/* The functions of the frames that are kept, those with the most frames first. */
static size_t shares_of(struct arena *arena, const struct stack *stack, struct share **ret)
{
	struct share *shares = arena_array(arena, stack->frames.count + 1, sizeof *shares);
	size_t count = 0;

	for (size_t i = 0; i < stack->frames.count; i++) {
		const struct frame *frame = &stack->frames.items[i];

		shares[i] = (struct share){frame, frame->info->func ? frame->info->func->entry : frame->pc, 1,
					   frame_bytes(frame)};
	}
	qsort(shares, stack->frames.count, sizeof *shares, by_entry);
	for (size_t i = 0; i < stack->frames.count; i++) {
		if (!count || shares[count - 1].entry != shares[i].entry) {
			shares[count++] = shares[i];
		} else {
			shares[count - 1].frames++;
			shares[count - 1].bytes += shares[i].bytes;
		}
	}
	qsort(shares, count, sizeof *shares, by_frames);
	*ret = shares;
	return count;
}

/* The functions that most frames are of: a recursion that takes many ways. NULL: there are none. */
static const char *dominant_functions(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack)
{
	struct share *shares;
	size_t count = shares_of(diagnosis->arena, stack, &shares);
	const char *names = NULL;

	for (size_t i = 0; i < count && i < DOMINANT; i++) {
		const char *name = shares[i].frame->info->func ? go_func_name(shares[i].frame->info) : NULL;

		if (!name || shares[i].frames < TURNS || shares[i].frames * 100 < stack->frames.count * LEAST_SHARE)
			continue;
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_FAIR, false,
			     "of the %zu frames looked at, %" PRIu64 " are of %s, and take %" PRIu64 " bytes",
			     stack->frames.count, shares[i].frames, name, shares[i].bytes);
		names = names ? arena_printf(diagnosis->arena, "%s and %s", names, name)
			      : arena_printf(diagnosis->arena, "mostly %s", name);
	}
	return names;
}

const char *recursion_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack, size_t *inner)
{
	struct recursion recursion;
	const char *cycle;
	uint64_t turns;
	bool sound;

	*inner = 0;
	if (!recursion_find(diagnosis->arena, stack, &recursion) || recursion.frames / recursion.period < TURNS ||
	    recursion.frames < stack_depth(stack) / 2)
		return dominant_functions(diagnosis, finding, stack);
	*inner = recursion.first;
	turns = recursion.frames / recursion.period;
	cycle = cycle_text(diagnosis, stack, &recursion);
	sound = turn_evidence(diagnosis, finding, stack, &recursion) && reached(stack);
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, sound ? WEIGHT_STRONG : WEIGHT_FAIR, false,
		     "%" PRIu64 " turns of %zu frame%s, %" PRIu64 " bytes each%s, take %" PRIu64 " of the %zu frames, walked %s: %s",
		     turns, recursion.period, recursion.period == 1 ? "" : "s",
		     recursion.bytes * recursion.period / recursion.frames, recursion.by_function ? " on average" : "",
		     recursion.frames, stack_depth(stack), reached(stack) ? reached(stack) : "as far as the dump allows", cycle);
	return cycle;
}
