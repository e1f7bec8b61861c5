/* root.c: see root.h. */
#include "heuristics/hangs/root.h"

#include "heuristics/hangs/handed_lock.h"
#include "heuristics/hangs/heap_peers.h"

#include "analyzer/waits/mentions.h"

#include <inttypes.h>
#include <string.h>

enum { SEARCH_BYTES = 256 << 20, MUTEX_LOCKED = 1, WORD = 8 };

static const struct root_fact facts[] = {
#define ROOT(id, hopeless, signalled, after, alive, since, text, action, remedy) \
	{hopeless, signalled, alive, after, since, text, action, remedy},
#include "heuristics/hangs/roots.def"
#undef ROOT
};

/* Goroutines whose stacks have one of a few addresses, without `except` and those that wait for `lock`; SIZE_MAX: not all stacks
 * were searched. */
static size_t peers_of(struct analysis *analysis, const struct contention *contention, const struct contended_lock *lock,
		       const uint64_t *addresses, size_t count, size_t except, bool *busy)
{
	struct mentions mentions = {0};
	uint64_t bytes = SEARCH_BYTES;
	size_t peers = 0;

	for (size_t i = 0; i < count; i++)
		mention_add(analysis->arena, &mentions, addresses[i]);
	mentions_scan(analysis, &mentions, &bytes);
	for (size_t i = 0; i < mentions.items.count; i++) {
		const struct mention *mention = &mentions.items.items[i];

		for (size_t k = 0; k < mention->holder_count && k < HOLDERS_KEPT; k++) {
			const struct goroutine *g = &analysis->runtime->goroutines.items[mention->holders[k]];

			if (mention->holders[k] == except || contended_by(contention, mention->holders[k]) == lock)
				continue;
			peers++;
			*busy |= g->status != G_WAITING;
		}
		if (mention->holder_count > HOLDERS_KEPT && !lock)
			peers += mention->holder_count - HOLDERS_KEPT;
	}
	return mentions.complete ? peers : SIZE_MAX;
}

static bool is_locked(struct analysis *analysis, const struct contended_lock *lock)
{
	uint32_t state;

	if (lock->wait.kind != WAIT_MUTEX)
		return go_field32(analysis->runtime, lock->wait.object, LAYOUT_syncRWMutex_readerCount, &state) && state != 0;
	return go_field32(analysis->runtime, lock->wait.object, LAYOUT_syncMutex_state, &state) && (state & MUTEX_LOCKED);
}

/* Whether everybody was looked at who may hold a lock of that kind, and it is known which. */
static bool knows_all(const struct contention *contention, const struct contended_lock *lock)
{
	const bool *unknown = contention->unknown;

	return contention->complete && !(lock->wait.kind == WAIT_MUTEX ? unknown[LOCK_MUTEX] : unknown[LOCK_WRITE] || unknown[LOCK_READ]);
}

/* Nobody stands where that lock, or one of its kind that is not known, is held; and nobody who has it runs. */
static enum root_kind without_holder(struct analysis *analysis, const struct contention *contention,
				     const struct contended_lock *lock, struct hang_root *ret)
{
	uint64_t addresses[1 + LOCK_ALIASES] = {lock->wait.object};
	bool busy = false;

	if (!is_locked(analysis, lock) || !knows_all(contention, lock))
		return ROOT_NONE;
	memcpy(addresses + 1, lock->aliases, lock->alias_count * sizeof *addresses);
	ret->peers = peers_of(analysis, contention, lock, addresses, 1 + lock->alias_count, SIZE_MAX, &busy);
	return busy || ret->peers == SIZE_MAX ? ROOT_NONE : ROOT_OWNER_ENDED;
}

static bool is_alone(struct analysis *analysis, const struct contention *contention, struct hang_root *ret)
{
	uint64_t addresses[WAIT_CHANNELS];
	size_t count = 0;
	bool busy = false;

	for (size_t i = 0; i < ret->wait.channel_count; i++)
		addresses[count++] = ret->wait.channels[i].address;
	if (!count && ret->wait.object)
		addresses[count++] = ret->wait.object;
	if (!count || ret->wait.more_channels)
		return false;
	ret->peers = peers_of(analysis, contention, NULL, addresses, count, ret->holder->goroutine, &busy);
	return ret->peers == 0 && !heap_peers_run(analysis, addresses, count);
}

static bool is_timers(struct analysis *analysis, const struct wait *wait)
{
	struct channel channel;

	for (size_t i = 0; i < wait->channel_count; i++)
		if (!channel_read(analysis->runtime, wait->channels[i].address, &channel) || channel.timer)
			return true;
	return false;
}

static bool has_receiver(struct analysis *analysis, const struct wait *wait)
{
	struct channel channel;

	return !wait->channel_count || !channel_read(analysis->runtime, wait->channels[0].address, &channel) ||
	       channel.receivers || channel.closed;
}

/* The P that it gave up when it entered the call keeps count: of calls that were made on it, and of its being taken away
 * (runtime.entersyscall, retake, exitsyscall; Go 1.18 to 1.27). 0: it was not, or that is not known. */
static uint32_t calls_since(struct analysis *analysis, size_t goroutine)
{
	struct go_runtime *runtime = analysis->runtime;
	const uint64_t m = runtime->goroutines.items[goroutine].m;
	uint32_t then, now;
	uint64_t p;

	if (!m || !go_field(runtime, m, LAYOUT_m_oldp, &p) || !p || !go_field32(runtime, m, LAYOUT_m_syscalltick, &then) ||
	    !go_field32(runtime, p, LAYOUT_p_syscalltick, &now))
		return 0;
	return now - then;
}

static enum root_kind of_wait(struct analysis *analysis, const struct contention *contention, struct hang_root *ret)
{
	switch (ret->wait.kind) {
	case WAIT_NIL_CHANNEL:
		return ROOT_NIL_CHANNEL;
	case WAIT_FOREVER:
		return ROOT_FOREVER;
	case WAIT_SEND:
		return has_receiver(analysis, &ret->wait) || !is_alone(analysis, contention, ret) ? ROOT_CHANNEL : ROOT_SEND_ALONE;
	case WAIT_RECEIVE:
	case WAIT_SELECT:
		return is_timers(analysis, &ret->wait) || !is_alone(analysis, contention, ret) ? ROOT_CHANNEL : ROOT_RECEIVE_ALONE;
	case WAIT_GROUP:
		return is_alone(analysis, contention, ret) ? ROOT_GROUP_ALONE : ROOT_OTHERS;
	case WAIT_IO:
		return ROOT_NETWORK;
	case WAIT_SLEEP:
		return ROOT_SLEEP;
	case WAIT_COND:
	case WAIT_SEMAPHORE:
	case WAIT_MUTEX:
	case WAIT_READ_LOCK:
	case WAIT_WRITE_LOCK:
		return ROOT_OTHERS;
	default:
		return ROOT_NONE;
	}
}

/* What the one who holds the last lock of the chain does. */
static enum root_kind of_holder(struct analysis *analysis, const struct contention *contention, struct hang_root *ret)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[ret->holder->goroutine];
	struct stack stack = {0};

	goroutine_stack(analysis, ret->holder->goroutine, &stack);
	wait_read(analysis, ret->holder->goroutine, &stack, &ret->wait);
	ret->frame = ret->wait.frame < stack.frames.count ? ret->wait.frame : ret->holder->frame;
	ret->function = go_func_name(stack.frames.items[ret->frame].info);
	ret->pc = stack.frames.items[ret->frame].pc;
	if (g->status == G_SYSCALL) {
		ret->calls_since = calls_since(analysis, ret->holder->goroutine);
		return ret->calls_since ? ROOT_SYSTEM_CALL : ROOT_NONE;
	}
	return g->status == G_WAITING ? of_wait(analysis, contention, ret) : ROOT_NONE;
}

const struct lock_holder *lock_holder_of(const struct contention *contention, const struct contended_lock *lock,
					 const struct contended_lock *next)
{
	for (size_t i = 0; i < lock->holder_count && i < LOCK_HOLDERS; i++)
		if (contended_by(contention, lock->holders[i].goroutine) == next)
			return &lock->holders[i];
	return NULL;
}

/* The best known: who has the lock in the frame that took it, on every way. Of those that wait for it themselves only where there
 * is no other: many take a lock again that one holds. */
static const struct lock_holder *best_holder(const struct contended_lock *lock)
{
	const struct lock_holder *best = NULL;

	for (size_t i = 0; i < lock->holder_count && i < LOCK_HOLDERS; i++) {
		const struct lock_holder *holder = &lock->holders[i];

		if (!best || (best->waits_itself && !holder->waits_itself) ||
		    (best->waits_itself == holder->waits_itself && best->proof > holder->proof))
			best = holder;
	}
	return best;
}

static bool is_on_chain(const struct hang_root *root, const struct contended_lock *lock)
{
	for (size_t i = 0; i < root->length; i++)
		if (root->chain[i] == lock)
			return true;
	return false;
}

static enum root_kind follow(struct analysis *analysis, const struct contention *contention, const struct contended_lock *lock,
			     struct hang_root *ret)
{
	while (ret->length < CHAIN_LIMIT) {
		const struct contended_lock *next;

		ret->chain[ret->length++] = lock;
		ret->holder = best_holder(lock);
		if (!ret->holder)
			return without_holder(analysis, contention, lock, ret);
		next = contended_by(contention, ret->holder->goroutine);
		if (!next)
			return of_holder(analysis, contention, ret);
		of_holder(analysis, contention, ret);
		if (next == lock) /* unless somebody else may hold it, too, and is not known to */
			return knows_all(contention, lock) ? ROOT_ITSELF : ROOT_NONE;
		if (is_on_chain(ret, next))
			return ROOT_CIRCLE;
		lock = next;
	}
	return ROOT_NONE;
}

bool root_find(struct analysis *analysis, const struct contention *contention, const struct contended_lock *lock,
	       struct hang_root *ret)
{
	*ret = (struct hang_root){0};
	ret->kind = follow(analysis, contention, lock, ret);
	if (ret->kind == ROOT_NONE)
		return false;
	ret->fact = &facts[ret->kind];
	return true;
}

bool lock_holder_is_proven(const struct lock_holder *holder)
{
	return holder->section.always && holder->proof <= PROOF_CODE;
}

bool root_counts(const struct hang_root *root, const struct occasion *occasion)
{
	const int64_t seconds = occasion->signalled ? root->fact->after : root->fact->since;
	const size_t least = occasion->signalled ? root->fact->signalled : root->fact->alive;

	return root->chain[0]->waiters >= least && root->chain[0]->longest >= seconds * NANOTIME_SECOND;
}

bool root_is_proven(struct analysis *analysis, const struct contention *contention, const struct hang_root *root)
{
	return root->kind == ROOT_ITSELF && lock_holder_is_proven(root->holder) && root->holder->proof == PROOF_SLOT &&
	       !lock_may_be_handed(analysis, contention, root->chain[root->length - 1]);
}

/* By which function of package syscall, or the like, the function that holds the lock entered the call: "syscall.Write". */
static const char *system_call(struct analysis *analysis, const struct hang_root *root)
{
	struct stack stack = {0};

	goroutine_stack(analysis, root->holder->goroutine, &stack);
	for (size_t i = root->holder->frame; i-- > 0;) {
		const char *name = stack.frames.items[i].info->func ? go_func_name(stack.frames.items[i].info) : "";

		if (!strncmp(name, "syscall.", 8) || strstr(name, "/unix."))
			return name;
	}
	return NULL;
}

const char *root_text(struct analysis *analysis, const struct hang_root *root)
{
	const char *call = root->kind == ROOT_SYSTEM_CALL ? system_call(analysis, root) : NULL;

	if (root->kind == ROOT_NETWORK && root->wait.has_descriptor)
		return arena_printf(analysis->arena, "%s on descriptor %" PRId64, root->fact->text, root->wait.descriptor);
	return call ? arena_printf(analysis->arena, "%s (%s)", root->fact->text, call) : root->fact->text;
}
