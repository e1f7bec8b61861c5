/* dangling.c: see dangling.h. A block that mmap gave starts at a page; slices of it are kept as (start, length, …) by
 * syscall.Mmap, mmap packages and whoever makes one by unsafe (reflect.SliceHeader). */
#include "heuristics/faults/dangling.h"

enum { WORD = 8, PAGE = 0x1000 };

#define REACH ((uint64_t)1 << 30) /* of an address: what is farther has nothing to do with it */
#define LENGTH ((uint64_t)1 << 36) /* of a block at most: beyond are addresses of the heap, of libraries, of stacks */

static bool in_hole(const struct hole *hole, uint64_t start, uint64_t size)
{
	return start >= hole->start && start < hole->end && size <= hole->end - start;
}

/* A piece of memory to be left out. */
struct stretch {
	uint64_t start, end;
};

struct leftovers {
	VEC(struct stretch) stretches;
};

static void leave_out(struct analysis *analysis, struct leftovers *leftovers, uint64_t start, uint64_t end)
{
	if (start < end)
		vec_push(analysis->arena, &leftovers->stretches, ((struct stretch){start, end}));
}

/* Where the runtime and the kernel noted the fault. */
static void find_leftovers(struct analysis *analysis, uint64_t sp, struct leftovers *ret)
{
	const struct go_runtime *runtime = analysis->runtime;
	const struct goroutine *g = &runtime->goroutines.items[analysis->fault.goroutine];

	leave_out(analysis, ret, g->stack_lo, sp);
	if (runtime->layout)
		leave_out(analysis, ret, g->address, g->address + runtime->layout->offset[LAYOUT_g_size]);
	for (size_t i = 0; i < runtime->machines.count; i++) {
		leave_out(analysis, ret, runtime->machines.items[i].gsignal_lo, runtime->machines.items[i].gsignal_hi);
		leave_out(analysis, ret, runtime->machines.items[i].g0_lo, runtime->machines.items[i].g0_hi);
	}
}

static bool is_leftover(const struct leftovers *leftovers, uint64_t at)
{
	for (size_t i = 0; i < leftovers->stretches.count; i++)
		if (at >= leftovers->stretches.items[i].start && at < leftovers->stretches.items[i].end)
			return true;
	return false;
}

/* Whether two words are the start and the length of a block that has the address and is mapped nowhere: a length is no address. */
static bool is_header(struct image *image, const struct dangling_query *query, uint64_t start, uint64_t size)
{
	return start <= query->address && size > query->address - start && size < LENGTH &&
	       in_hole(query->hole, start, size) && !image_segment(image, size);
}

/* A word of memory that leads near, with the one behind it. */
static void see_word(struct image *image, const struct dangling_query *query, uint64_t at,
		     const uint64_t word[static 2], struct dangling *ret)
{
	const uint64_t start = word[0], size = word[1];

	if (start == query->value && !ret->pointer)
		ret->pointer = at;
	ret->others += start != query->value;
	if (size > ret->size && is_header(image, query, start, size)) {
		ret->header = at;
		ret->start = start;
		ret->size = size;
		ret->whole = start % PAGE == 0;
	}
}

static bool leads_near(const struct dangling_query *query, uint64_t word)
{
	return word - (query->address - REACH) <= 2 * REACH && in_hole(query->hole, word, 1);
}

void dangling_find(struct analysis *analysis, const struct dangling_query *query, struct dangling *ret)
{
	struct data_search search = {0};
	struct leftovers leftovers = {0};
	uint64_t base;
	struct span data;

	*ret = (struct dangling){0};
	find_leftovers(analysis, query->sp, &leftovers);
	while ((data = image_data(analysis->image, &search, &base)).size)
		for (uint64_t at = (WORD - base % WORD) % WORD; at + WORD <= data.size; at += WORD) {
			const uint64_t words[2] = {span_u64(data, at), span_u64(data, at + WORD)};

			if (!leads_near(query, words[0]) || is_leftover(&leftovers, base + at))
				continue;
			image_cite(analysis->image, base + at, sizeof words);
			see_word(analysis->image, query, base + at, words, ret);
		}
	if (ret->header)
		image_cite_field(analysis->image, ret->header, 3 * WORD);
}
