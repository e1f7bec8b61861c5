/* memory.c: see memory.h. */
#include "formats/live/memory.h"

#include "base/slices.h"
#include "formats/exe/exe.h"
#include "formats/live/threads.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define REGION_MOST (UINT64_C(1) << 40) /* bytes; larger ones are reservations of sanitizers and of other languages' heaps */
#define PLACES_MOST (UINT64_C(1) << 43) /* bytes of all together */
#define ROOM        (UINT64_C(1) << 30) /* for what is mapped later, beside a half of what there is */

enum {
	BATCH = 256,     /* runs of pages that are copied by one call */
	RUN = 64,        /* pages, so that work can be divided */
	SLICE = 2 << 20, /* bytes that are worth a thread of their own */
	ROUND = 4 << 20, /* bytes between two looks at the clock */
	ENTRIES = 4096,  /* of pagemap, at a time */
	WORD_BITS = 64,
};

/* Bits of an entry of pagemap. */
#define PRESENT   (UINT64_C(1) << 63)
#define SWAPPED   (UINT64_C(1) << 62)
#define OF_A_FILE (UINT64_C(1) << 61) /* or shared */

/* A mapping's place in the file. */
struct place {
	uint64_t start, end; /* addresses */
	uint64_t offset;
	uint64_t first, last; /* pages of the file that may be wanted: [first, last) */
	bool writable;        /* and private */
};

/* Pages that lie side by side, here and there. */
struct run {
	uint64_t address, page, count;
	uint64_t done; /* of them, from the first on */
};

struct live_memory {
	struct arena *arena;
	int64_t pid;
	int file, pagemap, contents; /* /proc/PID/pagemap and mem */
	uint64_t page;
	uint8_t *bytes;   /* the file, mapped; `room` bytes of addresses */
	uint64_t room, end;
	uint64_t *wanted, *taken, *filled; /* a bit for each page of the file */
	VEC(struct place) places; /* ascending */
	VEC(struct run) runs;     /* that are being copied */
	size_t last;              /* place that was looked up */
	struct live_counts counts;
};

uint64_t live_page(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- bits ---- */

static bool bit(const uint64_t *bits, uint64_t index)
{
	return bits[index / WORD_BITS] >> index % WORD_BITS & 1;
}

static void set_bit(uint64_t *bits, uint64_t index)
{
	bits[index / WORD_BITS] |= UINT64_C(1) << index % WORD_BITS;
}

static void clear_bit(uint64_t *bits, uint64_t index)
{
	bits[index / WORD_BITS] &= ~(UINT64_C(1) << index % WORD_BITS);
}

/* The first bit at or behind `index` that is `value`; `end` when there is none before it. */
static uint64_t next_bit(const uint64_t *bits, uint64_t index, uint64_t end, bool value)
{
	while (index < end) {
		uint64_t word = (value ? bits[index / WORD_BITS] : ~bits[index / WORD_BITS]) >> index % WORD_BITS;

		if (word) {
			index += (uint64_t)__builtin_ctzll(word);
			return index < end ? index : end;
		}
		index += WORD_BITS - index % WORD_BITS;
	}
	return end;
}

/* ---- places ---- */

/* The place that holds an address, or the first above it. Addresses come in runs. */
static struct place *place_at(const struct live_memory *memory, uint64_t address)
{
	size_t low = 0, high = memory->places.count;
	struct place *last = memory->last < high ? &memory->places.items[memory->last] : NULL;

	if (last && address >= last->start && address < last->end)
		return last;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (memory->places.items[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == memory->places.count)
		return NULL;
	((struct live_memory *)(uintptr_t)memory)->last = low; /* a cache */
	return &memory->places.items[low];
}

static uint64_t page_of(const struct live_memory *memory, const struct place *place, uint64_t address)
{
	return (place->offset + (address - place->start)) / memory->page;
}

static void add_place(struct live_memory *memory, const struct live_region *region, uint64_t start, uint64_t end)
{
	if (start >= end || end - start > REGION_MOST || end - start > memory->room - memory->end)
		return;
	vec_push(memory->arena, &memory->places, (struct place){.start = start, .end = end, .offset = memory->end,
								   .writable = (region->flags & SEGMENT_WRITE) && !region->shared});
	memory->end += end - start;
}

static int compare(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

void live_memory_update(struct live_memory *memory, const struct live_maps *maps)
{
	const size_t before = memory->places.count;
	size_t old = 0;

	for (size_t i = 0; i < maps->count; i++) {
		uint64_t at = maps->items[i].start;

		if (!maps->items[i].readable)
			continue;
		while (old < before && memory->places.items[old].end <= at)
			old++;
		for (size_t k = old; k < before && memory->places.items[k].start < maps->items[i].end; k++) {
			add_place(memory, &maps->items[i], at, memory->places.items[k].start);
			at = memory->places.items[k].end;
		}
		if (at < maps->items[i].end)
			add_place(memory, &maps->items[i], at, maps->items[i].end);
	}
	if (memory->places.count == before)
		return;
	qsort(memory->places.items, memory->places.count, sizeof *memory->places.items, compare);
	if (ftruncate(memory->file, (off_t)memory->end)) /* what has no room is not copied */
		memory->places.count = 0;
}

/* ---- its life ---- */

static void release(void *object)
{
	const struct live_memory *memory = object;
	const size_t bits = (size_t)(memory->room / memory->page / 8 + sizeof(uint64_t));

	if (memory->bytes)
		munmap(memory->bytes, (size_t)memory->room);
	if (memory->wanted)
		munmap(memory->wanted, 3 * bits);
	if (memory->file >= 0)
		close(memory->file);
	if (memory->pagemap >= 0)
		close(memory->pagemap);
	if (memory->contents >= 0)
		close(memory->contents);
}

/* Addresses, not memory. */
static void *reserve(uint64_t size, int flags, int file)
{
	void *bytes = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, file, 0);

	return bytes == MAP_FAILED ? NULL : bytes;
}

static uint64_t room_for(const struct live_maps *maps)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < maps->count; i++)
		if (maps->items[i].readable && maps->items[i].end - maps->items[i].start <= REGION_MOST)
			sum += maps->items[i].end - maps->items[i].start;
	return (sum < PLACES_MOST ? sum + sum / 2 : PLACES_MOST) + ROOM;
}

const struct err *live_memory_new(struct arena *arena, int64_t pid, const struct live_maps *maps, struct live_memory **ret)
{
	struct live_memory *memory = arena_alloc(arena, sizeof *memory);
	uint64_t bits;

	*memory = (struct live_memory){.arena = arena, .pid = pid, .page = live_page(), .room = room_for(maps)};
	memory->end = memory->page;
	memory->file = memfd_create("tornstack", MFD_CLOEXEC);
	memory->pagemap = open(arena_printf(arena, "/proc/%" PRId64 "/pagemap", pid), O_RDONLY | O_CLOEXEC);
	memory->contents = open(arena_printf(arena, "/proc/%" PRId64 "/mem", pid), O_RDONLY | O_CLOEXEC);
	arena_defer(arena, release, memory);
	bits = memory->room / memory->page / WORD_BITS + 1;
	memory->bytes = memory->file < 0 ? NULL : reserve(memory->room, MAP_SHARED, memory->file);
	memory->wanted = memory->bytes ? reserve(3 * bits * sizeof(uint64_t), MAP_PRIVATE | MAP_ANONYMOUS, -1) : NULL;
	if (!memory->wanted)
		return err_new(arena, ERR_IO, "no memory for a copy of process %" PRId64 ": %s", pid, strerror(errno));
	memory->taken = memory->wanted + bits;
	memory->filled = memory->taken + bits;
	live_memory_update(memory, maps);
	if (!memory->places.count)
		return err_new(arena, ERR_LIMIT, "no room for a copy of process %" PRId64 ": %s", pid, strerror(errno));
	*ret = memory;
	return NULL;
}

void live_memory_restart(struct live_memory *memory)
{
	const uint64_t end = memory->end / memory->page;

	for (uint64_t i = 0; (i = next_bit(memory->taken, i, end, true)) < end;)
		memory->taken[i / WORD_BITS] = 0;
	for (uint64_t i = 0; (i = next_bit(memory->wanted, i, end, true)) < end;)
		memory->wanted[i / WORD_BITS] = 0;
	memory->counts = (struct live_counts){0};
	if (ftruncate(memory->file, (off_t)memory->end)) /* a core's headers may be behind it */
		memory->places.count = 0;
}

/* ---- marking ---- */

static void want_page(struct live_memory *memory, struct place *place, uint64_t page)
{
	if (bit(memory->taken, page))
		return;
	set_bit(memory->wanted, page);
	if (place->first == place->last) {
		place->first = page;
		place->last = page + 1;
	}
	place->first = page < place->first ? page : place->first;
	place->last = page >= place->last ? page + 1 : place->last;
}

void live_memory_want(struct live_memory *memory, uint64_t address, uint64_t size)
{
	uint64_t at = address - address % memory->page;
	const uint64_t end = size > UINT64_MAX - memory->page - address ? UINT64_MAX - memory->page : address + size;

	while (at < end) {
		struct place *place = place_at(memory, at);

		if (!place)
			return;
		if (at < place->start)
			at = place->start;
		for (; at < end && at < place->end; at += memory->page)
			want_page(memory, place, page_of(memory, place, at));
	}
}

/* It was never written to, or is not any more. */
static void know_zero(struct live_memory *memory, uint64_t page)
{
	if (bit(memory->taken, page))
		return;
	if (bit(memory->filled, page))
		memset(memory->bytes + page * memory->page, 0, memory->page);
	set_bit(memory->taken, page);
}

struct written {
	bool anonymous, all;
};

static void judge_page(struct live_memory *memory, struct place *place, uint64_t page, uint64_t entry, struct written how)
{
	if (entry & SWAPPED)
		memory->counts.swapped += memory->page;
	else if ((entry & PRESENT) && (how.anonymous || how.all || !(entry & OF_A_FILE)))
		want_page(memory, place, page);
	else if (!(entry & PRESENT) && how.anonymous)
		know_zero(memory, page);
	else if (how.all)
		want_page(memory, place, page);
}

void live_memory_want_written(struct live_memory *memory, uint64_t start, uint64_t end, bool anonymous, bool all)
{
	uint64_t entries[ENTRIES];

	for (uint64_t at = start; at < end;) {
		const uint64_t left = (end - at) / memory->page;
		const ssize_t got = pread(memory->pagemap, entries, (size_t)(left < ENTRIES ? left : ENTRIES) * sizeof *entries,
					  (off_t)(at / memory->page * sizeof *entries));
		const size_t count = got > 0 ? (size_t)got / sizeof *entries : 0;

		if (!count) { /* /proc without pagemap: all of it, if need be */
			if (all)
				live_memory_want(memory, at, end - at);
			return;
		}
		for (size_t i = 0; i < count; i++, at += memory->page) {
			struct place *place = place_at(memory, at);

			if (place && at >= place->start)
				judge_page(memory, place, page_of(memory, place, at), entries[i], (struct written){anonymous, all});
		}
	}
}

/* ---- copying ---- */

/* Takes the marks from up to `most` bytes of pages. */
static void collect_place(struct live_memory *memory, struct place *place, uint64_t most, uint64_t *bytes)
{
	uint64_t at = place->first;

	while (*bytes < most && (at = next_bit(memory->wanted, at, place->last, true)) < place->last) {
		const uint64_t first = at;
		const uint64_t end = next_bit(memory->wanted, at, at + RUN < place->last ? at + RUN : place->last, false);

		for (; at < end; at++)
			clear_bit(memory->wanted, at);
		vec_push(memory->arena, &memory->runs, (struct run){.address = place->start + (first * memory->page - place->offset),
								    .page = first, .count = end - first});
		*bytes += (end - first) * memory->page;
	}
	place->first = at;
	if (at >= place->last)
		place->first = place->last = 0;
}

/* Returns bytes. */
static uint64_t collect(struct live_memory *memory, uint64_t most)
{
	uint64_t bytes = 0;

	memory->runs.count = 0;
	for (size_t i = 0; i < memory->places.count && bytes < most; i++)
		if (memory->places.items[i].first < memory->places.items[i].last)
			collect_place(memory, &memory->places.items[i], most, &bytes);
	return bytes;
}

/* As process_vm_readv does it, with a call for each run: kernels without CONFIG_CROSS_MEMORY_ATTACH have no other way, and filters of
 * system calls, as containers have them, may leave no other. */
static ssize_t copy_from_file(const struct live_memory *memory, const struct iovec *to, const struct iovec *from, size_t count)
{
	ssize_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		const ssize_t got = pread(memory->contents, to[i].iov_base, to[i].iov_len, (off_t)(uintptr_t)from[i].iov_base);

		sum += got > 0 ? got : 0;
		if (got < 0 || (size_t)got < to[i].iov_len)
			break;
	}
	return sum;
}

/* Copies a few runs with one call. Where it breaks off, the rest of that run is left: settle looks at it. Returns how many it got
 * through. */
static size_t copy_some(const struct live_memory *memory, struct run *runs, size_t count)
{
	struct iovec from[BATCH] = {0}, to[BATCH] = {0};
	ssize_t got;
	size_t i;

	count = count < BATCH ? count : BATCH;
	for (i = 0; i < count; i++) {
		from[i] = (struct iovec){(void *)(uintptr_t)runs[i].address, (size_t)(runs[i].count * memory->page)};
		to[i] = (struct iovec){memory->bytes + runs[i].page * memory->page, from[i].iov_len};
	}
	got = process_vm_readv((pid_t)memory->pid, to, count, from, count, 0);
	if (got < 0 && (errno == ENOSYS || errno == EPERM))
		got = copy_from_file(memory, to, from, count);
	for (i = 0; i < count && got > 0; i++) {
		const uint64_t pages = (uint64_t)got / memory->page;

		runs[i].done = pages < runs[i].count ? pages : runs[i].count;
		if (runs[i].done < runs[i].count)
			break;
		got -= (ssize_t)(runs[i].count * memory->page);
	}
	return i < count ? i + 1 : count;
}

static void copy_slice(void *context, size_t slice, size_t from, size_t to)
{
	const struct live_memory *memory = context;

	(void)slice;
	while (from < to)
		from += copy_some(memory, memory->runs.items + from, to - from);
}

/* Behind a page that cannot be read (it was unmapped meanwhile, or is none of memory) there may be more. */
static void settle(struct live_memory *memory, struct run run)
{
	for (;;) {
		for (uint64_t i = 0; i < run.done; i++) {
			set_bit(memory->taken, run.page + i);
			set_bit(memory->filled, run.page + i);
		}
		memory->counts.copied += run.done * memory->page;
		if (run.done + 1 >= run.count)
			return;
		run = (struct run){.address = run.address + (run.done + 1) * memory->page, .page = run.page + run.done + 1,
				   .count = run.count - run.done - 1};
		copy_some(memory, &run, 1);
	}
}

/* By several threads: the CPUs of a process that is stopped have nothing to do. */
static void copy_all(struct live_memory *memory, uint64_t bytes)
{
	const size_t slices = slices_count(0, (size_t)bytes, SLICE);

	slices_run(slices < memory->runs.count ? slices : memory->runs.count, memory->runs.count, copy_slice, memory);
}

bool live_memory_take(struct live_memory *memory, int64_t until)
{
	for (;;) {
		const uint64_t bytes = collect(memory, until ? ROUND : UINT64_MAX);

		if (!bytes)
			return true;
		copy_all(memory, bytes);
		for (size_t i = 0; i < memory->runs.count; i++)
			settle(memory, memory->runs.items[i]);
		if (until && live_now() > until)
			return false;
	}
}

/* ---- what was copied ---- */

struct span live_memory_view(const struct live_memory *memory, uint64_t address, size_t size)
{
	const struct place *place = place_at(memory, address);
	const uint64_t left = memory->page - address % memory->page;

	if (!place || address < place->start || !bit(memory->taken, page_of(memory, place, address)))
		return (struct span){0};
	return (struct span){memory->bytes + place->offset + (address - place->start), left < size ? (size_t)left : size};
}

bool live_memory_read(const struct live_memory *memory, uint64_t address, void *buf, size_t size)
{
	for (size_t done = 0; done < size;) {
		const struct span part = live_memory_view(memory, address + done, size - done);

		if (!part.size)
			return false;
		memcpy((char *)buf + done, part.data, part.size);
		done += part.size;
	}
	return true;
}

bool live_memory_lacks(const struct live_memory *memory, uint64_t address)
{
	const struct place *place = place_at(memory, address);

	return place && place->writable && address >= place->start && !bit(memory->taken, page_of(memory, place, address));
}

uint64_t live_memory_next(const struct live_memory *memory, uint64_t *start, uint64_t end, uint64_t *offset)
{
	while (*start < end) {
		const struct place *place = place_at(memory, *start);
		const uint64_t stop = place && place->end < end ? place->end : end;
		uint64_t first, last, until;

		if (!place || place->start >= end)
			return 0;
		if (*start < place->start)
			*start = place->start;
		until = (place->offset + (stop - place->start)) / memory->page;
		first = next_bit(memory->taken, page_of(memory, place, *start), until, true);
		if (first == until) {
			*start = stop;
			continue;
		}
		last = next_bit(memory->taken, first, until, false);
		*offset = first * memory->page;
		*start = place->start + (*offset - place->offset);
		return (last - first) * memory->page;
	}
	return 0;
}

struct live_counts live_memory_counts(const struct live_memory *memory)
{
	return memory->counts;
}

int live_memory_file(const struct live_memory *memory)
{
	return memory->file;
}

uint64_t live_memory_end(const struct live_memory *memory)
{
	return memory->end;
}
