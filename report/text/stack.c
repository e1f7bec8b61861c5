/* stack.c: stacks, with the frame that the verdict points at, and the seam where one was torn. */
#include "report/content/frames.h"
#include "report/content/goroutines.h"
#include "report/escape.h"
#include "report/text/stack_texts.h"
#include "report/text/text.h"

#include <inttypes.h>

enum {
	PLACE_WIDEST = 32, /* of file and line */
	POINTER = 3,       /* columns of ">> " */
};

/* Where the columns of a stack begin. */
struct stack_columns {
	unsigned margin, pc_width, function_width;
};

static unsigned wider(unsigned width, const char *text)
{
	const unsigned columns = text_columns(text);

	return columns > width ? columns : width;
}

static void measure(const struct text *text, struct stack_listing *listing, struct stack_columns *ret)
{
	for (size_t i = 0; i < listing->lines.count; i++) {
		struct listed_line *line = &listing->lines.items[i];

		if (line->elision)
			continue;
		line->function = escape_line(text->arena, line->function);
		line->place = escape_line(text->arena, line->place);
		ret->pc_width = wider(ret->pc_width, line->pc);
		ret->function_width = wider(ret->function_width, line->function);
	}
}

static void print_line(const struct text *text, const struct listed_line *line, const struct stack_columns *widths)
{
	const unsigned pc_start = widths->margin + POINTER;
	const unsigned function_start = pc_start + widths->pc_width + 2;
	const unsigned room = text->page.columns - function_start - PLACE_WIDEST - 2;
	const unsigned function = widths->function_width < room ? widths->function_width : room;
	const struct page_column columns[PAGE_CELLS] = {
		{pc_start, widths->pc_width}, {function_start, function}, {function_start + function + 2, PLACE_WIDEST}};
	const bool pointed = !line->line.inlined && frame_is_pointed(&text->pointed, line->line.frame);
	const char *cells[PAGE_CELLS] = {line->pc, line->function, line->place};

	if (*line->remark)
		cells[2] = arena_printf(text->arena, "%s%s(%s)", line->place, *line->place ? "  " : "", line->remark);
	page_row(&text->page, arena_printf(text->arena, "%*s%s", (int)widths->margin, "", pointed ? ">>" : ""), columns,
		 cells, STYLE_FAINT);
}

/* Whether the stack shows nothing of a finding: then it looks like all others with the same frames. */
static bool is_plain(const struct text *text, const struct stack *stack)
{
	for (size_t i = 0; i < stack->frames.count; i++) {
		const struct frame *frame = &stack->frames.items[i];

		if (frame->tear >= 0 || frame->damage >= 0 || frame->how == HOW_REPAIRED || frame_is_pointed(&text->pointed, frame))
			return false;
	}
	return true;
}

static void print_end(const struct text *text, const struct stack_listing *listing, unsigned margin)
{
	page_wrap(&text->page, arena_printf(text->arena, "%*s", (int)(margin + POINTER), ""), 0, STYLE_YELLOW,
		  listing->end_address ? arena_printf(text->arena, "(%s, at 0x%" PRIx64 ")", listing->end, listing->end_address)
				       : arena_printf(text->arena, "(%s)", listing->end));
}

static void print_stack(const struct text *text, const struct stack *stack, unsigned margin)
{
	struct stack_columns widths = {.margin = margin};
	struct stack_listing listing;

	stack_list(text->arena, text->diagnosis, stack, text->options->verbose, &listing);
	measure(text, &listing, &widths);
	for (size_t i = 0; i < listing.lines.count; i++) {
		const struct listed_line *line = &listing.lines.items[i];

		if (line->elision) {
			fprintf(text->page.out, "%*s%s\n", (int)(margin + POINTER), "", line->elision);
			continue;
		}
		if (line->seam)
			page_wrap(&text->page, arena_printf(text->arena, "%*s", (int)margin, ""), 0, STYLE_RED,
				  arena_printf(text->arena, "~~~~ %s ~~~~", seam_text(text->arena, &listing)));
		print_line(text, line, &widths);
	}
	if (listing.end)
		print_end(text, &listing, margin);
}

void text_stack(const struct text *text, const struct stack *stack, unsigned margin)
{
	if (text->stack_texts && is_plain(text, stack))
		stack_text_print(text, stack, margin, print_stack);
	else
		print_stack(text, stack, margin);
}

static void heading(const struct text *text, const char *line)
{
	fputc('\n', text->page.out);
	page_wrap(&text->page, "", 2, STYLE_BOLD, line);
}

void text_goroutine(const struct text *text, size_t index, struct stack *stack)
{
	const char *creator = goroutine_creator(text->arena, text->analysis->runtime, &text->analysis->runtime->goroutines.items[index]);

	goroutine_stack(text->analysis, index, stack);
	heading(text, goroutine_heading(text->arena, text->analysis, index, stack));
	text_stack(text, stack, 2);
	if (creator)
		page_wrap(&text->page, "     created by ", 7, STYLE_FAINT, creator);
}

void text_thread(const struct text *text, size_t index, struct stack *stack)
{
	thread_stack(text->analysis, index, stack);
	heading(text, thread_heading(text->arena, text->analysis, index));
	text_stack(text, stack, 2);
}

void text_stacks(const struct text *text)
{
	const struct verdict_stacks stacks = verdict_stacks(text->diagnosis);
	struct stack stack = {0};

	if (stacks.goroutine >= 0)
		text_goroutine(text, (size_t)stacks.goroutine, &stack);
	if (stacks.thread >= 0)
		text_thread(text, (size_t)stacks.thread, &stack);
}
