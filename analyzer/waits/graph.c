/* graph.c: see graph.h. */
#include "analyzer/waits/graph.h"
#include "analyzer/waits/recorded_waits.h"

#include <string.h>

enum { WORD = 8, CONTAINER_BYTES = 1024, CONTAINER_FRAMES = 4 };

const struct wait_node *wait_node_of(const struct wait_graph *graph, size_t goroutine)
{
	size_t low = 0;
	size_t high = graph->nodes.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (graph->nodes.items[middle].goroutine < goroutine)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == graph->nodes.count || graph->nodes.items[low].goroutine != goroutine)
		return NULL;
	return &graph->nodes.items[low];
}

static bool has_item(const struct wait_node *node, size_t item)
{
	for (size_t i = 0; i < node->item_count; i++)
		if (node->items[i] == item)
			return true;
	return false;
}

static void add_item(struct arena *arena, struct mentions *mentions, struct wait_node *node, uint64_t address)
{
	const size_t item = mention_add(arena, mentions, address);

	if (!has_item(node, item))
		node->items[node->item_count++] = item;
}

static void add_recorded_containers(struct arena *arena, struct mentions *mentions, const struct stack *stack, struct wait_node *node)
{
	const size_t frame = node->wait.frame;
	uint64_t found[WAIT_ALIASES];
	const size_t count = recorded_containers(stack, frame, frame + CONTAINER_FRAMES, node->wait.object, CONTAINER_BYTES, WAIT_ALIASES,
						 found);

	for (size_t i = 0; i < count; i++)
		add_item(arena, mentions, node, found[i]);
}

/* A lock is mostly a field: what its owner holds is the structure, which begins at or shortly before it. The function
 * that waits holds it too. */
static void add_containers(struct analysis *analysis, struct mentions *mentions, const struct stack *stack,
			   struct wait_node *node)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[node->goroutine];
	const uint64_t object = node->wait.object;
	const size_t frame = node->wait.frame;
	size_t last = frame + CONTAINER_FRAMES;
	struct span words;

	if (frame >= stack->frames.count)
		return;
	if (last >= stack->frames.count)
		last = stack->frames.count - 1;
	if (stack->frames.items[last].sp <= stack->frames.items[frame].sp)
		return;
	words = image_view(analysis->image, stack->frames.items[frame].sp,
			   stack->frames.items[last].sp - stack->frames.items[frame].sp);
	for (uint64_t at = 0; at + WORD <= words.size && at < CONTAINER_BYTES * WORD; at += WORD) {
		uint64_t word = span_u64(words, at);

		if (word >= object || object - word >= CONTAINER_BYTES || word % WORD ||
		    (word >= g->stack_lo && word < g->stack_hi))
			continue;
		add_item(analysis->arena, mentions, node, word);
		if (node->item_count == 1 + WAIT_ALIASES)
			return;
	}
}

static void add_items(struct analysis *analysis, struct mentions *mentions, const struct stack *stack,
		      struct wait_node *node)
{
	const struct wait *wait = &node->wait;

	for (size_t i = 0; i < wait->channel_count; i++)
		add_item(analysis->arena, mentions, node, wait->channels[i].address);
	if (!wait->object || wait->kind == WAIT_SEMAPHORE) /* of what that is a part is not known */
		return;
	add_item(analysis->arena, mentions, node, wait->object);
	if (wait_is_for_lock(wait->kind) && analysis->runtime->recorded)
		add_recorded_containers(analysis->arena, mentions, stack, node);
	else if (wait_is_for_lock(wait->kind))
		add_containers(analysis, mentions, stack, node);
}

static void add_node(struct analysis *analysis, struct wait_graph *graph, struct mentions *mentions, size_t index,
		     const uint32_t *of_group)
{
	const uint32_t group = analysis->goroutine_group[index];
	struct wait_node node = {.goroutine = index, .first_of_group = analysis->groups.items[group].first == index,
				 .group_count = of_group[group]};
	struct stack stack = {0};

	goroutine_stack(analysis, index, &stack);
	wait_read(analysis, index, &stack, &node.wait);
	if (node.wait.frame < stack.frames.count)
		node.function = go_func_name(stack.frames.items[node.wait.frame].info);
	add_items(analysis, mentions, &stack, &node);
	vec_push(analysis->arena, &graph->nodes, node);
}

static void collect(struct analysis *analysis, struct wait_graph *graph, struct mentions *mentions)
{
	struct go_runtime *runtime = analysis->runtime;
	uint32_t *of_group = arena_array(analysis->arena, analysis->groups.count + 1, sizeof *of_group);
	uint8_t *taken = arena_array(analysis->arena, analysis->groups.count + 1, sizeof *taken);

	for (size_t i = 0; i < runtime->goroutines.count; i++)
		of_group[analysis->goroutine_group[i]]++;
	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const uint32_t group = analysis->goroutine_group[i];

		const struct goroutine *g = &runtime->goroutines.items[i];

		if (goroutine_is_system(runtime, g))
			continue;
		if (g->status != G_WAITING && g->status != G_LEAKED) {
			graph->others++;
			if (graph->other < 0)
				graph->other = (int64_t)i;
			continue;
		}
		graph->waiting++;
		if (!wait_is_for_others(wait_kind_of(analysis, g)))
			continue;
		if (graph->nodes.count == WAIT_NODES || taken[group] == NODES_PER_GROUP) {
			graph->left_out++;
			continue;
		}
		taken[group]++;
		add_node(analysis, graph, mentions, i, of_group);
	}
}

/* Two that queue for the same thing in the same way cannot help each other. */
static bool is_fellow(const struct wait_node *node, const struct wait_node *other)
{
	const bool locks = wait_is_for_lock(node->wait.kind) && wait_is_for_lock(other->wait.kind);

	if (other->wait.kind != node->wait.kind && !locks)
		return false;
	if (node->wait.kind == WAIT_SELECT)
		return false;
	if (node->wait.object)
		return node->wait.object == other->wait.object;
	return node->wait.channel_count && other->wait.channel_count &&
	       node->wait.channels[0].address == other->wait.channels[0].address;
}

static bool has_peer(const struct wait_node *node, size_t goroutine)
{
	for (size_t i = 0; i < node->peer_count && i < HOLDERS_KEPT; i++)
		if (node->peers[i] == goroutine)
			return true;
	return false;
}

/* Keeps them ascending. */
static void add_peer(struct wait_node *node, uint32_t goroutine)
{
	size_t at = node->peer_count++;

	if (at >= HOLDERS_KEPT)
		return;
	for (; at && node->peers[at - 1] > goroutine; at--)
		node->peers[at] = node->peers[at - 1];
	node->peers[at] = goroutine;
}

static void add_peers(const struct wait_graph *graph, struct wait_node *node, const struct mention *mention)
{
	for (size_t i = 0; i < mention->holder_count; i++) {
		const struct wait_node *other;

		if (i >= HOLDERS_KEPT) { /* who they are is not known */
			node->peer_count += mention->holder_count - i;
			return;
		}
		other = wait_node_of(graph, mention->holders[i]);
		if (mention->holders[i] == node->goroutine || has_peer(node, mention->holders[i]))
			continue;
		if (other && is_fellow(node, other)) {
			node->has_fellows = true;
			continue;
		}
		add_peer(node, mention->holders[i]);
	}
}

static bool may_lie_on_cycle(const struct wait_graph *graph, const struct wait_node *node, bool locks)
{
	if (node->peer_count > HOLDERS_KEPT || (locks && !wait_is_for_lock(node->wait.kind)))
		return false;
	for (size_t i = 0; i < node->peer_count; i++)
		if (!wait_node_of(graph, node->peers[i]))
			return false;
	return node->peer_count > 0;
}

/* A peer that is still on, best one that waits in the same way. */
static size_t next_of(const void *context, size_t at, const bool *on)
{
	const struct wait_graph *graph = context;
	const struct wait_node *node = &graph->nodes.items[at];
	size_t next = graph->nodes.count;

	for (size_t i = 0; i < node->peer_count && i < HOLDERS_KEPT; i++) {
		const struct wait_node *peer = wait_node_of(graph, node->peers[i]);
		const size_t number = peer ? (size_t)(peer - graph->nodes.items) : 0;

		if (!peer || !on[number])
			continue;
		if (peer->wait.kind == node->wait.kind)
			return number;
		if (next == graph->nodes.count)
			next = number;
	}
	return next;
}

static void find_cycle(struct arena *arena, struct wait_graph *graph, bool locks)
{
	const size_t count = graph->nodes.count;
	bool *on = arena_array(arena, count + 1, sizeof *on);

	for (size_t i = 0; i < count; i++)
		on[i] = may_lie_on_cycle(graph, &graph->nodes.items[i], locks);
	circle_find(arena, graph, next_of, on, count, &graph->cycle);
}

size_t wait_root(const struct wait_graph *graph)
{
	size_t at = 0;

	if (graph->cycle.numbers.count)
		return graph->cycle.numbers.items[0];
	for (size_t steps = 0; steps < graph->nodes.count; steps++) { /* without a cycle, no longer */
		const struct wait_node *node = &graph->nodes.items[at];
		const struct wait_node *peer = node->peer_count ? wait_node_of(graph, node->peers[0]) : NULL;

		if (!peer)
			return at;
		at = (size_t)(peer - graph->nodes.items);
	}
	return 0;
}

const struct wait_graph *wait_graph_make(struct analysis *analysis, uint64_t bytes, bool locks)
{
	struct wait_graph *graph = arena_alloc(analysis->arena, sizeof *graph);
	struct mentions mentions = {0};

	graph->other = -1;
	collect(analysis, graph, &mentions);
	mentions_scan(analysis, &mentions, &bytes);
	graph->complete = mentions.complete;
	for (size_t i = 0; i < graph->nodes.count; i++)
		for (size_t j = 0; j < graph->nodes.items[i].item_count; j++)
			add_peers(graph, &graph->nodes.items[i], &mentions.items.items[graph->nodes.items[i].items[j]]);
	if (mentions.complete || analysis->runtime->recorded)
		find_cycle(analysis->arena, graph, locks);
	return graph;
}
