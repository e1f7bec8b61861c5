/* goroutines.c: goroutines by the thousand: groups of equal stacks, those of the program first, or every one. */
#include "report/content/goroutines.h"
#include "report/text/text.h"

enum {
	GROUPS_SHOWN = 12,
	COUNT_WIDTH = 9,
	STATE_WIDEST = 32,
	IDS_WIDTH = 26,
	GAP = 2
};

static void group_row(const struct text *text, const struct selected_group *group, struct stack *stack)
{
	const struct goroutine *g = &text->analysis->runtime->goroutines.items[*group->members];
	const unsigned place = COUNT_WIDTH + STATE_WIDEST + GAP;
	const unsigned ids = text->page.columns - IDS_WIDTH;
	const struct page_column columns[PAGE_CELLS] = {
		{COUNT_WIDTH, STATE_WIDEST}, {place, ids - place - GAP}, {ids, IDS_WIDTH}};
	const char *cells[PAGE_CELLS] = {goroutine_state(text->arena, text->analysis->runtime, g)};

	goroutine_stack(text->analysis, *group->members, stack);
	cells[1] = group_place(text->arena, text->analysis, stack, text->options->verbose);
	cells[2] = group_ids(text->arena, text->analysis->runtime, group);
	page_row(&text->page, arena_printf(text->arena, "  %5s", count_text(text->arena, group->count)), columns, cells,
		 STYLE_PLAIN);
}

static void print_groups(const struct text *text)
{
	struct go_runtime *runtime = text->analysis->runtime;
	struct stack stack = {0};
	size_t shown = 0;
	size_t rest_groups = 0;
	size_t rest = 0;
	size_t system = 0;

	for (size_t i = 0; i < text->selection->group_count; i++) {
		const struct selected_group *group = &text->selection->groups[i];

		if (goroutine_is_system(runtime, &runtime->goroutines.items[*group->members])) {
			system += group->count;
		} else if (shown < GROUPS_SHOWN) {
			shown++;
			group_row(text, group, &stack);
		} else {
			rest_groups++;
			rest += group->count;
		}
	}
	if (rest)
		page_wrap(&text->page, arena_printf(text->arena, "  %5s  ", count_text(text->arena, rest)), 0,
			  STYLE_PLAIN,
			  arena_printf(text->arena,
				       "more in %s smaller group%s: -v shows every group, --goroutines=all every "
				       "goroutine",
				       count_text(text->arena, rest_groups), rest_groups == 1 ? "" : "s"));
	if (system)
		page_wrap(&text->page, arena_printf(text->arena, "  %5s  ", count_text(text->arena, system)), 0,
			  STYLE_PLAIN, "of the Go runtime itself (garbage collector, finalizers, …)");
}

void text_goroutines(const struct text *text)
{
	const struct go_runtime *runtime = text->analysis->runtime;
	const size_t groups = text->selection->group_count;

	if (!runtime->goroutines.count || text->options->goroutines == REPORT_GOROUTINES_FINDINGS)
		return;
	page_heading(&text->page, arena_printf(text->arena, "Goroutines: %s, in %s group%s of equal stacks%s",
					       count_text(text->arena, runtime->goroutines.count),
					       count_text(text->arena, groups), groups == 1 ? "" : "s",
					       runtime->goroutines_incomplete ? " (the list is incomplete)" : ""));
	if (text->options->verbose)
		text_each_group(text);
	else
		print_groups(text);
	if (text->options->goroutines == REPORT_GOROUTINES_ALL)
		text_each_goroutine(text);
}

void text_threads(const struct text *text)
{
	struct stack stack = {0};

	if (text->options->verbose)
		for (size_t i = 0; i < text->analysis->image->threads.count; i++)
			text_thread(text, i, &stack);
}
