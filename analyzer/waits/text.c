/* text.c: says what a goroutine waits for, with the state of it: hchan (runtime/chan.go), sync.Mutex, RWMutex and
 * WaitGroup (sync, internal/sync; Go 1.18 to 1.27). */
#include "analyzer/waits/graph.h"

#include <inttypes.h>

enum { MUTEX_LOCKED = 1, MUTEX_STARVING = 4, MUTEX_WAITERS_SHIFT = 3, MAX_READERS = 1 << 30, WAITERS_MASK = 0x7fffffff,
       CHANNELS_NAMED = 4, PEERS_NAMED = 4, CYCLE_NAMED = 6 };

static const char *const kind_texts[] = {
	[WAIT_OTHER] = "for something of the Go runtime",
	[WAIT_RECEIVE] = "to receive from a channel",
	[WAIT_SEND] = "to send on a channel",
	[WAIT_SELECT] = "in a select, for one of its channels",
	[WAIT_NIL_CHANNEL] = "for a channel that is nil",
	[WAIT_FOREVER] = "in a select without cases",
	[WAIT_SEMAPHORE] = "for a lock",
	[WAIT_MUTEX] = "for a mutex",
	[WAIT_READ_LOCK] = "for an RWMutex, to read",
	[WAIT_WRITE_LOCK] = "for an RWMutex, to write",
	[WAIT_GROUP] = "for a WaitGroup",
	[WAIT_COND] = "for a Cond",
	[WAIT_SLEEP] = "for time to pass",
	[WAIT_IO] = "for input or output",
};

const char *wait_kind_text(enum wait_kind kind)
{
	return kind_texts[kind];
}

static const char *buffer_text(struct arena *arena, const struct channel *channel)
{
	if (!channel->size)
		return "unbuffered";
	return arena_printf(arena, "%" PRIu64 " of %" PRIu64 " buffered", channel->count, channel->size);
}

static const char *channel_text(struct analysis *analysis, uint64_t address)
{
	struct channel channel;

	if (analysis->runtime->recorded)
		return arena_printf(analysis->arena, "channel 0x%" PRIx64, address);
	if (!channel_read(analysis->runtime, address, &channel))
		return arena_printf(analysis->arena, "channel 0x%" PRIx64 " (not in the dump)", address);
	return arena_printf(analysis->arena, "channel 0x%" PRIx64 " (%s, %s%s)", address,
			    buffer_text(analysis->arena, &channel),
			    channel.closed ? "closed" : "open", channel.timer ? ", of a timer" : "");
}

static const char *select_text(struct analysis *analysis, const struct wait *wait)
{
	const char *list = NULL;

	for (size_t i = 0; i < wait->channel_count && i < CHANNELS_NAMED; i++) {
		const char *one = channel_text(analysis, wait->channels[i].address);

		list = list ? arena_printf(analysis->arena, "%s, %s", list, one) : one;
	}
	if (!list)
		return "in a select for one of several channels";
	return arena_printf(analysis->arena, "in a select for %s%s", list,
			    wait->channel_count > CHANNELS_NAMED || wait->more_channels ? " and more" : "");
}

static const char *mutex_text(struct analysis *analysis, uint64_t address)
{
	uint32_t state;

	if (!go_field32(analysis->runtime, address, LAYOUT_syncMutex_state, &state))
		return "";
	return arena_printf(analysis->arena, " (its state 0x%" PRIx32 ": %s%s, %" PRIu32 " waiting)", state,
			    state & MUTEX_LOCKED ? "locked" : "not locked", state & MUTEX_STARVING ? ", starving" : "",
			    state >> MUTEX_WAITERS_SHIFT);
}

/* A writer that has announced itself makes the count of readers negative (rwmutexMaxReaders, sync/rwmutex.go). */
static const char *rwmutex_text(struct analysis *analysis, uint64_t address)
{
	uint32_t word;
	int32_t readers;

	if (!go_field32(analysis->runtime, address, LAYOUT_syncRWMutex_readerCount, &word))
		return "";
	readers = (int32_t)word;
	return arena_printf(analysis->arena, " (%" PRId32 " readers hold or want it, %s writer does)",
			    readers < 0 ? readers + MAX_READERS : readers, readers < 0 ? "a" : "no");
}

static const char *group_text(struct analysis *analysis, uint64_t address)
{
	uint64_t state;

	if (!go_field(analysis->runtime, address, LAYOUT_syncWaitGroup_state, &state))
		return "";
	return arena_printf(analysis->arena, " (its counter is %" PRId32 ", %" PRIu64 " waiting)",
			    (int32_t)(state >> 32),
			    state & WAITERS_MASK);
}

static const char *object_text(struct analysis *analysis, const struct wait *wait, const char *verb, const char *what,
			       const char *(*state)(struct analysis *analysis, uint64_t address))
{
	if (!wait->object)
		return arena_printf(analysis->arena, "%s a %s", verb, what);
	return arena_printf(analysis->arena, "%s the %s at 0x%" PRIx64 "%s", verb, what, wait->object,
			    state ? state(analysis, wait->object) : "");
}

static const char *one_channel(struct analysis *analysis, const struct wait *wait, const char *verb)
{
	if (!wait->channel_count)
		return arena_printf(analysis->arena, "%s a channel", verb);
	return arena_printf(analysis->arena, "%s %s", verb, channel_text(analysis, wait->channels[0].address));
}

static const char *file_text(struct analysis *analysis, const struct wait *wait)
{
	return wait->has_descriptor ? arena_printf(analysis->arena, "for input or output on file descriptor %" PRId64,
						   wait->descriptor)
				    : "for input or output";
}

const char *wait_text(struct analysis *analysis, const struct wait *wait)
{
	switch (wait->kind) {
	case WAIT_RECEIVE:
		return one_channel(analysis, wait, "to receive from");
	case WAIT_SEND:
		return one_channel(analysis, wait, "to send to");
	case WAIT_SELECT:
		return select_text(analysis, wait);
	case WAIT_NIL_CHANNEL:
		return "for a nil channel, which never becomes ready";
	case WAIT_FOREVER:
		return "in a select without cases, which never ends";
	case WAIT_MUTEX:
		return object_text(analysis, wait, "to lock", "mutex", mutex_text);
	case WAIT_READ_LOCK:
		return object_text(analysis, wait, "to lock for reading", "RWMutex", rwmutex_text);
	case WAIT_WRITE_LOCK:
		return object_text(analysis, wait, "to lock for writing", "RWMutex", rwmutex_text);
	case WAIT_GROUP:
		return object_text(analysis, wait, "for", "WaitGroup", group_text);
	case WAIT_COND:
		return "to be woken by a condition variable";
	case WAIT_SEMAPHORE:
		return object_text(analysis, wait, "for", "semaphore", NULL);
	case WAIT_SLEEP:
		return "for a time to pass";
	case WAIT_IO:
		return file_text(analysis, wait);
	default:
		return "for something of the runtime's own";
	}
}

bool wait_state_word(const struct analysis *analysis, const struct wait *wait, uint64_t *address, const char **what)
{
	static const struct {
		enum wait_kind kind;
		enum layout_field field;
		const char *what;
	} words[] = {
		{WAIT_MUTEX, LAYOUT_syncMutex_state, "the state of the mutex (lower half)"},
		{WAIT_GROUP, LAYOUT_syncWaitGroup_state, "the WaitGroup's counter (upper half) and number of waiters"},
		{WAIT_READ_LOCK, LAYOUT_syncRWMutex_readerCount, "the RWMutex's count of readers (lower half)"},
		{WAIT_WRITE_LOCK, LAYOUT_syncRWMutex_readerCount, "the RWMutex's count of readers (lower half)"},
	};

	for (size_t i = 0; wait->object && analysis->runtime->layout && i < sizeof words / sizeof *words; i++) {
		uint32_t offset = analysis->runtime->layout->offset[words[i].field];

		if (words[i].kind != wait->kind || offset == LAYOUT_ABSENT)
			continue;
		*address = wait->object + offset;
		*what = words[i].what;
		return true;
	}
	return false;
}

static const char *goroutine_list(struct analysis *analysis, const uint32_t *indices, size_t count, size_t shown)
{
	const char *list = shown > 1 ? "goroutines" : "goroutine";

	for (size_t i = 0; i < shown; i++)
		list = arena_printf(analysis->arena, "%s%s %" PRIu64, list, !i ? "" : i + 1 == count ? " and" : ",",
				    analysis->runtime->goroutines.items[indices[i]].id);
	return count > shown ? arena_printf(analysis->arena, "%s and %zu more", list, count - shown) : list;
}

const char *wait_peers_text(struct analysis *analysis, const struct wait_graph *graph, const struct wait_node *node)
{
	const size_t shown = node->peer_count < PEERS_NAMED ? node->peer_count : PEERS_NAMED;
	const char *what = "its address";

	if (!node->item_count || (!node->peer_count && !graph->complete))
		return NULL;
	if (!node->peer_count && node->has_fellows)
		return "only stacks of goroutines that wait for the same hold its address, though the heap or globals "
		       "may too";
	if (!node->peer_count)
		return "no other goroutine's stack holds its address, though the heap or globals may";
	if (wait_is_for_lock(node->wait.kind) && node->item_count > 1)
		what = "its address, or that of what may contain it,";
	return arena_printf(analysis->arena, "%s is on the stack%s of %s", what, node->peer_count > 1 ? "s" : "",
			    goroutine_list(analysis, node->peers, node->peer_count, shown));
}

const char *wait_cycle_text(struct analysis *analysis, const struct wait_graph *graph)
{
	const struct goroutine *goroutines = analysis->runtime->goroutines.items;
	const size_t count = graph->cycle.numbers.count;
	const char *text = NULL;

	for (size_t i = 0; i < count && i < CYCLE_NAMED; i++) {
		const struct wait_node *node = &graph->nodes.items[graph->cycle.numbers.items[i]];
		const struct wait_node *next = &graph->nodes.items[graph->cycle.numbers.items[(i + 1) % count]];

		text = arena_printf(analysis->arena,
				    "%s%sgoroutine %" PRIu64 " waits for what is on the stack of goroutine %" PRIu64,
				    text ? text : "", text ? ", " : "", goroutines[node->goroutine].id,
				    goroutines[next->goroutine].id);
	}
	if (count > CYCLE_NAMED)
		text = arena_printf(analysis->arena, "%s, and so on, round to the first", text);
	return text;
}
