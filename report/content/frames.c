/* frames.c: see frames.h. */
#include "report/content/frames.h"

#include "analyzer/unwind/recursion.h"
#include "base/count.h"
#include "report/content/goroutines.h"
#include "report/content/lines.h"
#include "report/content/summary.h"
#include "report/place.h"

#include "golang/recorded.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEAD_LINES = 40, /* of a longer stack; all of it if verbose */
	TAIL_FRAMES = 8,
	REPEATS = 4,       /* frames that recur more often than this are said to */
	TURN_FRAMES = 24,  /* of those that are looked for */
};

/* A stack on its way into a list. */
struct lister {
	struct arena *arena;
	const struct diagnosis *diagnosis;
	const struct stack *stack;
	bool verbose;
	struct stack_listing *listing;
};

/* What a reader should know before trusting a frame. */
static const char *remark_text(const struct frame_line *line)
{
	if (line->inlined)
		return "inlined";
	switch (line->frame->how) {
	case HOW_FRAME_POINTER:
		return "by frame pointer";
	case HOW_SCAN:
		return "a guess, by scanning";
	default:
		return "";
	}
}

static void frame_list(const struct lister *lister, size_t index)
{
	struct frame_line lines[INLINE_LIMIT];
	const size_t count = frame_lines(lister->diagnosis->analysis->image, lister->stack, index, lines);
	struct stack_listing *ret = lister->listing;

	for (size_t i = 0; i < count; i++) {
		const struct frame *frame = lines[i].frame;
		const struct frame *before = ret->lines.count ? ret->lines.items[ret->lines.count - 1].line.frame : NULL;
		struct listed_line line = {.line = lines[i]};

		line.pc = lines[i].inlined || !recorded_pc_known(frame->pc) ? "" : hex_text(lister->arena, frame->pc);
		line.function = line_function(lister->arena, &lines[i]);
		line.place = line_place(lister->arena, &lines[i], lister->verbose);
		line.remark = remark_text(&lines[i]);
		line.seam = before && before != frame && frame->how == HOW_REPAIRED;
		vec_push(lister->arena, &ret->lines, line);
	}
}

static void elide(const struct lister *lister, size_t count, const char *what)
{
	vec_push(lister->arena, &lister->listing->lines,
		 (struct listed_line){
			 .elision = arena_printf(lister->arena, "…  %s %s", count_text(lister->arena, count), what)});
}

/* The frames at an index that recur: how many at a time, and how often. */
struct turns {
	size_t period, count;
};

/* Recursion at an index: the fewest frames that recur, if they do so more than REPEATS times. */
static struct turns turns_at(const struct stack *stack, size_t index)
{
	for (size_t period = 1; period <= TURN_FRAMES && index + period < stack->frames.count; period++) {
		size_t kept = stack_repeats(stack, index, period, false);
		size_t count = (size_t)stack_distance(stack, index, index + kept) / period;

		if (count > REPEATS)
			return (struct turns){period, count};
	}
	return (struct turns){0};
}

/* Lists one turn, says how many more there are, and returns the index of the first frame that is in none. */
static size_t turns_list(const struct lister *lister, size_t index, struct turns turns)
{
	const struct stack *stack = lister->stack;
	const size_t end = index + stack_repeats(stack, index, turns.period, false);
	const char *what = turns.period == 1 ? "more of this frame"
					     : arena_printf(lister->arena, "more turns of these %zu frames", turns.period);

	for (size_t i = 0; i < turns.period; i++)
		frame_list(lister, index + i);
	elide(lister, turns.count - 1, what);
	return end - (size_t)stack_distance(stack, index, end) % turns.period;
}

/* The lines to show: all of them if verbose; else recursion and the middle of a long stack are left out, unsymbolised. */
static void list_lines(const struct lister *lister)
{
	const struct stack *stack = lister->stack;
	const size_t count = stack->frames.count;
	size_t next;

	for (size_t i = 0; i < count; i = next) {
		struct turns turns = {0};

		if (!lister->verbose)
			turns = turns_at(stack, i);
		next = i + 1;
		if (stack->elided && i == stack->elided_at)
			elide(lister, stack->elided, "more frames");
		if (turns.period)
			next = turns_list(lister, i, turns);
		else
			frame_list(lister, i);
		if (!lister->verbose && lister->listing->lines.count >= HEAD_LINES && next + TAIL_FRAMES + 1 < count) {
			elide(lister, (size_t)stack_distance(stack, next - 1, count - TAIL_FRAMES) - 1, "more frames (-v shows them)");
			next = count - TAIL_FRAMES;
		}
	}
}

static const char *const ends[] = {
	[END_DAMAGED] = "the stack is damaged: no return address where one must be",
	[END_NOT_SAVED] = "the dump does not hold the rest of this stack",
	[END_UNMAPPED] = "the walk left mapped memory",
	[END_NO_TABLE] = "this code has no tables to walk it with",
	[END_LIMIT] = "the walk was stopped: too many frames",
	[END_STACK_SWITCH] = "from here on: the stack of its goroutine",
	[END_UNKNOWN_CONTEXT] = "where this stack stopped is not in the dump",
};

static int64_t torn_by(const struct diagnosis *diagnosis, const struct stack *stack)
{
	for (size_t i = 0; i < stack->frames.count; i++) {
		int64_t finding = place_finding(diagnosis, stack, i);

		if (finding >= 0)
			return llabs(diagnosis->findings.items[finding].sp_error);
	}
	return 0;
}

void stack_list(struct arena *arena, const struct diagnosis *diagnosis, const struct stack *stack, bool verbose, struct stack_listing *ret)
{
	const struct lister lister = {arena, diagnosis, stack, verbose, ret};

	*ret = (struct stack_listing){.torn_by = torn_by(diagnosis, stack)};
	list_lines(&lister);
	if (stack->end == END_COMPLETE)
		return;
	ret->end = ends[stack->end];
	ret->end_address = stack->end_address;
}

const char *seam_text(struct arena *arena, const struct stack_listing *listing)
{
	const char *size = listing->torn_by ? arena_printf(arena, " by %" PRId64 " bytes", listing->torn_by) : "";

	return arena_printf(arena, "torn here%s: Go's own traceback goes astray; below, it is repaired", size);
}

struct pointed_frame verdict_frame(const struct diagnosis *diagnosis)
{
	const struct finding *finding = verdict_finding(diagnosis);
	struct stack stack;
	size_t frame;

	if (!finding)
		return (struct pointed_frame){0};
	frame = place_stack(diagnosis, finding, &stack);
	if (finding->frame < 0 || frame >= stack.frames.count)
		return (struct pointed_frame){0};
	return (struct pointed_frame){stack.frames.items[frame].pc, stack.frames.items[frame].sp};
}

bool frame_is_pointed(const struct pointed_frame *pointed, const struct frame *frame)
{
	return pointed->pc && frame->pc == pointed->pc && frame->sp == pointed->sp;
}

const char *verdict_place(struct arena *arena, const struct diagnosis *diagnosis)
{
	const struct finding *finding = verdict_finding(diagnosis);
	struct frame_line lines[INLINE_LIMIT];
	struct stack stack;
	const char *place;
	size_t frame;

	if (!finding)
		return NULL;
	frame = place_stack(diagnosis, finding, &stack);
	if (finding->frame < 0 || frame >= stack.frames.count)
		return finding->function;
	frame_lines(diagnosis->analysis->image, &stack, frame, lines);
	place = line_place(arena, &lines[0], false);
	return *place ? arena_printf(arena, "%s %s", line_function(arena, &lines[0]), place) : line_function(arena, &lines[0]);
}

static bool has_repair(const struct stack *stack)
{
	for (size_t i = 0; i < stack->frames.count; i++)
		if (stack->frames.items[i].how == HOW_REPAIRED)
			return true;
	return false;
}

const char *goroutine_heading(struct arena *arena, const struct analysis *analysis, size_t index, const struct stack *stack)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[index];

	return arena_printf(arena, "Stack of goroutine %" PRIu64 "%s  (%s%s)", g->id, has_repair(stack) ? ", repaired" : "",
			    goroutine_state(arena, analysis->runtime, g), goroutine_traits(arena, analysis, index));
}

const char *thread_heading(struct arena *arena, const struct analysis *analysis, size_t index)
{
	const struct thread *thread = &analysis->image->threads.items[index];
	const int32_t goroutine = analysis->thread_goroutine[index];

	return arena_printf(arena, "Stack of %s%s%s%s", thread_text(analysis, (int32_t)index), thread->name ? " " : "",
			    thread->name ? thread->name : "",
			    goroutine < 0 ? ""
					  : arena_printf(arena, ", which runs goroutine %" PRIu64,
							 analysis->runtime->goroutines.items[goroutine].id));
}

/* Frames of C are on the thread's own stack only. */
static bool is_in_c(struct analysis *analysis, size_t thread)
{
	struct stack stack = {0};

	thread_stack(analysis, thread, &stack);
	for (size_t i = 0; i < stack.frames.count; i++)
		if (!stack.frames.items[i].info->func)
			return true;
	return false;
}

struct verdict_stacks verdict_stacks(const struct diagnosis *diagnosis)
{
	const struct finding *finding = verdict_finding(diagnosis);
	struct analysis *analysis = diagnosis->analysis;
	int32_t thread = finding ? finding->thread : analysis->dying_thread;
	int32_t goroutine = finding ? finding->goroutine : thread >= 0 ? analysis->thread_goroutine[thread] : -1;
	bool own = thread >= 0 && goroutine >= 0 && analysis->thread_goroutine[thread] == goroutine;

	/* The thread's own stack says more only where no goroutine tells it: a walker, a thread in C, an unknown end. */
	if (thread >= 0 && own && finding && !is_in_c(analysis, (size_t)thread))
		thread = -1;
	return (struct verdict_stacks){goroutine, thread};
}
