/* unreachable.c: see unreachable.h. */
#include "analyzer/waits/unreachable.h"

#include "analyzer/waits/reach.h"

enum {
	GOROUTINES_MOST = 100000, CANDIDATES_MOST = 20000, ROUNDS_MOST = 1000, P_MOST = 1 << 16, WORD = 8,
	OBJECTS_MOST = 1 << 24, OBJECTS_OF_ONE = 1 << 16,
};

static const uint64_t bytes_most = (uint64_t)1 << 30;

struct candidate {
	size_t goroutine;
	struct wait wait;
	bool reached;
};

struct search {
	struct analysis *analysis;
	struct span_index spans;
	struct reach reach;
	VEC(struct candidate) candidates;
};

static bool is_known(const struct wait *wait)
{
	return !wait->more_channels && wait->kind != WAIT_SEMAPHORE && wait->kind != WAIT_IO && (wait->channel_count || wait->object);
}

/* False: there are too many. */
static bool collect(struct search *search)
{
	struct analysis *analysis = search->analysis;
	const struct go_runtime *runtime = analysis->runtime;

	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const struct goroutine *g = &runtime->goroutines.items[i];
		struct candidate candidate = {.goroutine = i};
		struct stack stack = {0};

		if (!wait_is_for_others(wait_kind_of(analysis, g)) || goroutine_is_system(analysis->runtime, g))
			continue;
		if (search->candidates.count == CANDIDATES_MOST)
			return false;
		goroutine_stack(analysis, i, &stack);
		wait_read(analysis, i, &stack, &candidate.wait);
		if (is_known(&candidate.wait))
			vec_push(analysis->arena, &search->candidates, candidate);
	}
	return true;
}

/* Everything leads to goroutines and to who queues, by way of the scheduler's lists: that is no way to wake them. */
static void leave_out(struct search *search)
{
	const struct go_runtime *runtime = search->analysis->runtime;

	for (size_t i = 0; i < runtime->goroutines.count; i++)
		reach_leave_out(&search->reach, runtime->goroutines.items[i].address);
	for (size_t i = 0; i < runtime->machines.count; i++) {
		reach_leave_out(&search->reach, runtime->machines.items[i].g0);
		reach_leave_out(&search->reach, runtime->machines.items[i].gsignal);
	}
	for (size_t i = 0; i < search->candidates.count; i++) {
		const struct wait *wait = &search->candidates.items[i].wait;

		for (size_t k = 0; k < wait->channel_count; k++)
			reach_leave_out(&search->reach, wait->channels[k].sudog);
		if (wait->sudog)
			reach_leave_out(&search->reach, wait->sudog);
	}
}

/* Of a processor only its timers: the rest is lists of goroutines, and what the collector was told of long ago. */
static void reach_processors(struct search *search)
{
	struct go_runtime *runtime = search->analysis->runtime;
	const struct layout *layout = runtime->layout;
	uint64_t list, count, p;

	if (layout->offset[LAYOUT_p_timers] == LAYOUT_ABSENT || !runtime->globals.allp ||
	    !image_u64(runtime->image, runtime->globals.allp, &list) || !image_u64(runtime->image, runtime->globals.allp + WORD, &count))
		return;
	for (uint64_t i = 0; i < count && i < P_MOST && image_u64(runtime->image, list + WORD * i, &p); i++) {
		const uint32_t from = layout->offset[LAYOUT_p_timers], size = layout->offset[LAYOUT_p_size] - from;

		reach_leave_out(&search->reach, p);
		reach_words(&search->reach, image_bytes(runtime->image, p + from, size), 0);
	}
}

static bool is_reached(const struct search *search, const struct wait *wait)
{
	struct channel channel;

	for (size_t i = 0; i < wait->channel_count; i++)
		if (reach_has(&search->reach, wait->channels[i].address) ||
		    !channel_read(search->analysis->runtime, wait->channels[i].address, &channel) || channel.timer || channel.closed)
			return true;
	return !wait->channel_count && reach_has(&search->reach, wait->object);
}

static void reach_others(struct search *search)
{
	const struct go_runtime *runtime = search->analysis->runtime;
	size_t next = 0;

	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const uint16_t status = runtime->goroutines.items[i].status;

		if (next < search->candidates.count && search->candidates.items[next].goroutine == i)
			next++;
		else if (status != G_DEAD && status != G_DEADEXTRA && status != G_IDLE)
			reach_goroutine(&search->reach, i);
	}
}

/* Who waits for what was reached may be woken, and then what that one leads to is reached. */
static bool reach_woken(struct search *search)
{
	bool more = false;

	for (size_t i = 0; i < search->candidates.count; i++) {
		struct candidate *candidate = &search->candidates.items[i];

		if (candidate->reached || !is_reached(search, &candidate->wait))
			continue;
		candidate->reached = more = true;
		reach_goroutine(&search->reach, candidate->goroutine);
		reach_run(&search->reach);
	}
	return more;
}

/* False: it is not known what can be reached. */
static bool reach_all(struct search *search)
{
	struct reach *reach = &search->reach;
	int rounds = 0;

	leave_out(search);
	reach_processors(search);
	reach_outside(reach, bytes_most);
	reach_specials(reach);
	reach_others(search);
	reach_run(reach);
	while (!reach->lost && reach_woken(search))
		if (++rounds == ROUNDS_MOST)
			return false;
	return !reach->lost;
}

/* ---- who of them has what others wait for ---- */

static bool are_fellows(const struct wait *a, const struct wait *b)
{
	if (a->kind != b->kind && !(a->channel_count && b->channel_count && a->kind != WAIT_SEND && b->kind != WAIT_SEND))
		return false;
	if (!a->channel_count)
		return a->object == b->object;
	for (size_t i = 0; i < a->channel_count; i++)
		for (size_t k = 0; k < b->channel_count; k++)
			if (a->channels[i].address == b->channels[k].address)
				return true;
	return false;
}

static bool has(const struct reach *reach, const struct wait *wait)
{
	for (size_t i = 0; i < wait->channel_count; i++)
		if (reach_has(reach, wait->channels[i].address))
			return true;
	return !wait->channel_count && reach_has(reach, wait->object);
}

/* What one of them leads to by way of objects that nothing else leads to; the marks are taken back then. */
static void find_leads(struct search *search, struct unreachable *ret, size_t number)
{
	struct unreachable_wait *one = ret->items.items[number];
	struct reach *reach = &search->reach;

	reach->marked.count = 0;
	reach->count = 0;
	reach_goroutine(reach, one->goroutine);
	reach_run(reach);
	for (size_t i = 0; i < ret->items.count; i++) {
		struct unreachable_wait *other = ret->items.items[i];

		if (i == number || !has(reach, &other->wait))
			continue;
		one->leads[i] = !are_fellows(&one->wait, &other->wait);
		other->alone = other->alone && !one->leads[i];
	}
	reach_forget(reach);
}

/* Whoever leads to a lock need not hold it. */
static bool holds(const struct contention *contention, const struct unreachable_wait *one, const struct unreachable_wait *waits)
{
	const struct contended_lock *lock = contended_by(contention, waits->goroutine);

	for (size_t i = 0; lock && i < lock->holder_count && i < LOCK_HOLDERS; i++)
		if (lock->holders[i].goroutine == one->goroutine)
			return true;
	return false;
}

struct ring {
	const struct unreachable *found;
	const struct contention *contention;
};

static bool may_wake(const struct ring *ring, size_t at, size_t number)
{
	const struct unreachable_wait *one = ring->found->items.items[at], *other = ring->found->items.items[number];

	return other->leads[at] && (!wait_is_for_lock(one->wait.kind) || holds(ring->contention, other, one));
}

/* Best one of another function: who is on its way to do the same has what this one waits for, too, but not to wake it. */
static size_t next_of(const void *context, size_t at, const bool *on)
{
	const struct ring *ring = context;
	const struct unreachable *found = ring->found;
	size_t next = found->items.count;

	for (size_t i = 0; i < found->items.count; i++) {
		if (!on[i] || !may_wake(ring, at, i))
			continue;
		if (found->items.items[i]->function != found->items.items[at]->function)
			return i;
		if (next == found->items.count)
			next = i;
	}
	return next;
}

static void find_circle(struct arena *arena, const struct contention *contention, struct unreachable *found)
{
	const struct ring ring = {found, contention};
	bool on[UNREACHABLE_MOST];

	memset(on, true, sizeof on);
	circle_find(arena, &ring, next_of, on, found->items.count, &found->circle);
}

static void keep(struct search *search, struct unreachable *ret, const struct candidate *candidate)
{
	struct analysis *analysis = search->analysis;
	struct unreachable_wait *one = arena_alloc(analysis->arena, sizeof *one);
	struct stack stack = {0};

	one->goroutine = candidate->goroutine;
	one->wait = candidate->wait;
	one->alone = true;
	goroutine_stack(analysis, one->goroutine, &stack);
	if (one->wait.frame < stack.frames.count)
		one->function = go_func_name(stack.frames.items[one->wait.frame].info);
	vec_push(analysis->arena, &ret->items, one);
}

static void keep_all(struct search *search, struct unreachable *ret)
{
	struct analysis *analysis = search->analysis;
	uint8_t *taken = arena_array(analysis->arena, analysis->groups.count + 1, sizeof *taken);

	for (size_t i = 0; i < search->candidates.count; i++) {
		const struct candidate *candidate = &search->candidates.items[i];
		uint8_t *of_group = &taken[analysis->goroutine_group[candidate->goroutine]];

		if (candidate->reached)
			continue;
		ret->count++;
		if (ret->items.count < UNREACHABLE_MOST && *of_group < UNREACHABLE_OF_GROUP) {
			++*of_group;
			keep(search, ret, candidate);
		}
	}
}

void unreachable_find(struct analysis *analysis, const struct contention *contention, struct unreachable *ret)
{
	struct search search = {.analysis = analysis};

	*ret = (struct unreachable){0};
	if (!analysis->runtime->layout || analysis->runtime->goroutines.count > GOROUTINES_MOST || !collect(&search) ||
	    !search.candidates.count || !span_index_make(analysis->runtime, analysis->arena, bytes_most, &search.spans))
		return;
	search.reach = reach_make(analysis, &search.spans, OBJECTS_MOST);
	if (!reach_all(&search))
		return;
	keep_all(&search, ret);
	search.reach.noting = true;
	search.reach.most = OBJECTS_OF_ONE;
	for (size_t i = 0; i < ret->items.count; i++)
		find_leads(&search, ret, i);
	if (search.reach.lost)
		*ret = (struct unreachable){0};
	find_circle(analysis->arena, contention, ret);
	ret->looked_at = search.candidates.count;
}
