/* selection.c: the goroutines that were asked for: how many do what, who created them, and their stacks, one for
 * each group of equal ones. There may be a million: what is printed of a group is forgotten after it. */
#include "report/content/goroutines.h"
#include "report/content/lines.h"
#include "report/scratch.h"
#include "report/text/stack_texts.h"
#include "report/text/text.h"

#include "golang/wait_reasons.h"

#include <inttypes.h>
#include <string.h>

enum { IDS_SHOWN = 8, THREADS_SHOWN = 4, CREATORS_SHOWN = 12, MARGIN = 11, ID_SIZE = 24 };

static const char *margin(const struct text *text)
{
	return arena_printf(text->arena, "%*s", MARGIN, "");
}

static const char *count_column(const struct text *text, size_t count)
{
	return arena_printf(text->arena, "%*s  ", MARGIN - 2, count_text(text->arena, count));
}

/* ": 12 chan receive, 3 running": the runtime's words for what goroutines do. */
static const char *states_text(const struct text *text)
{
	const struct state_count *states;
	size_t count = selection_states(text->diagnosis, text->selection, &states);
	const char *list = "";

	for (size_t i = 0; i < count; i++) {
		const struct goroutine g = {.status = states[i].status, .wait_reason = states[i].wait_reason};
		const char *reason = goroutine_wait_reason(text->analysis->runtime, &g);

		list = arena_printf(text->arena, "%s%s%s %s%s", list, i ? ", " : ": ",
				    count_text(text->arena, states[i].count),
				    reason ? reason : goroutine_status_name(&g),
				    reason && g.status == G_LEAKED ? " (leaked)" : "");
	}
	return list;
}

static const char *summary_text(const struct text *text)
{
	const struct go_runtime *runtime = text->analysis->runtime;
	const size_t groups = text->selection->group_count;
	const size_t count = text->selection->count;
	const char *total = count_text(text->arena, runtime->goroutines.count);

	if (!runtime->goroutines.count)
		return "No goroutines were found.";
	if (!count)
		return arena_printf(text->arena, "None of %s goroutines matches.", total);
	if (count < runtime->goroutines.count)
		total = arena_printf(text->arena, "%s of %s goroutines match%s", count_text(text->arena, count), total,
				     count == 1 ? "es" : "");
	else
		total = arena_printf(text->arena, "%s goroutine%s", total, count == 1 ? "" : "s");
	return arena_printf(text->arena, "%s, in %s group%s of equal stacks%s.", total,
			    count_text(text->arena, groups), groups == 1 ? "" : "s", states_text(text));
}

/* Where a go statement stands, and in how many goroutines it was executed. */
static const char *creator_text(const struct text *text, const struct creator_count *creator)
{
	struct frame_line line;
	const char *place;

	if (!creator_line(text->analysis->runtime, creator->gopc, &line))
		return arena_printf(text->arena, "pc 0x%" PRIx64, creator->gopc);
	place = line_place(text->arena, &line, text->options->verbose);
	place = arena_printf(text->arena, "%s%s%s", line.function, *place ? " " : "", place);
	if (creator->parents > 1)
		return arena_printf(text->arena, "%s in %s goroutines", place,
				    count_text(text->arena, creator->parents));
	return creator->parents ? arena_printf(text->arena, "%s in goroutine %" PRIu64, place, creator->parent) : place;
}

static void print_creators(const struct text *text)
{
	const struct creator_count *creators;
	const size_t count = selection_creators(text->diagnosis, text->selection, &creators);
	const size_t shown = text->options->verbose || count <= CREATORS_SHOWN ? count : CREATORS_SHOWN;
	size_t rest = 0;

	if (count)
		page_heading(&text->page, "Created by");
	for (size_t i = 0; i < shown; i++)
		page_wrap(&text->page, count_column(text, creators[i].count), 0, STYLE_PLAIN,
			  creator_text(text, &creators[i]));
	for (size_t i = shown; i < count; i++)
		rest += creators[i].count;
	if (rest)
		page_wrap(&text->page, count_column(text, rest), 0, STYLE_PLAIN,
			  arena_printf(text->arena, "by %s others: -v shows all",
				       count_text(text->arena, count - shown)));
}

/* "goroutines 4, 5, 9, …": the first few, or all. */
static const char *members_text(const struct text *text, const struct selected_group *group)
{
	const size_t shown = text->options->verbose || group->count <= IDS_SHOWN ? group->count : IDS_SHOWN;
	char *list = arena_alloc(text->arena, (shown + 1) * ID_SIZE);
	size_t at = (size_t)snprintf(list, ID_SIZE, "goroutine%s", group->count == 1 ? "" : "s");

	for (size_t i = 0; i < shown; i++)
		at += (size_t)snprintf(list + at, ID_SIZE, "%s %" PRIu64, i ? "," : "",
				       text->analysis->runtime->goroutines.items[group->members[i]].id);
	return shown < group->count ? arena_printf(text->arena, "%s, …", list) : list;
}

static const char *waiting_text(const struct text *text, const struct selected_group *group)
{
	const char *least = duration_text(text->arena, group->least);
	const char *most = duration_text(text->arena, group->most);
	const char *range;

	if (group->most < NANOTIME_SECOND)
		return "";
	range = strcmp(least, most) ? arena_printf(text->arena, "%s to %s", least, most) : most;
	if (group->timed == group->count)
		return arena_printf(text->arena, ", for at least %s", range);
	return arena_printf(text->arena, ", %s of them for at least %s", count_text(text->arena, group->timed), range);
}

static const char *threads_text(const struct text *text, const struct selected_group *group)
{
	const char *list = "";
	size_t count = 0;

	for (size_t i = 0; i < group->count && count <= THREADS_SHOWN; i++) {
		int32_t thread = text->analysis->goroutine_thread[group->members[i]];

		if (thread < 0)
			continue;
		if (count++ == THREADS_SHOWN)
			return arena_printf(text->arena, "%s, …", list);
		list = arena_printf(text->arena, "%s, %s", list, thread_text(text->analysis, thread));
	}
	return list;
}

static const char *locked_text(const struct text *text, const struct selected_group *group)
{
	if (!group->locked)
		return "";
	if (group->locked < group->count)
		return arena_printf(text->arena, ", %s of them locked to their threads",
				    count_text(text->arena, group->locked));
	return group->count == 1 ? ", locked to its thread" : ", locked to their threads";
}

static void print_group(const struct text *text, const struct selected_group *group, struct stack *stack)
{
	const struct goroutine *g = &text->analysis->runtime->goroutines.items[*group->members];
	const struct creator_count creator = group_creator(text->analysis->runtime, text->arena, group);

	fputc('\n', text->page.out);
	page_wrap(&text->page, count_column(text, group->count), 0, STYLE_BOLD,
		  arena_printf(text->arena, "%s%s%s%s", goroutine_state(text->arena, text->analysis->runtime, g), waiting_text(text, group),
			       threads_text(text, group), locked_text(text, group)));
	page_wrap(&text->page, margin(text), 0, STYLE_PLAIN, members_text(text, group));
	goroutine_stack(text->analysis, *group->members, stack);
	text_stack(text, stack, MARGIN - 3);
	if (creator.gopc)
		page_wrap(&text->page, margin(text), MARGIN + 2, STYLE_FAINT,
			  arena_printf(text->arena, "created by %s", creator_text(text, &creator)));
}

struct listing {
	const struct text *text;
	struct stack stack;
};

/* Nobody waits for the rest. */
static bool is_over(const struct text *text)
{
	return ferror(text->page.out) || cancelled(&text->options->cancel);
}

static bool list_group(void *context, struct arena *scratch, size_t index)
{
	struct listing *listing = context;
	struct text text = *listing->text;

	progress_step(text.analysis->image->progress, PROGRESS_WRITING, index, text.selection->group_count);
	text.arena = text.page.arena = scratch;
	print_group(&text, &text.selection->groups[index], &listing->stack);
	return !is_over(&text);
}

static bool list_goroutine(void *context, struct arena *scratch, size_t index)
{
	struct listing *listing = context;
	struct text text = *listing->text;

	progress_step(text.analysis->image->progress, PROGRESS_WRITING, index, text.analysis->runtime->goroutines.count);
	if (!text.selection->chosen[index])
		return true;
	fetch_ahead(text.analysis, index);
	text.arena = text.page.arena = scratch;
	text_goroutine(&text, index, &listing->stack);
	return !is_over(&text);
}

void text_each_group(const struct text *text)
{
	struct listing listing = {.text = text};

	scratch_each(text->arena, text->selection->group_count, list_group, &listing);
}

void text_each_goroutine(const struct text *text)
{
	struct text keeping = *text;
	struct listing listing = {.text = &keeping};

	keeping.stack_texts = stack_texts_new(text->arena);
	scratch_each(text->arena, text->analysis->runtime->goroutines.count, list_goroutine, &listing);
}

/* What the longest waits mean, and whom they leave out. */
static void print_untimed(const struct text *text)
{
	const size_t untimed = text->selection->untimed;

	if (text->options->filter->waiting_over)
		page_wrap(&text->page, "", 2, STYLE_FAINT,
			  arena_printf(text->arena,
				       "Waiting times run from the first garbage collection that found a goroutine "
				       "blocked to the newest time in the dump. %s more %s blocked for an unknown "
				       "time.",
				       count_text(text->arena, untimed), untimed == 1 ? "is" : "are"));
}

void text_selection(const struct text *text)
{
	struct page page = text->page;

	if (text->options->quiet)
		page.columns = 1u << 20; /* one line, however long */
	page_wrap(&page, "", 2, STYLE_BOLD, summary_text(text));
	if (text->options->quiet)
		return;
	text_dump(text);
	print_untimed(text);
	print_creators(text);
	if (text->options->goroutines == REPORT_GOROUTINES_ALL)
		text_each_goroutine(text);
	else
		text_each_group(text);
	text_notes(text);
}
