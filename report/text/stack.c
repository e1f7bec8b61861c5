/* stack.c: stacks, with the frame that the verdict points at, and the seam where one was torn. */
#include "analyzer/unwind/recursion.h"
#include "report/escape.h"
#include "report/place.h"
#include "report/text/stack_texts.h"
#include "report/text/text.h"

#include "formats/exe/demangle.h"
#include "golang/recorded.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEAD_LINES = 40, /* of a longer stack; all of it with -v */
	TAIL_FRAMES = 8,
	REPEATS = 4,       /* frames that recur more often than this are said to */
	TURN_FRAMES = 24,  /* of those that are looked for */
	PLACE_WIDEST = 32, /* of file and line */
	POINTER = 3,       /* columns of ">> " */
};

struct printed_line {
	struct frame_line line;
	const char *pc, *function, *place, *remark;
	const char *elision; /* what is left out here; NULL: this is a frame */
};

struct printed_stack {
	VEC(struct printed_line) lines;
	unsigned margin;
	unsigned pc_width, function_width;
	int64_t torn_by;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

const char *line_place(const struct text *text, const struct frame_line *line)
{
	if (line->file)
		return arena_printf(text->arena, "%s:%" PRId32,
				    text->options->verbose ? line->file : base_name(line->file), line->line);
	return line->module ? arena_printf(text->arena, "in %s", line->module) : "";
}

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

static void measure(struct printed_stack *stack, const struct printed_line *line)
{
	unsigned pc = text_columns(line->pc);
	unsigned function = text_columns(line->function);

	stack->pc_width = pc > stack->pc_width ? pc : stack->pc_width;
	stack->function_width = function > stack->function_width ? function : stack->function_width;
}

/* A symbol of C++ or Rust as its language writes it; Go's are what they are. */
static const char *function_name(const struct text *text, const struct frame_line *line)
{
	return line->frame->info->func ? line->function : demangled(text->arena, line->function);
}

static void frame_printed(const struct text *text, const struct stack *stack, size_t index, struct printed_stack *ret)
{
	struct frame_line lines[INLINE_LIMIT];
	size_t count = frame_lines(text->analysis->image, stack, index, lines);

	for (size_t i = 0; i < count; i++) {
		struct printed_line printed = {.line = lines[i]};

		printed.pc = recorded_pc_known(lines[i].frame->pc) ? hex_text(text->arena, lines[i].frame->pc) : "";
		printed.function = lines[i].function ? escape_line(text->arena, function_name(text, &lines[i])) : "?";
		printed.place = escape_line(text->arena, line_place(text, &lines[i]));
		printed.remark = remark_text(&lines[i]);
		vec_push(text->arena, &ret->lines, printed);
		measure(ret, &printed);
	}
}

static void elide(const struct text *text, struct printed_stack *ret, size_t count, const char *what)
{
	vec_push(text->arena, &ret->lines,
		 (struct printed_line){
			 .elision = arena_printf(text->arena, "…  %s %s", count_text(text->arena, count), what)});
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

/* Prints one turn, says how many more there are, and returns the index of the first frame that is in none. */
static size_t turns_printed(const struct text *text, const struct stack *stack, size_t index, struct turns turns,
			    struct printed_stack *ret)
{
	const size_t end = index + stack_repeats(stack, index, turns.period, false);
	const char *what = turns.period == 1 ? "more of this frame"
					     : arena_printf(text->arena, "more turns of these %zu frames", turns.period);

	for (size_t i = 0; i < turns.period; i++)
		frame_printed(text, stack, index + i, ret);
	elide(text, ret, turns.count - 1, what);
	return end - (size_t)stack_distance(stack, index, end) % turns.period;
}

/* The lines to print: all of them with -v; else recursion and the middle of a long stack are left out,
 * unsymbolised. */
static void stack_lines(const struct text *text, const struct stack *stack, struct printed_stack *ret)
{
	const size_t count = stack->frames.count;
	size_t next;

	for (size_t i = 0; i < count; i = next) {
		struct turns turns = {0};

		if (!text->options->verbose)
			turns = turns_at(stack, i);
		next = i + 1;
		if (stack->elided && i == stack->elided_at)
			elide(text, ret, stack->elided, "more frames");
		if (turns.period)
			next = turns_printed(text, stack, i, turns, ret);
		else
			frame_printed(text, stack, i, ret);
		if (!text->options->verbose && ret->lines.count >= HEAD_LINES && next + TAIL_FRAMES + 1 < count) {
			elide(text, ret, (size_t)stack_distance(stack, next - 1, count - TAIL_FRAMES) - 1,
			      "more frames (-v shows them)");
			next = count - TAIL_FRAMES;
		}
	}
}

static void seam(const struct text *text, const struct printed_stack *stack)
{
	const char *size = stack->torn_by ? arena_printf(text->arena, " by %" PRId64 " bytes", stack->torn_by) : "";

	page_wrap(&text->page, arena_printf(text->arena, "%*s", (int)stack->margin, ""), 0, STYLE_RED,
		  arena_printf(text->arena,
			       "~~~~ torn here%s: Go's own traceback goes astray; below, it is repaired ~~~~", size));
}

static void print_line(const struct text *text, const struct printed_stack *stack, size_t index)
{
	const struct printed_line *line = &stack->lines.items[index];
	const struct frame *frame = line->line.frame;
	const struct frame *before = index ? stack->lines.items[index - 1].line.frame : NULL;
	const unsigned pc_start = stack->margin + POINTER;
	const unsigned function_start = pc_start + stack->pc_width + 2;
	const unsigned room = text->page.columns - function_start - PLACE_WIDEST - 2;
	const unsigned function = stack->function_width < room ? stack->function_width : room;
	const struct page_column columns[PAGE_CELLS] = {
		{pc_start, stack->pc_width}, {function_start, function}, {function_start + function + 2, PLACE_WIDEST}};
	const bool pointed = frame && !line->line.inlined && text->pointed_pc && frame->pc == text->pointed_pc &&
			     frame->sp == text->pointed_sp;
	const char *cells[PAGE_CELLS] = {line->line.inlined ? "" : line->pc, line->function};

	if (line->elision) {
		fprintf(text->page.out, "%*s%s\n", (int)pc_start, "", line->elision);
		return;
	}
	cells[2] = !*line->remark
			   ? line->place
			   : arena_printf(text->arena, "%s%s(%s)", line->place, *line->place ? "  " : "", line->remark);
	if (before && before != frame && frame->how == HOW_REPAIRED)
		seam(text, stack);
	page_row(&text->page, arena_printf(text->arena, "%*s%s", (int)stack->margin, "", pointed ? ">>" : ""), columns,
		 cells, STYLE_FAINT);
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

static int64_t torn_by(const struct text *text, const struct stack *stack)
{
	for (size_t i = 0; i < stack->frames.count; i++) {
		int64_t finding = place_finding(text->diagnosis, stack, i);

		if (finding >= 0)
			return llabs(text->diagnosis->findings.items[finding].sp_error);
	}
	return 0;
}

/* Whether the stack shows nothing of a finding: then it looks like all others with the same frames. */
static bool is_plain(const struct text *text, const struct stack *stack)
{
	for (size_t i = 0; i < stack->frames.count; i++) {
		const struct frame *frame = &stack->frames.items[i];

		if (frame->tear >= 0 || frame->damage >= 0 || frame->how == HOW_REPAIRED ||
		    (frame->pc == text->pointed_pc && frame->sp == text->pointed_sp))
			return false;
	}
	return true;
}

static void print_stack(const struct text *text, const struct stack *stack, unsigned margin)
{
	struct printed_stack printed = {.margin = margin};

	stack_lines(text, stack, &printed);
	printed.torn_by = torn_by(text, stack);
	for (size_t i = 0; i < printed.lines.count; i++)
		print_line(text, &printed, i);
	if (stack->end != END_COMPLETE)
		page_wrap(&text->page, arena_printf(text->arena, "%*s", (int)(margin + POINTER), ""), 0, STYLE_YELLOW,
			  stack->end_address ? arena_printf(text->arena, "(%s, at 0x%" PRIx64 ")", ends[stack->end],
							    stack->end_address)
					     : arena_printf(text->arena, "(%s)", ends[stack->end]));
}

void text_stack(const struct text *text, const struct stack *stack, unsigned margin)
{
	if (text->stack_texts && is_plain(text, stack))
		stack_text_print(text, stack, margin, print_stack);
	else
		print_stack(text, stack, margin);
}

/* "waiting: chan receive", "runnable, being scanned" */
const char *goroutine_state(const struct text *text, const struct goroutine *g)
{
	const char *reason = g->status == G_WAITING ? goroutine_wait_reason(text->analysis->runtime, g) : NULL;

	return arena_printf(text->arena, "%s%s%s%s", goroutine_status_name(g), reason ? ": " : "", reason ? reason : "",
			    g->scan ? ", stack claimed by a walker" : "");
}

/* Goroutine 1 is made by start-up code, which the runtime does not print either (runtime/traceback.go). */
const char *goroutine_creator(const struct text *text, const struct goroutine *g)
{
	const struct pc_info *info = g->gopc && g->id != 1 ? go_pc(text->analysis->runtime, g->gopc, false) : NULL;

	if (!info || !info->func)
		return NULL;
	return g->parent_id ? arena_printf(text->arena, "%s (goroutine %" PRIu64 ")", go_func_name(info), g->parent_id)
			    : go_func_name(info);
}

const char *goroutine_traits(const struct text *text, size_t index)
{
	const struct goroutine *g = &text->analysis->runtime->goroutines.items[index];
	int32_t thread = text->analysis->goroutine_thread[index];
	const char *traits = "";
	int64_t waited;

	if (goroutine_waited(text->analysis->runtime, g, &waited) && waited >= NANOTIME_SECOND)
		traits = arena_printf(text->arena, ", for at least %s", duration_text(text->arena, waited));
	if (thread >= 0)
		traits = arena_printf(text->arena, "%s, %s", traits, thread_text(text->analysis, thread));
	return g->locked ? arena_printf(text->arena, "%s, locked to its thread", traits) : traits;
}

static void heading(const struct text *text, const char *line)
{
	fputc('\n', text->page.out);
	page_wrap(&text->page, "", 2, STYLE_BOLD, line);
}

static bool has_repair(const struct stack *stack)
{
	for (size_t i = 0; i < stack->frames.count; i++)
		if (stack->frames.items[i].how == HOW_REPAIRED)
			return true;
	return false;
}

void text_goroutine(const struct text *text, size_t index, struct stack *stack)
{
	const struct goroutine *g = &text->analysis->runtime->goroutines.items[index];
	const char *creator = goroutine_creator(text, g);

	goroutine_stack(text->analysis, index, stack);
	heading(text, arena_printf(text->arena, "Stack of goroutine %" PRIu64 "%s  (%s%s)", g->id,
				   has_repair(stack) ? ", repaired" : "", goroutine_state(text, g),
				   goroutine_traits(text, index)));
	text_stack(text, stack, 2);
	if (creator)
		page_wrap(&text->page, "     created by ", 7, STYLE_FAINT, creator);
}

void text_thread(const struct text *text, size_t index, struct stack *stack)
{
	const struct thread *thread = &text->analysis->image->threads.items[index];
	int32_t goroutine = text->analysis->thread_goroutine[index];

	thread_stack(text->analysis, index, stack);
	heading(text,
		arena_printf(text->arena, "Stack of %s%s%s%s", thread_text(text->analysis, (int32_t)index), thread->name ? " " : "",
			     thread->name ? thread->name : "",
			     goroutine < 0 ? ""
					   : arena_printf(text->arena, ", which runs goroutine %" PRIu64,
							  text->analysis->runtime->goroutines.items[goroutine].id)));
	text_stack(text, stack, 2);
}

/* Frames of C are on the thread's own stack only. */
static bool is_in_c(const struct text *text, size_t thread, struct stack *stack)
{
	thread_stack(text->analysis, thread, stack);
	for (size_t i = 0; i < stack->frames.count; i++)
		if (!stack->frames.items[i].info->func)
			return true;
	return false;
}

void text_stacks(const struct text *text)
{
	const struct finding *finding = text->finding;
	struct stack stack = {0};
	int32_t thread = finding ? finding->thread : text->analysis->dying_thread;
	int32_t goroutine = finding ? finding->goroutine : thread >= 0 ? text->analysis->thread_goroutine[thread] : -1;
	bool own = thread >= 0 && goroutine >= 0 && text->analysis->thread_goroutine[thread] == goroutine;

	if (goroutine >= 0)
		text_goroutine(text, (size_t)goroutine, &stack);
	/* The thread's own stack says more only where no goroutine tells it: a walker, a thread in C, an unknown
	 * end. */
	if (thread >= 0 && (!own || !finding || is_in_c(text, (size_t)thread, &stack)))
		text_thread(text, (size_t)thread, &stack);
}
