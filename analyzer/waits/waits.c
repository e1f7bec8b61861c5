/* waits.c: from a goroutine to what it waits for. Channels: g.waiting is the list of its sudogs, in the order of the select
 * (runtime/chan.go, select.go). Semaphores: Go 1.26 sets g.waiting too; before, the sudog is known to the frame of
 * runtime.semacquire1 alone, and told by naming the goroutine (runtime/sema.go). Files: likewise, of the frames of
 * internal/poll, the pollDesc that names it (runtime/netpoll.go). */
#include "analyzer/waits/waits.h"
#include "analyzer/waits/recorded_waits.h"

#include "base/prefix.h"
#include "base/steps.h"

#include <string.h>

enum { MACHINERY_BYTES = 4096, WORD = 8, LIST_HEAD = 16 /* of a notifyList */ };

static const struct {
	const char *text;
	enum wait_kind kind;
} reasons[] = {
#define WAIT_REASON(text_, kind_) {text_, kind_},
#include "analyzer/waits/kinds.def"
};

static const struct {
	const char *reason, *function;
	enum wait_kind kind;
	enum layout_field semaphore; /* its offset in the lock */
} locks[] = {
#define WAIT_LOCK(reason_, function_, kind_, field_) {reason_, function_, kind_, field_},
#include "analyzer/waits/kinds.def"
};

enum { LOCKS = sizeof locks / sizeof *locks };

/* Packages whose frames are between the program and what it waits for. */
static const char *const machinery[] = {"runtime.", "internal/runtime/", "internal/sync.", "sync.",
					"internal/poll.", "time.Sleep"};

bool wait_is_machinery(const char *name)
{
	return prefix_of(name, machinery, sizeof machinery / sizeof *machinery) != NULL;
}

static enum wait_kind kind_of_reason(const char *reason)
{
	for (size_t i = 0; reason && i < sizeof reasons / sizeof *reasons; i++)
		if (!strncmp(reason, reasons[i].text, strlen(reasons[i].text)))
			return reasons[i].kind;
	return WAIT_OTHER;
}

enum wait_kind wait_kind_of(struct analysis *analysis, const struct goroutine *goroutine)
{
	uint8_t *known = &analysis->wait_kinds[goroutine->wait_reason];

	if (goroutine->status != G_WAITING && goroutine->status != G_LEAKED)
		return WAIT_OTHER;
	if (!*known)
		*known = (uint8_t)(1 + kind_of_reason(goroutine_wait_reason(analysis->runtime, goroutine)));
	return (enum wait_kind)(*known - 1);
}

static size_t program_frame(const struct stack *stack)
{
	for (size_t i = 0; i < stack->frames.count; i++)
		if (stack->frames.items[i].info->func && !wait_is_machinery(go_func_name(stack->frames.items[i].info)))
			return i;
	return SIZE_MAX;
}

/* A pointer field that became two words in Go 1.26 (maybeTraceablePtr, runtime2.go): the last of them is the truth. */
static bool last_word(struct go_runtime *runtime, uint64_t object, enum layout_field field, enum layout_field next,
		      uint64_t *ret)
{
	const struct layout *layout = runtime->layout;

	return layout && layout->offset[field] != LAYOUT_ABSENT && layout->offset[next] != LAYOUT_ABSENT &&
	       image_u64(runtime->image, object + layout->offset[next] - WORD, ret);
}

static bool sudog_channel(struct go_runtime *runtime, uint64_t sudog, uint64_t *ret)
{
	return last_word(runtime, sudog, LAYOUT_sudog_c, LAYOUT_sudog_size, ret);
}

static bool names_goroutine(struct go_runtime *runtime, uint64_t sudog, const struct goroutine *g)
{
	uint64_t owner;

	return sudog && go_field(runtime, sudog, LAYOUT_sudog_g, &owner) && owner == g->address;
}

static void read_channels(struct go_runtime *runtime, const struct goroutine *g, struct wait *ret)
{
	uint64_t sudog = 0;
	uint64_t channel;

	go_field(runtime, g->address, LAYOUT_g_waiting, &sudog);
	while (names_goroutine(runtime, sudog, g) && sudog_channel(runtime, sudog, &channel) && channel) {
		if (ret->channel_count == WAIT_CHANNELS) {
			ret->more_channels = true;
			return;
		}
		ret->channels[ret->channel_count++] = (struct wait_channel){channel, sudog};
		if (ret->kind != WAIT_SELECT || !go_field(runtime, sudog, LAYOUT_sudog_waitlink, &sudog))
			return;
	}
}

/* The semaphore of a sudog that waits for one. */
static uint64_t sudog_semaphore(struct go_runtime *runtime, const struct goroutine *g, uint64_t sudog)
{
	uint64_t channel, semaphore;

	if (sudog % WORD || (sudog >= g->stack_lo && sudog < g->stack_hi) || !names_goroutine(runtime, sudog, g) ||
	    !sudog_channel(runtime, sudog, &channel) || channel ||
	    !last_word(runtime, sudog, LAYOUT_sudog_elem, LAYOUT_sudog_acquiretime, &semaphore))
		return 0;
	return semaphore;
}

/* The part of the stack below the program's own frames. */
static struct span machinery_words(struct analysis *analysis, const struct stack *stack, size_t program)
{
	uint64_t low = stack->frames.count ? stack->frames.items[0].sp : 0;
	uint64_t high = program < stack->frames.count ? stack->frames.items[program].sp : low + MACHINERY_BYTES;

	if (high < low || high - low > MACHINERY_BYTES)
		high = low + MACHINERY_BYTES;
	return image_view(analysis->image, low, high - low);
}

static void find_semaphore(struct analysis *analysis, const struct goroutine *g, const struct stack *stack,
			   struct wait *ret)
{
	struct span words = machinery_words(analysis, stack, ret->frame);
	uint64_t sudog = 0;
	uint64_t semaphore;

	go_field(analysis->runtime, g->address, LAYOUT_g_waiting, &sudog);
	semaphore = sudog_semaphore(analysis->runtime, g, sudog);
	for (uint64_t at = 0; !semaphore && at + WORD <= words.size; at += WORD) {
		sudog = span_u64(words, at);
		semaphore = sudog_semaphore(analysis->runtime, g, sudog);
	}
	if (!semaphore)
		return;
	ret->sudog = sudog;
	ret->object = semaphore;
}

/* A Cond's list of who waits, before Go 1.26 known to the frame of runtime.notifyListWait alone (runtime/sema.go notifyList: wait,
 * notify uint32, lock, head, tail): from its head to its tail it passes this goroutine. */
static bool is_list_of(struct go_runtime *runtime, const struct goroutine *g, uint64_t list, uint64_t *sudog)
{
	uint64_t at, tail;

	*sudog = 0;
	if (list % WORD || (list >= g->stack_lo && list < g->stack_hi) || !image_u64(runtime->image, list + LIST_HEAD, &at) ||
	    !image_u64(runtime->image, list + LIST_HEAD + WORD, &tail))
		return false;
	for (int i = 0; at && i < QUEUE_LIMIT && steps_take(1); i++) {
		if (names_goroutine(runtime, at, g))
			*sudog = at;
		if (at == tail)
			return *sudog != 0;
		if (!go_field(runtime, at, LAYOUT_sudog_next, &at))
			return false;
	}
	return false;
}

static void find_condition(struct analysis *analysis, const struct goroutine *g, const struct stack *stack, struct wait *ret)
{
	struct span words = machinery_words(analysis, stack, ret->frame);
	uint64_t sudog;

	find_semaphore(analysis, g, stack, ret);
	for (uint64_t at = 0; !ret->object && at + WORD <= words.size; at += WORD) {
		if (!is_list_of(analysis->runtime, g, span_u64(words, at), &sudog))
			continue;
		ret->object = span_u64(words, at);
		ret->sudog = sudog;
	}
}

/* The innermost function that waits for a lock, be it inlined: its row; LOCKS: none. */
static size_t lock_function(struct analysis *analysis, const struct stack *stack, size_t program)
{
	struct frame_line lines[INLINE_LIMIT];

	for (size_t i = 0; i < stack->frames.count && i <= program; i++) {
		size_t count = frame_lines(analysis->image, stack, i, lines);

		for (size_t j = 0; j < count; j++)
			for (size_t k = 0; lines[j].function && k < LOCKS; k++)
				if (!strcmp(lines[j].function, locks[k].function))
					return k;
	}
	return LOCKS;
}

/* Which lock a goroutine waits for: its row; LOCKS: none is known. */
static size_t lock_of(struct analysis *analysis, const char *reason, const struct stack *stack, size_t program)
{
	size_t lock = 0;

	/* "sync.WaitGroup.Wait (durable)" too */
	while (lock < LOCKS && strncmp(reason, locks[lock].reason, strlen(locks[lock].reason)) != 0)
		lock++;
	return lock < LOCKS ? lock : lock_function(analysis, stack, program);
}

/* Which lock the semaphore belongs to. */
static void name_lock(struct analysis *analysis, const char *reason, const struct stack *stack, struct wait *ret)
{
	const struct layout *layout = analysis->runtime->layout;
	const size_t lock = lock_of(analysis, reason, stack, ret->frame);

	if (lock == LOCKS)
		return;
	ret->kind = locks[lock].kind;
	if (!ret->object || !layout || layout->offset[locks[lock].semaphore] == LAYOUT_ABSENT)
		ret->object = 0;
	else
		ret->object -= layout->offset[locks[lock].semaphore];
}

static void find_file(struct analysis *analysis, const struct goroutine *g, const struct stack *stack, struct wait *ret)
{
	struct span words = machinery_words(analysis, stack, ret->frame);
	struct go_runtime *runtime = analysis->runtime;
	uint64_t reader, writer, descriptor;

	for (uint64_t at = 0; at + WORD <= words.size; at += WORD) {
		uint64_t desc = span_u64(words, at);

		if (desc % WORD || (desc >= g->stack_lo && desc < g->stack_hi) ||
		    !go_field(runtime, desc, LAYOUT_pollDesc_rg, &reader) ||
		    !go_field(runtime, desc, LAYOUT_pollDesc_wg, &writer) ||
		    (reader != g->address && writer != g->address) ||
		    !go_field(runtime, desc, LAYOUT_pollDesc_fd, &descriptor) || descriptor > INT32_MAX)
			continue;
		ret->has_descriptor = true;
		ret->descriptor = (int64_t)descriptor;
		ret->object = desc;
		return;
	}
}

/* Of a log: what a function between the program and its wait was called with. */
static void read_recorded(struct analysis *analysis, const struct goroutine *g, const struct stack *stack, struct wait *ret)
{
	const bool channel = ret->kind == WAIT_RECEIVE || ret->kind == WAIT_SEND;
	size_t lock = LOCKS;
	uint64_t object;

	if (!channel && ret->kind != WAIT_SEMAPHORE && ret->kind != WAIT_COND)
		return;
	object = recorded_wait_object(stack, ret->frame, channel);
	if (ret->kind == WAIT_SEMAPHORE)
		lock = lock_of(analysis, goroutine_wait_reason(analysis->runtime, g), stack, ret->frame);
	if (lock < LOCKS)
		ret->kind = locks[lock].kind;
	if (!channel)
		ret->object = object;
	else if (object)
		ret->channels[ret->channel_count++] = (struct wait_channel){.address = object};
}

void wait_read(struct analysis *analysis, size_t index, const struct stack *stack, struct wait *ret)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[index];

	*ret = (struct wait){.kind = wait_kind_of(analysis, g), .frame = program_frame(stack)};
	if (analysis->runtime->recorded) {
		read_recorded(analysis, g, stack, ret);
		return;
	}
	switch (ret->kind) {
	case WAIT_RECEIVE:
	case WAIT_SEND:
	case WAIT_SELECT:
		read_channels(analysis->runtime, g, ret);
		break;
	case WAIT_SEMAPHORE:
		find_semaphore(analysis, g, stack, ret);
		name_lock(analysis, goroutine_wait_reason(analysis->runtime, g), stack, ret);
		break;
	case WAIT_COND:
		find_condition(analysis, g, stack, ret);
		break;
	case WAIT_IO:
		find_file(analysis, g, stack, ret);
		break;
	default:
		break;
	}
}

bool wait_is_for_lock(enum wait_kind kind)
{
	return kind == WAIT_MUTEX || kind == WAIT_READ_LOCK || kind == WAIT_WRITE_LOCK;
}

bool wait_is_for_others(enum wait_kind kind)
{
	return kind != WAIT_OTHER && kind != WAIT_SLEEP && kind != WAIT_IO;
}

static size_t queue_length(struct go_runtime *runtime, uint64_t sudog)
{
	size_t length = 0;

	while (sudog && length < QUEUE_LIMIT && steps_take(1)) {
		length++;
		if (!go_field(runtime, sudog, LAYOUT_sudog_next, &sudog))
			break;
	}
	return length;
}

bool channel_read(struct go_runtime *runtime, uint64_t address, struct channel *ret)
{
	uint64_t receivers, senders;
	uint64_t timer = 0;
	uint32_t closed;

	if (!go_field(runtime, address, LAYOUT_hchan_qcount, &ret->count) ||
	    !go_field(runtime, address, LAYOUT_hchan_dataqsiz, &ret->size) ||
	    !go_field32(runtime, address, LAYOUT_hchan_closed, &closed) ||
	    !go_field(runtime, address, LAYOUT_hchan_recvq_first, &receivers) ||
	    !go_field(runtime, address, LAYOUT_hchan_sendq_first, &senders))
		return false;
	go_field(runtime, address, LAYOUT_hchan_timer, &timer);
	ret->address = address;
	ret->closed = closed != 0;
	ret->timer = timer != 0;
	ret->receivers = queue_length(runtime, receivers);
	ret->senders = queue_length(runtime, senders);
	return true;
}
