/* follow.c: see follow.h. Lists: runtime.allgs (proc.go), runtime.allm and allp, g.waiting (runtime2.go). */
#include "golang/live/follow.h"

enum {
	GOROUTINE_LIMIT = 1 << 22,
	MACHINE_LIMIT = 20000,
	PROCESSOR_LIMIT = 1 << 12,
	WAITING_LIMIT = 1 << 10, /* sudogs of one goroutine: the cases of a select */
	STACK_LIMIT = 1 << 30,
	LIVE_PART = 1 << 20,     /* of a stack, from SP up: deeper ones are recursions, whose middle can be missed */
	OUTERMOST = 1 << 14,     /* of a stack: who started it */
	THREAD_PART = 1 << 16,   /* of a thread's stack, from SP up */
	BELOW = 1 << 10,         /* SP: what frames that returned left behind */
	SYSTEM_STACK = 1 << 16,  /* those of g0 and gsignal that the runtime made are smaller */
	TLS_PART = 1 << 12,      /* on both sides of the thread pointer */
	WORD = 8,
};

static uint64_t field(const struct live_following *following, uint64_t object, enum layout_field field)
{
	const uint32_t offset = following->plan->layout.offset[field];
	uint64_t value = 0;

	return offset != LAYOUT_ABSENT && live_memory_read(following->memory, object + offset, &value, sizeof value) ? value : 0;
}

static void want_object(struct live_following *following, uint64_t address, enum layout_field size)
{
	const uint32_t bytes = following->plan->layout.offset[size];

	if (address && bytes != LAYOUT_ABSENT)
		live_memory_want(following->memory, address, bytes);
}

static void take(struct live_following *following)
{
	live_memory_take(following->memory, 0);
}

/* ---- threads ---- */

/* A register of a thread, by where NT_PRSTATUS has it; registers begin at 112 there (struct elf_prstatus). */
static uint64_t thread_register(const struct arch *arch, const struct live_thread *thread, uint8_t reg)
{
	enum { REGISTERS = 112 };
	const struct span bytes = {thread->registers, thread->register_bytes};

	for (size_t i = 0; i < arch->prstatus.count; i++)
		if (arch->prstatus.slots[i].reg == reg)
			return span_u64(bytes, arch->prstatus.slots[i].offset - REGISTERS);
	return 0;
}

static void want_thread(struct live_following *following, const struct live_thread *thread)
{
	const uint64_t sp = thread_register(following->arch, thread, following->arch->sp);
	const uint64_t tls = thread->has_thread_pointer ? thread->thread_pointer
							: thread_register(following->arch, thread, following->arch->tls);
	const struct live_region *region = live_maps_find(following->maps, sp);

	if (region)
		live_memory_want(following->memory, sp > BELOW ? sp - BELOW : 0,
				 BELOW + (region->end - sp < THREAD_PART ? region->end - sp : THREAD_PART));
	if (tls > TLS_PART)
		live_memory_want(following->memory, tls - TLS_PART, (uint64_t)TLS_PART * 2);
}

/* ---- goroutines ---- */

static void want_stack(struct live_following *following, uint64_t lo, uint64_t sp, uint64_t hi)
{
	uint64_t from;

	if (sp < lo || sp >= hi || hi - lo > STACK_LIMIT)
		return;
	from = sp - lo > BELOW ? sp - BELOW : lo;
	live_memory_want(following->memory, from, hi - from < LIVE_PART ? hi - from : LIVE_PART);
	live_memory_want(following->memory, hi - from < OUTERMOST ? from : hi - OUTERMOST, OUTERMOST < hi - from ? OUTERMOST : hi - from);
	vec_push(following->arena, &following->stacks, (struct live_stack){sp, hi});
}

/* The scheduler's SP of one that runs is of long ago: its thread's counts. */
static void want_running(struct live_following *following, uint64_t lo, uint64_t hi)
{
	for (size_t i = 0; i < following->threads->count; i++)
		want_stack(following, lo, thread_register(following->arch, &following->threads->items[i], following->arch->sp), hi);
}

static void want_goroutine(struct live_following *following, uint64_t g)
{
	enum { G_MOST = 4096 };
	const struct layout *layout = &following->plan->layout;
	const size_t size = layout->offset[LAYOUT_g_size] < G_MOST ? layout->offset[LAYOUT_g_size] : G_MOST;
	struct span object = live_memory_view(following->memory, g, size);
	uint8_t bytes[G_MOST];
	uint64_t lo, hi;
	uint32_t status;

	if (object.size < size) {
		if (!live_memory_read(following->memory, g, bytes, size))
			return;
		object = (struct span){bytes, size};
	}
	status = span_u32(object, layout->offset[LAYOUT_g_atomicstatus]) & ~(uint32_t)G_SCAN;
	if (status == G_DEAD || status == G_DEADEXTRA)
		return;
	following->goroutines++;
	if (layout_u64(layout, object, LAYOUT_g_waiting))
		vec_push(following->arena, &following->sudogs, layout_u64(layout, object, LAYOUT_g_waiting));
	lo = layout_u64(layout, object, LAYOUT_g_stack_lo);
	hi = layout_u64(layout, object, LAYOUT_g_stack_hi);
	want_stack(following, lo, layout_u64(layout, object, LAYOUT_g_sched_sp), hi);
	want_stack(following, lo, layout_u64(layout, object, LAYOUT_g_syscallsp), hi);
	if (status != G_WAITING && status != G_RUNNABLE)
		want_running(following, lo, hi);
}

/* An array of pointers; *count becomes what is there of it. */
static const uint64_t *pointers(struct live_following *following, uint64_t slice, size_t limit, size_t *count)
{
	uint64_t head[2] = {0, 0}; /* array, len */
	uint64_t *items;

	*count = 0;
	if (!slice || !live_memory_read(following->memory, slice, head, sizeof head) || !head[1] || head[1] > limit)
		return NULL;
	live_memory_want(following->memory, head[0], head[1] * WORD);
	take(following);
	items = arena_array(following->arena, (size_t)head[1], sizeof *items);
	if (!live_memory_read(following->memory, head[0], items, (size_t)head[1] * sizeof *items))
		return NULL;
	*count = (size_t)head[1];
	return items;
}

static void want_system_stack(struct live_following *following, uint64_t g)
{
	const uint64_t lo = g ? field(following, g, LAYOUT_g_stack_lo) : 0, hi = g ? field(following, g, LAYOUT_g_stack_hi) : 0;
	const uint64_t sp = g ? field(following, g, LAYOUT_g_sched_sp) : 0;

	if (lo < hi && hi - lo <= SYSTEM_STACK)
		live_memory_want(following->memory, lo, hi - lo);
	else if (lo < sp && sp < hi)
		live_memory_want(following->memory, sp, hi - sp < THREAD_PART ? hi - sp : THREAD_PART);
}

static void want_machines(struct live_following *following)
{
	uint64_t m = 0;

	live_memory_read(following->memory, following->plan->globals.allm, &m, sizeof m);
	for (int i = 0; m && i < MACHINE_LIMIT; i++) {
		want_object(following, m, LAYOUT_m_size);
		take(following);
		want_object(following, field(following, m, LAYOUT_m_g0), LAYOUT_g_size);
		want_object(following, field(following, m, LAYOUT_m_gsignal), LAYOUT_g_size);
		take(following);
		want_system_stack(following, field(following, m, LAYOUT_m_g0));
		want_system_stack(following, field(following, m, LAYOUT_m_gsignal));
		m = field(following, m, LAYOUT_m_alllink);
	}
}

static void want_processors(struct live_following *following)
{
	size_t count;
	const uint64_t *items = pointers(following, following->plan->globals.allp, PROCESSOR_LIMIT, &count);

	for (size_t i = 0; i < count; i++)
		want_object(following, items[i], LAYOUT_p_size);
}

void live_follow_late(struct live_following *following)
{
	for (size_t i = 0; i < following->threads->count; i++)
		if (following->threads->items[i].late)
			want_thread(following, &following->threads->items[i]);
}

void live_follow_stacks(struct live_following *following)
{
	const uint64_t *items = NULL;
	size_t count = 0;

	for (size_t i = 0; i < following->threads->count; i++)
		want_thread(following, &following->threads->items[i]);
	take(following);
	if (!following->plan)
		return;
	items = pointers(following, following->plan->globals.allgs, GOROUTINE_LIMIT, &count);
	for (size_t i = 0; i < count; i++)
		want_object(following, items[i], LAYOUT_g_size);
	want_processors(following);
	take(following);
	for (size_t i = 0; i < count; i++)
		want_goroutine(following, items[i]);
	want_machines(following);
	take(following);
}

/* ---- what they wait for ---- */

/* Heads of lists of sudogs, then what each leads to. */
static void want_sudogs(struct live_following *following, struct live_pages *sudogs)
{
	for (int round = 0; round < WAITING_LIMIT && sudogs->count; round++) {
		struct live_pages next = {0};

		for (size_t i = 0; i < sudogs->count; i++)
			want_object(following, sudogs->items[i], LAYOUT_sudog_size);
		take(following);
		for (size_t i = 0; i < sudogs->count; i++) {
			const uint64_t link = field(following, sudogs->items[i], LAYOUT_sudog_waitlink);

			want_object(following, field(following, sudogs->items[i], LAYOUT_sudog_c), LAYOUT_hchan_size);
			live_memory_want(following->memory, field(following, sudogs->items[i], LAYOUT_sudog_elem), WORD);
			if (link)
				vec_push(following->arena, &next, link);
		}
		*sudogs = next;
	}
	take(following);
}

void live_follow_waits(struct live_following *following)
{
	if (following->plan)
		want_sudogs(following, &following->sudogs);
}

/* ---- what words of stacks point to ---- */

enum { LOOKED_AT = 128 /* bytes of an object */, WORDS_LIMIT = 512 /* of a stack */, PAGES_LIMIT = 1 << 15 };

static void follow_word(struct live_following *following, uint64_t word, struct live_pages *pages)
{
	if (pages->count == PAGES_LIMIT || !word || word % WORD || !live_memory_lacks(following->memory, word))
		return;
	live_memory_want(following->memory, word, LOOKED_AT);
	vec_push(following->arena, pages, word);
}

static void follow_words(struct live_following *following, uint64_t from, uint64_t to, struct live_pages *pages)
{
	while (from < to) {
		const struct span words = live_memory_view(following->memory, from, (size_t)(to - from));

		for (size_t i = 0; i + WORD <= words.size; i += WORD)
			follow_word(following, load_u64(words.data + i), pages);
		if (!words.size)
			return;
		from += words.size;
	}
}

void live_follow_pointers(struct live_following *following, struct live_pages *ret)
{
	size_t objects;

	for (size_t i = 0; i < following->stacks.count; i++) {
		const uint64_t sp = following->stacks.items[i].sp, hi = following->stacks.items[i].hi;

		follow_words(following, sp - sp % WORD, hi - sp < WORDS_LIMIT * WORD ? hi : sp + WORDS_LIMIT * WORD, ret);
	}
	take(following);
	objects = ret->count;
	for (size_t i = 0; i < objects; i++)
		follow_words(following, ret->items[i], ret->items[i] + LOOKED_AT, ret);
	take(following);
}
