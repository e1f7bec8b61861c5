/* selection.c: state, creator and functions are those of a whole group of equal stacks, so its stack is walked once;
 * ids and waiting times are each goroutine's own. */
#include "report/selection.h"

#include "golang/wait_reasons.h"

#include <stdlib.h>
#include <string.h>

enum { STATUSES = 16, REASONS = 256, STATES = STATUSES * REASONS };

struct selector {
	struct analysis *analysis;
	const struct goroutine_filter *filter; /* NULL: everything is selected */
	struct selection *selection;
	struct stack stack;
	bool *group_fits; /* per group of the analysis */
	bool *chosen;     /* per goroutine */
};

static bool contains_any(const char *name, const char *const *parts)
{
	for (; name && *parts; parts++)
		if (strstr(name, *parts))
			return true;
	return false;
}

static bool means_any(const char *state, const char *const *words)
{
	for (; state && *words; words++)
		if (goroutine_state_means(*words, state))
			return true;
	return false;
}

static bool state_fits(const struct selector *selector, const struct goroutine *g)
{
	const char *const *words = selector->filter->states;

	return !words || means_any(goroutine_status_name(g), words) ||
	       means_any(goroutine_wait_reason(selector->analysis->runtime, g), words);
}

/* Goroutine 1 is made by start-up code, which the runtime does not print either (runtime/traceback.go). */
static uint64_t creation_pc(const struct goroutine *g)
{
	return g->id == 1 ? 0 : g->gopc;
}

static bool creator_fits(const struct selector *selector, const struct goroutine *g)
{
	const struct pc_info *info;

	if (!selector->filter->creators)
		return true;
	info = go_pc(selector->analysis->runtime, creation_pc(g), false);
	return info->func && contains_any(go_func_name(info), selector->filter->creators);
}

static bool functions_fit(struct selector *selector, size_t goroutine)
{
	struct frame_line lines[INLINE_LIMIT];

	if (!selector->filter->functions)
		return true;
	goroutine_stack(selector->analysis, goroutine, &selector->stack);
	for (size_t i = 0; i < selector->stack.frames.count; i++) {
		size_t count = frame_lines(selector->analysis->image, &selector->stack, i,
					   lines);

		for (size_t j = 0; j < count; j++)
			if (contains_any(lines[j].function, selector->filter->functions))
				return true;
	}
	return false;
}

static void choose_all(struct selector *selector)
{
	selector->selection->count = selector->analysis->runtime->goroutines.count;
	memset(selector->chosen, true, selector->selection->count);
}

static void judge_groups(struct selector *selector)
{
	for (size_t i = 0; i < selector->analysis->groups.count; i++) {
		size_t first = selector->analysis->groups.items[i].first;
		const struct goroutine *g = &selector->analysis->runtime->goroutines.items[first];

		selector->group_fits[i] =
			state_fits(selector, g) && creator_fits(selector, g) && functions_fit(selector, first);
	}
}

static bool id_fits(const struct goroutine_filter *filter, uint64_t id)
{
	for (size_t i = 0; i < filter->id_count; i++)
		if (filter->ids[2 * i] <= id && id <= filter->ids[2 * i + 1])
			return true;
	return !filter->id_count;
}

static bool goroutine_fits(struct selector *selector, size_t index)
{
	const struct goroutine *g = &selector->analysis->runtime->goroutines.items[index];
	int64_t waited;

	if (!selector->group_fits[selector->analysis->goroutine_group[index]] || !id_fits(selector->filter, g->id))
		return false;
	if (!selector->filter->waiting_over)
		return true;
	if (goroutine_waited(selector->analysis->runtime, g, &waited))
		return waited >= selector->filter->waiting_over;
	selector->selection->untimed += goroutine_blocked(g);
	return false;
}

static void choose(struct selector *selector)
{
	judge_groups(selector);
	for (size_t i = 0; i < selector->analysis->runtime->goroutines.count; i++) {
		selector->chosen[i] = goroutine_fits(selector, i);
		selector->selection->count += selector->chosen[i];
	}
}

static void add_member(const struct go_runtime *runtime, struct selected_group *group, uint32_t *members, uint32_t index)
{
	const struct goroutine *g = &runtime->goroutines.items[index];
	int64_t waited;

	members[group->count++] = index;
	group->locked += g->locked;
	if (!goroutine_waited(runtime, g, &waited))
		return;
	group->least = group->timed && group->least < waited ? group->least : waited;
	group->most = group->most > waited ? group->most : waited;
	group->timed++;
}

static int by_size(const void *a, const void *b)
{
	const struct selected_group *x = a;
	const struct selected_group *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (*x->members > *y->members) - (*x->members < *y->members);
}

/* Members of all groups lie in one array, group after group. */
static void make_groups(const struct selector *selector, struct arena *arena)
{
	const struct analysis *analysis = selector->analysis;
	const size_t goroutines = analysis->runtime->goroutines.count;
	struct selected_group *groups = arena_array(arena, analysis->groups.count + 1, sizeof *groups);
	uint32_t **members = arena_array(arena, analysis->groups.count + 1, sizeof *members);
	uint32_t *next = arena_array(arena, selector->selection->count + 1, sizeof *next);
	size_t *sizes = arena_array(arena, analysis->groups.count + 1, sizeof *sizes);

	for (size_t i = 0; i < goroutines; i++)
		sizes[analysis->goroutine_group[i]] += selector->chosen[i];
	for (size_t i = 0; i < analysis->groups.count; i++) {
		groups[i].members = members[i] = next;
		next += sizes[i];
	}
	for (size_t i = 0; i < goroutines; i++)
		if (selector->chosen[i])
			add_member(analysis->runtime, &groups[analysis->goroutine_group[i]],
				   members[analysis->goroutine_group[i]], (uint32_t)i);
	selector->selection->groups = groups;
	for (size_t i = 0; i < analysis->groups.count; i++)
		if (groups[i].count)
			groups[selector->selection->group_count++] = groups[i];
	qsort(groups, selector->selection->group_count, sizeof *groups, by_size);
}

const struct selection *selection_make(const struct diagnosis *diagnosis, const struct goroutine_filter *filter)
{
	struct arena *arena = diagnosis->arena;
	struct selector selector = {.analysis = diagnosis->analysis, .filter = filter};

	selector.selection = arena_alloc(arena, sizeof *selector.selection);
	selector.group_fits = arena_array(arena, selector.analysis->groups.count + 1, sizeof *selector.group_fits);
	selector.chosen = arena_array(arena, selector.analysis->runtime->goroutines.count + 1, sizeof *selector.chosen);
	selector.selection->chosen = selector.chosen;
	if (filter)
		choose(&selector);
	else
		choose_all(&selector);
	make_groups(&selector, arena);
	return selector.selection;
}

static int by_state_count(const void *a, const void *b)
{
	const struct state_count *x = a;
	const struct state_count *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (x->status * REASONS + x->wait_reason) - (y->status * REASONS + y->wait_reason);
}

size_t selection_states(const struct diagnosis *diagnosis, const struct selection *selection,
			const struct state_count **ret)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	struct state_count *states = arena_array(diagnosis->arena, STATES, sizeof *states);
	size_t count = 0;

	for (size_t i = 0; i < selection->group_count; i++) {
		const struct goroutine *g = &runtime->goroutines.items[*selection->groups[i].members];
		uint8_t reason = goroutine_wait_reason(runtime, g) ? g->wait_reason : 0;
		struct state_count *state = &states[g->status % STATUSES * REASONS + reason];

		state->status = (uint8_t)g->status;
		state->wait_reason = reason;
		state->count += selection->groups[i].count;
	}
	qsort(states, STATES, sizeof *states, by_state_count);
	while (count < STATES && states[count].count)
		count++;
	*ret = states;
	return count;
}

/* How several goroutines began, one after the other. */
struct creation {
	uint64_t gopc, parent;
	size_t count;
};

struct creations {
	struct creation *items;
	size_t count, capacity;
};

static int by_creation(const void *a, const void *b)
{
	const struct creation *x = a;
	const struct creation *y = b;

	if (x->gopc != y->gopc)
		return x->gopc > y->gopc ? 1 : -1;
	return (x->parent > y->parent) - (x->parent < y->parent);
}

static int by_creator_count(const void *a, const void *b)
{
	const struct creator_count *x = a;
	const struct creator_count *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (x->gopc > y->gopc) - (x->gopc < y->gopc);
}

/* Adds those of a group; most goroutines were made by the goroutine that made the one before. */
static void add_creations(const struct go_runtime *runtime, struct arena *arena, const struct selected_group *group,
			  struct creations *ret)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct goroutine *g = &runtime->goroutines.items[group->members[i]];
		const struct creation *last = ret->count ? &ret->items[ret->count - 1] : NULL;

		if (last && last->gopc == creation_pc(g) && last->parent == g->parent_id)
			ret->items[ret->count - 1].count++;
		else
			vec_push_moving(arena, ret, (struct creation){creation_pc(g), g->parent_id, 1});
	}
}

static void sort_creations(struct creations *creations)
{
	if (creations->count)
		qsort(creations->items, creations->count, sizeof *creations->items, by_creation);
}

/* Of sorted creations that at *next with all that follow it from the same go statement; *next goes behind them. */
static struct creator_count count_creations(const struct creations *creations, size_t *next)
{
	const size_t first = *next;
	struct creator_count creator = {.gopc = creations->items[first].gopc};

	for (; *next < creations->count && creations->items[*next].gopc == creator.gopc; ++*next) {
		const struct creation *creation = &creations->items[*next];

		creator.count += creation->count;
		if (!creation->parent || (*next > first && creation->parent == creation[-1].parent))
			continue;
		if (!creator.parents++)
			creator.parent = creation->parent;
	}
	return creator;
}

struct creator_count group_creator(const struct go_runtime *runtime, struct arena *scratch,
				   const struct selected_group *group)
{
	struct creations creations = {0};
	size_t next = 0;

	add_creations(runtime, scratch, group, &creations);
	sort_creations(&creations);
	return count_creations(&creations, &next);
}

size_t selection_creators(const struct diagnosis *diagnosis, const struct selection *selection,
			  const struct creator_count **ret)
{
	VEC(struct creator_count) creators = {0};
	struct creations creations = {0};

	for (size_t i = 0; i < selection->group_count; i++)
		add_creations(diagnosis->analysis->runtime, diagnosis->arena, &selection->groups[i], &creations);
	sort_creations(&creations);
	for (size_t next = 0; next < creations.count;) {
		const struct creator_count creator = count_creations(&creations, &next);

		if (creator.gopc)
			vec_push(diagnosis->arena, &creators, creator);
	}
	if (creators.count)
		qsort(creators.items, creators.count, sizeof *creators.items, by_creator_count);
	*ret = creators.items;
	return creators.count;
}
