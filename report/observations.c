/* observations.c: see observations.h. A leak is never proved by a dump: what nobody's stack holds may still be in the heap. So
 * the text says what is seen, and what it would mean. */
#include "report/observations.h"

#include "analyzer/waits/graph.h"
#include "report/quantity.h"

#include <inttypes.h>
#include <string.h>

enum { OBSERVATIONS = 16, SAMPLES = 64, SCAN_BYTES = 64 << 20, COMPANION_PERCENT = 80, CIRCLE_TOLD = 4 };

static const struct {
	enum wait_kind kind;
	size_t count;
	int64_t seconds;
} thresholds[] = {
#define PARKED(kind_, count_, seconds_) {kind_, count_, seconds_},
#include "report/parked.def"
#undef PARKED
};

/* One group that waits, and what some of its goroutines wait for. */
struct parked {
	struct analysis *analysis;
	const struct selected_group *group;
	struct wait first;
	const char *function;
	uint64_t objects[SAMPLES]; /* of those looked at, ascending order of goroutines */
	size_t samples, distinct, unheld; /* unheld: objects on no other goroutine's stack */
	bool searched;             /* the stacks were, all of them */
	size_t long_ones;          /* that have waited for the time of the threshold */
	int64_t least, most;       /* that those have waited */
};

static uint64_t object_of(const struct wait *wait)
{
	return wait->channel_count ? wait->channels[0].address : wait->object;
}

/* How many have waited for at least so long. Where all have that is known already. */
static void count_long(struct parked *parked, int64_t nanoseconds)
{
	const struct go_runtime *runtime = parked->analysis->runtime;
	const struct selected_group *group = parked->group;
	int64_t waited;

	parked->long_ones = 0;
	parked->least = parked->most = group->most;
	if (group->timed && group->least >= nanoseconds) {
		parked->long_ones = group->timed;
		parked->least = group->least;
		return;
	}
	for (size_t i = 0; i < group->count && group->most >= nanoseconds; i++) {
		if (!goroutine_waited(runtime, &runtime->goroutines.items[group->members[i]], &waited) || waited < nanoseconds)
			continue;
		parked->least = waited < parked->least ? waited : parked->least;
		parked->long_ones++;
	}
}

static bool exceeds(struct parked *parked)
{
	for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
		if (thresholds[i].kind != parked->first.kind || parked->group->count < thresholds[i].count)
			continue;
		count_long(parked, thresholds[i].seconds * NANOTIME_SECOND);
		return parked->long_ones >= thresholds[i].count;
	}
	return false;
}

static void read_first(struct parked *parked, struct stack *stack)
{
	const size_t first = *parked->group->members;

	goroutine_stack(parked->analysis, first, stack);
	wait_read(parked->analysis, first, stack, &parked->first);
	if (parked->first.frame < stack->frames.count)
		parked->function = go_func_name(stack->frames.items[parked->first.frame].info);
}

static bool is_known(const struct parked *parked, uint64_t object)
{
	for (size_t i = 0; i < parked->samples; i++)
		if (parked->objects[i] == object)
			return true;
	return false;
}

static void read_samples(struct parked *parked, struct stack *stack)
{
	const size_t step = (parked->group->count + SAMPLES - 1) / SAMPLES;
	struct wait wait;

	for (size_t i = 0; i < parked->group->count; i += step) {
		const size_t index = parked->group->members[i];
		uint64_t object;

		goroutine_stack(parked->analysis, index, stack);
		wait_read(parked->analysis, index, stack, &wait);
		object = object_of(&wait);
		if (!object)
			continue;
		parked->distinct += !is_known(parked, object);
		parked->objects[parked->samples++] = object;
	}
}

static bool is_member(const struct parked *parked, uint32_t goroutine)
{
	size_t low = 0;
	size_t high = parked->group->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (parked->group->members[middle] < goroutine)
			low = middle + 1;
		else
			high = middle;
	}
	return low < parked->group->count && parked->group->members[low] == goroutine;
}

static void search_stacks(struct parked *parked, uint64_t *bytes)
{
	struct mentions mentions = {0};

	for (size_t i = 0; i < parked->samples; i++)
		mention_add(parked->analysis->arena, &mentions, parked->objects[i]);
	mentions_scan(parked->analysis, &mentions, bytes);
	parked->searched = mentions.complete;
	for (size_t i = 0; i < mentions.items.count; i++) {
		const struct mention *mention = &mentions.items.items[i];
		bool held = mention->holder_count > HOLDERS_KEPT;

		for (size_t j = 0; !held && j < mention->holder_count; j++)
			held = !is_member(parked, mention->holders[j]);
		parked->unheld += !held;
	}
}

/* Goroutines that wait for the network. */
static size_t count_io(struct analysis *analysis, const struct selection *selection)
{
	const struct go_runtime *runtime = analysis->runtime;
	size_t count = 0;

	for (size_t i = 0; i < selection->group_count; i++)
		if (wait_kind_of(analysis, &runtime->goroutines.items[*selection->groups[i].members]) == WAIT_IO)
			count += selection->groups[i].count;
	return count;
}

static const char *pool_text(struct arena *arena, const struct parked *parked)
{
	const bool channel = parked->first.channel_count > 0;

	if (wait_is_for_lock(parked->first.kind))
		return " All that were looked at queue for that same lock: what holds it is what to look for.";
	return arena_printf(arena, " All that were looked at wait for that same %s, as idle workers of a pool do: "
				   "that is no leak while something may still %s it.",
			    channel ? "channel" : "object",
			    parked->first.kind == WAIT_SEND ? "receive from" : channel ? "send on" : "signal");
}

/* Of a select only the first channel was looked at. As many goroutines may wait for the network, because both are of the
 * same connections. */
static const char *own_text(struct arena *arena, const struct parked *parked, size_t io)
{
	const char *own = arena_printf(arena, " Each of the %zu looked at has a channel of its own", parked->samples);

	if (io * 100 >= parked->group->count * COMPANION_PERCENT)
		return arena_printf(arena, "%s. %s goroutines wait for input or output: if each of these belongs to "
					   "one of those, they are idle connections, and well.",
				    own, count_text(arena, io));
	if (parked->first.kind == WAIT_SELECT || !parked->searched || parked->unheld != parked->distinct)
		return arena_printf(arena, "%s.", own);
	return arena_printf(arena, "%s, which is on no other goroutine's stack: this is what a goroutine leak looks "
				   "like. Unless the heap or a global leads to their channels, they never end.", own);
}

/* Whether they wait for one thing or each for its own, and what that means. */
static const char *shape_text(struct arena *arena, const struct parked *parked, size_t io)
{
	if (parked->first.kind == WAIT_NIL_CHANNEL || parked->first.kind == WAIT_FOREVER)
		return " They can never go on.";
	if (parked->samples < 2)
		return "";
	if (parked->distinct == 1)
		return pool_text(arena, parked);
	return parked->distinct == parked->samples && parked->first.channel_count ? own_text(arena, parked, io) : "";
}

static const char *creator_text(const struct diagnosis *diagnosis, const struct parked *parked)
{
	const struct creator_count creator = group_creator(diagnosis->analysis->runtime, diagnosis->arena,
							   parked->group);
	struct frame_line line;

	if (!creator.gopc || !creator_line(diagnosis->analysis->runtime, creator.gopc, &line))
		return "";
	return arena_printf(diagnosis->arena, ", created by %s", line.function);
}

static const char *parked_text(const struct diagnosis *diagnosis, const struct selection *selection,
			       const struct parked *parked)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	struct arena *arena = diagnosis->arena;
	const char *all = parked->long_ones == parked->group->count ? "all" : count_text(arena, parked->long_ones);

	return arena_printf(arena,
			    "%s goroutines of equal stacks wait%s%s%s; %s of them for at least %s. Goroutine %" PRIu64
				   " waits %s.%s",
			    count_text(arena, parked->group->count), parked->function ? " in " : "",
			    parked->function ? parked->function : "", creator_text(diagnosis, parked), all,
			    duration_text(arena, parked->least), runtime->goroutines.items[*parked->group->members].id,
			    wait_text(diagnosis->analysis, &parked->first),
			    shape_text(arena, parked, count_io(parked->analysis, selection)));
}

static void observe_parked(const struct diagnosis *diagnosis, const struct selection *selection,
			   const struct selected_group *group, uint64_t *bytes, struct observations *ret)
{
	struct analysis *analysis = diagnosis->analysis;
	struct parked parked = {.analysis = analysis, .group = group};
	struct stack stack = {0};

	if (goroutine_is_system(analysis->runtime, &analysis->runtime->goroutines.items[*group->members]))
		return;
	read_first(&parked, &stack);
	if (!exceeds(&parked))
		return;
	read_samples(&parked, &stack);
	search_stacks(&parked, bytes);
	vec_push(diagnosis->arena, &ret->items,
		 (struct observation){"parked-goroutines", parked_text(diagnosis, selection, &parked), group->count,
				      group->members,
				      parked.function, parked.least, parked.most});
}

static size_t lock_waiters(struct analysis *analysis)
{
	size_t count = 0;

	for (size_t i = 0; i < analysis->groups.count; i++) {
		const struct goroutine_group *group = &analysis->groups.items[i];

		if (wait_kind_of(analysis, &analysis->runtime->goroutines.items[group->first]) == WAIT_SEMAPHORE)
			count += group->count;
	}
	return count;
}

static bool is_deadlock(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++)
		if (diagnosis->findings.items[i].waits)
			return true;
	return false;
}

/* "Goroutine 7 waits in main.f to lock the mutex at …" of the first ones. */
static const char *circle_text(const struct diagnosis *diagnosis, const struct wait_graph *graph)
{
	struct arena *arena = diagnosis->arena;
	const char *text = arena_printf(arena, "%zu goroutines wait for locks in a circle, as far as stacks show: %s.",
					graph->cycle.numbers.count, wait_cycle_text(diagnosis->analysis, graph));

	for (size_t i = 0; i < graph->cycle.numbers.count && i < CIRCLE_TOLD; i++) {
		const struct wait_node *node = &graph->nodes.items[graph->cycle.numbers.items[i]];

		text = arena_printf(arena, "%s Goroutine %" PRIu64 " waits%s%s %s.", text,
				    diagnosis->analysis->runtime->goroutines.items[node->goroutine].id,
				    node->function ? " in " : "",
				    node->function ? node->function : "", wait_text(diagnosis->analysis, &node->wait));
	}
	return arena_printf(arena, "%s If each owns what the one before it waits for, they never go on; that a stack "
				   "holds the address of a lock does not prove it.", text);
}

/* Goroutines that lock each other out do not end a process in which something else still runs. */
static void observe_circle(const struct diagnosis *diagnosis, struct observations *ret)
{
	const struct wait_graph *graph;
	uint64_t bytes = SCAN_BYTES;
	uint32_t *members;

	if (is_deadlock(diagnosis) || lock_waiters(diagnosis->analysis) < 2 ||
	    stacks_within(diagnosis->analysis, &bytes) < diagnosis->analysis->runtime->goroutines.count)
		return; /* without all stacks it would not be known who holds what */
	graph = wait_graph_make(diagnosis->analysis, SCAN_BYTES, true);
	if (!graph->cycle.numbers.count)
		return;
	members = arena_array(diagnosis->arena, graph->cycle.numbers.count, sizeof *members);
	for (size_t i = 0; i < graph->cycle.numbers.count; i++)
		members[i] = (uint32_t)graph->nodes.items[graph->cycle.numbers.items[i]].goroutine;
	vec_push(diagnosis->arena, &ret->items,
		 (struct observation){"lock-circle", circle_text(diagnosis, graph), graph->cycle.numbers.count, members,
				      NULL, 0, 0});
}

/* Below it no group is large, whatever it waits for. */
static size_t least_count(void)
{
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++)
		least = thresholds[i].count < least ? thresholds[i].count : least;
	return least;
}

const struct observations *observations_of(const struct diagnosis *diagnosis, const struct selection *selection)
{
	struct observations *observations = arena_alloc(diagnosis->arena, sizeof *observations);
	const size_t least = least_count();
	uint64_t bytes = SCAN_BYTES;

	observe_circle(diagnosis, observations);
	for (size_t i = 0; i < selection->group_count && observations->items.count < OBSERVATIONS; i++) {
		if (selection->groups[i].count < least) /* the largest come first */
			break;
		observe_parked(diagnosis, selection, &selection->groups[i], &bytes, observations);
	}
	return observations;
}
