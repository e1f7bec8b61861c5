/* crowds.c: see crowds.h. */
#include "heuristics/ends/crowds.h"

#include "base/prefix.h"
#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>
#include <string.h>

enum { RUNNING_SHOWN = 2, SHOWN = 3, TRIES = 24 };

/* The largest groups, in order; of equal ones those that come first. Groups are tried by size until enough are the
 * program's own. */
static bool next_largest(const uint64_t *counts, size_t groups, const struct crowd *last, struct crowd *ret)
{
	struct crowd best = {0};

	for (size_t i = 0; i < groups; i++) {
		const bool behind = counts[i] < last->count || (counts[i] == last->count && i > last->group);

		if (behind && counts[i] > best.count)
			best = (struct crowd){.group = i, .count = counts[i]};
	}
	*ret = best;
	return best.count != 0;
}

/* Packages whose functions only wait for somebody: their caller says more. */
static const char *const waiters[] = {"syscall.", "time.", "internal/", "os.", "io.", "net."};

static bool is_waiter(const char *name)
{
	return prefix_of(name, waiters, sizeof waiters / sizeof *waiters) != NULL;
}

/* The innermost frame that is the program's own; where there is none, of any package but the runtime. */
static size_t telling_frame(const struct stack *stack)
{
	const size_t first = first_program_frame(stack, 0);
	size_t frame = first;

	while (frame != SIZE_MAX && is_waiter(go_func_name(stack->frames.items[frame].info)))
		frame = first_program_frame(stack, frame + 1);
	return frame == SIZE_MAX ? first : frame;
}

static const char *crowd_text(const struct diagnosis *diagnosis, const struct crowd *crowd)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct go_runtime *runtime = analysis->runtime;
	const size_t first = analysis->groups.items[crowd->group].first;
	const struct goroutine *g = &runtime->goroutines.items[first];
	const char *reason = g->status == G_WAITING ? goroutine_wait_reason(runtime, g) : NULL;
	struct stack stack = {0};
	size_t frame;

	goroutine_stack(analysis, first, &stack);
	frame = telling_frame(&stack);
	if (frame == SIZE_MAX)
		return NULL;
	return arena_printf(diagnosis->arena, "%zu goroutine%s: %s, in %s", crowd->count, crowd->count == 1 ? "" : "s",
			    reason ? reason : goroutine_status_name(g), go_func_name(stack.frames.items[frame].info));
}

/* Adds the largest of some groups to a text, until it shows `limit` in all. */
static const char *add_largest(const struct diagnosis *diagnosis, const uint64_t *counts, const char *text, int *shown, int limit)
{
	struct crowd crowd = {.count = SIZE_MAX};

	for (int tries = 0; *shown < limit && tries < TRIES; tries++) {
		const char *one;

		if (!next_largest(counts, diagnosis->analysis->groups.count, &crowd, &crowd))
			break;
		one = crowd_text(diagnosis, &crowd);
		if (!one)
			continue;
		text = text ? arena_printf(diagnosis->arena, "%s; %s", text, one) : one;
		++*shown;
	}
	return text;
}

/* Those that run, or only wait for their turn, come first, however few: a loop that does not end is one goroutine. */
const char *crowds_text(const struct diagnosis *diagnosis)
{
	const struct analysis *analysis = diagnosis->analysis;
	uint64_t *running = arena_array(diagnosis->arena, analysis->groups.count + 1, sizeof *running);
	uint64_t *others = arena_array(diagnosis->arena, analysis->groups.count + 1, sizeof *others);
	const char *text;
	int shown = 0;

	for (size_t i = 0; i < analysis->groups.count; i++) {
		const struct goroutine_group *group = &analysis->groups.items[i];
		const enum g_status status = analysis->runtime->goroutines.items[group->first].status;
		const bool runs = status == G_RUNNING || status == G_RUNNABLE || status == G_PREEMPTED;

		(runs ? running : others)[i] = group->count;
	}
	text = add_largest(diagnosis, running, NULL, &shown, RUNNING_SHOWN);
	return add_largest(diagnosis, others, text, &shown, shown + SHOWN);
}

/* Of that frame: the innermost function that says more, be it inlined. */
static const char *telling_function(struct analysis *analysis, const struct stack *stack, size_t frame)
{
	struct frame_line lines[INLINE_LIMIT];
	size_t count = frame_lines(analysis->image, stack, frame, lines);

	for (size_t i = 0; i < count; i++)
		if (lines[i].function && !is_waiter(lines[i].function) && strncmp(lines[i].function, "runtime.", 8) != 0)
			return lines[i].function;
	return go_func_name(stack->frames.items[frame].info);
}

const char *creator_text(const struct diagnosis *diagnosis, size_t goroutine)
{
	struct go_runtime *runtime = diagnosis->analysis->runtime;
	const struct goroutine *g = &runtime->goroutines.items[goroutine];
	const char *slash;
	struct frame_line line;

	if (g->id == 1 || !g->gopc || !creator_line(runtime, g->gopc, &line) || !line.function)
		return NULL;
	if (!line.file)
		return line.function;
	slash = strrchr(line.file, '/');
	return arena_printf(diagnosis->arena, "%s at %s:%" PRId32, line.function, slash ? slash + 1 : line.file, line.line);
}

bool crowd_find(const struct diagnosis *diagnosis,
		bool (*stands)(struct analysis *analysis, const struct goroutine *goroutine), struct crowd *ret)
{
	struct analysis *analysis = diagnosis->analysis;
	uint64_t *counts = arena_array(diagnosis->arena, analysis->groups.count + 1, sizeof *counts);
	struct crowd crowd = {.count = SIZE_MAX};
	struct stack stack = {0};

	*ret = (struct crowd){0};
	for (size_t i = 0; i < analysis->runtime->goroutines.count; i++) {
		const bool counted = stands(analysis, &analysis->runtime->goroutines.items[i]);

		counts[analysis->goroutine_group[i]] += counted;
		ret->all += counted;
	}
	for (int tries = 0; tries < TRIES && next_largest(counts, analysis->groups.count, &crowd, &crowd); tries++) {
		size_t frame;

		goroutine_stack(analysis, analysis->groups.items[crowd.group].first, &stack);
		frame = telling_frame(&stack);
		if (frame == SIZE_MAX)
			continue;
		ret->group = crowd.group;
		ret->count = crowd.count;
		ret->function = telling_function(analysis, &stack, frame);
		ret->creator = creator_text(diagnosis, analysis->groups.items[crowd.group].first);
		return true;
	}
	return false;
}
