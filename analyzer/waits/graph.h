/* graph.h: who waits for what, and which other goroutines hold it: a peer of a goroutine is another one whose stack holds
 * the address of what it waits for, and that does not wait for the same thing in the same way. What only the heap or
 * globals know of is not seen. */
#ifndef ANALYZER_WAITS_GRAPH_H
#define ANALYZER_WAITS_GRAPH_H

#include "analyzer/waits/circle.h"
#include "analyzer/waits/mentions.h"
#include "analyzer/waits/waits.h"

enum { WAIT_NODES = 256, NODES_PER_GROUP = 16, WAIT_ALIASES = 4 };

struct wait_node {
	size_t goroutine;   /* index in runtime->goroutines */
	bool first_of_group; /* of goroutines with equal stacks */
	size_t group_count; /* how many those are */
	const char *function; /* of the program, that waits; NULL: none */
	struct wait wait;
	size_t items[WAIT_CHANNELS + WAIT_ALIASES]; /* of the mentions: what it waits for, and what may contain that */
	size_t item_count;
	uint32_t peers[HOLDERS_KEPT]; /* indices in runtime->goroutines */
	size_t peer_count;            /* kept or not */
	bool has_fellows;             /* others whose stacks hold it wait for it in the same way */
};

struct wait_graph {
	VEC(struct wait_node) nodes; /* goroutines of the program that wait for others, ascending; at most WAIT_NODES */
	size_t left_out; /* that would be nodes */
	size_t waiting;  /* goroutines of the program that wait, be it for the kernel or for time */
	size_t others;   /* that do not: runnable, running, in system calls */
	int64_t other;   /* index of the first of those; -1 */
	bool complete;   /* no stack was left out of the search for peers, and none is a log's, of which only arguments are known */
	struct circle cycle; /* numbers of nodes, each of which has the next as a peer */
};

/* Makes the graph. Costs one pass over the goroutines, and one over at most `bytes` of their stacks. `locks`: only cycles
 * of goroutines that wait for locks, and whose peers all wait. */
const struct wait_graph *wait_graph_make(struct analysis *analysis, uint64_t bytes, bool locks);

/* The node of a goroutine; NULL: it has none. */
const struct wait_node *wait_node_of(const struct wait_graph *graph, size_t goroutine);

/* The number of the node to look at first: on the cycle; else, from the first on, whoever holds what that one waits for, as
 * long as such a one waits too. There must be a node. */
size_t wait_root(const struct wait_graph *graph);

/* text.c. Whose stacks hold what a goroutine waits for, "its address is on the stack of goroutine 7"; NULL: nothing
 * can be said. And the cycle, "goroutine 7 waits for what is on the stack of goroutine 8, …"; NULL: there is none. */
const char *wait_peers_text(struct analysis *analysis, const struct wait_graph *graph, const struct wait_node *node);
const char *wait_cycle_text(struct analysis *analysis, const struct wait_graph *graph);

#endif
