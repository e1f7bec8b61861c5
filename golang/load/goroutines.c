/* goroutines.c: the list of goroutines, runtime.allgs (runtime/proc.go): a slice of pointers to runtime.g. Each g is read
 * in place through a view of the dump; only the fields that the analysis needs are copied. */
#include "golang/load/load.h"

#include "base/slices.h"
#include "formats/dump/kept.h"

enum {
	GOROUTINE_LIMIT = 1 << 24,
	STACK_LIMIT = 1 << 30,
	G_SIZE_LIMIT = 4096,
	RESERVED = 1 << 21,
	PART = 1 << 14,  /* of the list is read at a time, */
	SLICE = 1 << 11, /* and so much by one CPU at least */
	AHEAD = 8,
};

static bool status_known(uint32_t status)
{
	switch (status & ~(uint32_t)G_SCAN) {
	case G_IDLE:
	case G_RUNNABLE:
	case G_RUNNING:
	case G_SYSCALL:
	case G_WAITING:
	case G_DEAD:
	case G_COPYSTACK:
	case G_PREEMPTED:
	case G_LEAKED:
	case G_DEADEXTRA:
		return !(status >> 13);
	default:
		return false;
	}
}

static void read_fields(const struct layout *l, struct span g, struct goroutine *ret)
{
	uint32_t word = span_u32(g, l->offset[LAYOUT_g_atomicstatus]);
	uint32_t status = word & ~(uint32_t)G_SCAN;

	ret->status = status < UINT16_MAX ? (uint16_t)status : UINT16_MAX; /* which is none either */
	ret->scan = word & G_SCAN;
	ret->id = layout_u64(l, g, LAYOUT_g_goid);
	ret->wait_reason = span_u8(g, l->offset[LAYOUT_g_waitreason]);
	ret->stack_lo = layout_u64(l, g, LAYOUT_g_stack_lo);
	ret->stack_hi = layout_u64(l, g, LAYOUT_g_stack_hi);
	ret->sched_pc = layout_u64(l, g, LAYOUT_g_sched_pc);
	ret->sched_sp = layout_u64(l, g, LAYOUT_g_sched_sp);
	ret->sched_lr = layout_u64(l, g, LAYOUT_g_sched_lr);
	ret->sched_bp = layout_u64(l, g, LAYOUT_g_sched_bp);
	ret->syscall_pc = layout_u64(l, g, LAYOUT_g_syscallpc);
	ret->syscall_sp = layout_u64(l, g, LAYOUT_g_syscallsp);
	ret->m = layout_u64(l, g, LAYOUT_g_m);
	ret->gopc = layout_u64(l, g, LAYOUT_g_gopc);
	ret->parent_id = layout_u64(l, g, LAYOUT_g_parentGoid);
	ret->startpc = layout_u64(l, g, LAYOUT_g_startpc);
	ret->waitsince = (int64_t)layout_u64(l, g, LAYOUT_g_waitsince);
	ret->preempt = layout_u8(l, g, LAYOUT_g_preempt);
	ret->async_safe_point = layout_u8(l, g, LAYOUT_g_asyncSafePoint);
	ret->locked = layout_u64(l, g, LAYOUT_g_lockedm) != 0;
	ret->machine = -1;
}

/* Those that read_fields reads: of millions the others would be most of a slim dump. Of what is only tried, the words are not known to be the
 * runtime's, whose fields stay in what leaves the machine: whoever has looked for a list of goroutines has looked at arguments. */
static void cite_fields(struct image *image, const struct layout *layout, uint64_t address, bool tried)
{
	static const enum layout_field read[] = {
		LAYOUT_g_atomicstatus, LAYOUT_g_goid, LAYOUT_g_waitreason, LAYOUT_g_stack_lo, LAYOUT_g_stack_hi, LAYOUT_g_sched_pc,
		LAYOUT_g_sched_sp, LAYOUT_g_sched_lr, LAYOUT_g_sched_bp, LAYOUT_g_syscallpc, LAYOUT_g_syscallsp, LAYOUT_g_m, LAYOUT_g_gopc,
		LAYOUT_g_parentGoid, LAYOUT_g_startpc, LAYOUT_g_waitsince, LAYOUT_g_preempt, LAYOUT_g_asyncSafePoint, LAYOUT_g_lockedm,
	};

	for (size_t i = 0; i < sizeof read / sizeof *read; i++)
		if (layout->offset[read[i]] < layout->offset[LAYOUT_g_size])
			(tried ? image_cite : image_cite_field)(image, address + layout->offset[read[i]], 1);
}

static bool read_goroutine(struct image *image, const struct layout *layout, uint64_t address, bool tried, struct goroutine *ret)
{
	uint64_t size = layout->offset[LAYOUT_g_size];
	struct span g = image_peek(image, address, size);
	uint8_t copy[G_SIZE_LIMIT];

	if (g.size < size) { /* crosses a segment, or is not there */
		if (size > sizeof copy || image_read(image, address, copy, size) != MEM_OK)
			return false;
		g = (struct span){copy, size};
	}
	if (image->kept && image->kept->recording)
		cite_fields(image, layout, address, tried);
	ret->address = address;
	read_fields(layout, g, ret);
	return true;
}

static bool plausible(const struct goroutine *g)
{
	if (!status_known(g->status))
		return false;
	if (g->status == G_DEAD || g->status == G_DEADEXTRA || g->status == G_IDLE)
		return g->stack_lo <= g->stack_hi;
	return g->stack_lo < g->stack_hi && g->stack_hi - g->stack_lo <= STACK_LIMIT && g->id && g->id < 1ULL << 48;
}

bool goroutine_plausible(struct go_runtime *runtime, uint64_t address)
{
	struct goroutine g = {0};

	return address && address % 8 == 0 && read_goroutine(runtime->image, runtime->layout, address, true, &g) && plausible(&g);
}

/* Drops what hostile memory could list twice: the same id. */
static size_t unique(struct goroutine *items, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept && items[kept - 1].id == items[i].id)
			continue;
		if (kept != i)
			items[kept] = items[i];
		kept++;
	}
	return kept;
}

struct tally {
	uint64_t unreadable, implausible, dead;
	bool repeats;         /* the list has more entries than there can be goroutines: */
	struct word_map seen; /* each of these counts once */
};

static void add_misfit(struct go_runtime *runtime, const struct goroutine *g, struct tally *tally)
{
	tally->implausible++;
	if (runtime->misfits.count < MISFITS_KEPT)
		vec_push(runtime->arena, &runtime->misfits, *g);
}

/* Memory is not touched before it is used; a list that claims too much costs no more than one that grew. */
static void reserve(struct go_runtime *runtime, uint64_t count)
{
	const size_t capacity = count < RESERVED ? (size_t)count : RESERVED;

	if (!capacity)
		return;
	runtime->goroutines.items = arena_array(runtime->arena, capacity, sizeof *runtime->goroutines.items);
	runtime->goroutines.capacity = capacity;
}

/* Part of the list, and what its entries lead to; address 0: nothing that can be read. */
struct part {
	const struct go_runtime *runtime;
	uint64_t list;
	struct goroutine *items;
};

static void read_slice(void *context, size_t slice, size_t from, size_t to)
{
	const struct part *part = context;
	const struct layout *layout = part->runtime->layout;
	struct image image = *part->runtime->image; /* a cache of lookups of its own */
	uint64_t address;

	(void)slice;
	for (size_t i = from; i < to; i++) {
		struct goroutine *g = &part->items[i];

		*g = (struct goroutine){0};
		if (image_u64(&image, part->list + 8 * (i + AHEAD), &address))
			image_prefetch(&image, address, layout->offset[LAYOUT_g_size]);
		if (!image_u64(&image, part->list + 8 * i, &address) || !read_goroutine(&image, layout, address, false, g))
			g->address = 0;
	}
}

static void add_entry(struct go_runtime *runtime, const struct goroutine *g, struct tally *tally)
{
	if (!g->address)
		tally->unreadable++;
	else if (!plausible(g) || g->status == G_IDLE) /* who is on the list has left that state (newproc1) */
		add_misfit(runtime, g, tally);
	else if (g->status == G_DEAD || g->status == G_DEADEXTRA)
		tally->dead++;
	else if (!tally->repeats || word_map_add(&tally->seen, runtime->arena, g->address, 0))
		vec_push(runtime->arena, &runtime->goroutines, *g);
}

/* Puts each item where its key is; every cycle of the permutation needs room for one. */
static void permute(struct goroutine *items, struct goroutine_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct goroutine first;
		size_t to = i;

		if (keys[i].index == i)
			continue;
		first = items[i];
		while (keys[to].index != i) {
			size_t from = keys[to].index;

			items[to] = items[from];
			keys[to].index = to;
			to = from;
		}
		items[to] = first;
		keys[to].index = to;
	}
}

/* Keys are sorted instead of goroutines, which are large. */
static void sort_by_id(struct go_runtime *runtime)
{
	struct goroutine_key *keys = runtime->by_address;
	const size_t count = runtime->goroutines.count;

	for (size_t i = 0; i < count; i++)
		keys[i] = (struct goroutine_key){runtime->goroutines.items[i].id, i};
	goroutine_keys_sort(runtime->arena, keys, count);
	permute(runtime->goroutines.items, keys, count);
}

/* A list may name one goroutine again and again. Drops what it repeats; false: that makes no room. */
static bool drop_repeated(struct go_runtime *runtime, size_t room)
{
	sort_by_id(runtime);
	runtime->goroutines.count = unique(runtime->goroutines.items, runtime->goroutines.count);
	return runtime->goroutines.count <= room / 2;
}

/* Most of the time goes into waiting for memory, which several CPUs do at once. */
static void read_list(struct go_runtime *runtime, uint64_t list, uint64_t count, struct tally *tally)
{
	const size_t step = count < PART ? (size_t)count : PART;
	const size_t room = runtime->image->bytes.size / runtime->layout->offset[LAYOUT_g_size] + 1; /* the dump has for goroutines */
	struct part part = {.runtime = runtime, .items = arena_array(runtime->arena, step + 1, sizeof *part.items)};

	reserve(runtime, count);
	tally->repeats = count > room;
	if (tally->repeats)
		runtime->by_address = arena_array(runtime->arena, room + step + 1, sizeof *runtime->by_address);
	for (uint64_t done = 0; done < count; done += step) {
		const size_t size = count - done < step ? (size_t)(count - done) : step;

		progress_step(runtime->image->progress, PROGRESS_LISTING, done, count);
		part.list = list + 8 * done;
		slices_run(slices_count(runtime->image->workers, size, SLICE), size, read_slice, &part);
		for (size_t i = 0; i < size; i++)
			add_entry(runtime, &part.items[i], tally);
		if (runtime->goroutines.count > room && !drop_repeated(runtime, room)) {
			note_add(runtime->notes, "runtime.allgs names more goroutines than the dump has room for: the list is damaged, and "
						 "is read no further");
			runtime->goroutines_incomplete = true;
			return;
		}
	}
}

/* A list can be no longer than the memory that holds it. */
static uint64_t bounded(struct go_runtime *runtime, uint64_t list, uint64_t count)
{
	const struct segment *segment = image_segment(runtime->image, list);
	uint64_t room = segment ? (segment->address + segment->size - list) / 8 : 0;

	if (count > room || count > GOROUTINE_LIMIT) {
		note_add(runtime->notes, "runtime.allgs claims %llu goroutines, more than its memory can hold: the list is damaged",
			 (unsigned long long)count);
		runtime->goroutines_incomplete = true;
		count = room < GOROUTINE_LIMIT ? room : GOROUTINE_LIMIT;
	}
	return count;
}

static void report(struct go_runtime *runtime, const struct tally *tally)
{
	if (tally->unreadable) {
		note_add(runtime->notes, "%llu goroutines could not be read: their runtime.g is not in the dump",
			 (unsigned long long)tally->unreadable);
		runtime->goroutines_incomplete = true;
	}
	if (tally->implausible) {
		note_add(runtime->notes, "%llu entries of runtime.allgs do not look like goroutines and are left out",
			 (unsigned long long)tally->implausible);
		runtime->goroutines_incomplete = true;
	}
}

static void index_addresses(struct go_runtime *runtime)
{
	const size_t count = runtime->goroutines.count;

	for (size_t i = 0; i < count; i++)
		runtime->by_address[i] = (struct goroutine_key){runtime->goroutines.items[i].address, i};
	goroutine_keys_sort(runtime->arena, runtime->by_address, count);
}

void goroutines_load(struct go_runtime *runtime, uint64_t allgs)
{
	uint64_t list, count, length;
	struct tally tally = {0};

	if (!runtime->layout)
		return;
	if (!allgs || !image_u64(runtime->image, allgs, &list) || !image_u64(runtime->image, allgs + 8, &count)) {
		note_add(runtime->notes, "no goroutine list: runtime.allgs was not found or is not in the dump");
		runtime->goroutines_incomplete = true;
		return;
	}
	if (runtime->globals.allglen && image_u64(runtime->image, runtime->globals.allglen, &length) && length < count)
		count = length;
	count = bounded(runtime, list, count);
	read_list(runtime, list, count, &tally);
	runtime->goroutines_listed = (size_t)(count - tally.unreadable);
	report(runtime, &tally);
	runtime->by_address = arena_array(runtime->arena, runtime->goroutines.count + 1, sizeof *runtime->by_address);
	sort_by_id(runtime);
	runtime->goroutines.count = unique(runtime->goroutines.items, runtime->goroutines.count);
	index_addresses(runtime);
}
