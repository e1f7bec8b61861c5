/* segments.c: see segments.h. */
#include "formats/dump/segments.h"

#include <stdlib.h>

enum { COMPARED_LIMIT = 64 << 20 }; /* in a damaged dump every segment may claim all of it */

/* Among equal addresses, the one with the most saved bytes is believed. */
static int compare(const void *left, const void *right)
{
	const struct segment *a = left;
	const struct segment *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->saved.size != b->saved.size)
		return a->saved.size > b->saved.size ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return a->saved.data < b->saved.data ? -1 : a->saved.data > b->saved.data;
}

static uint64_t end_of(const struct segment *segment)
{
	return segment->address + segment->size;
}

/* The part [start, start + size) of a segment, which contains it. */
static struct segment part_of(const struct segment *segment, uint64_t start, uint64_t size)
{
	uint64_t offset = start - segment->address;
	struct span rest = span_from(segment->saved, offset);
	uint64_t promised = segment->promised > offset ? segment->promised - offset : 0;

	return (struct segment){
		.address = start,
		.size = size,
		.saved = span_slice(rest, 0, size < rest.size ? size : rest.size),
		.promised = promised < size ? promised : size,
		.flags = segment->flags,
	};
}

static bool contradict(const struct segment *a, const struct segment *b, uint64_t start, uint64_t size,
		       struct segment_overlaps *overlaps)
{
	struct span left = part_of(a, start, size).saved;
	struct span right = part_of(b, start, size).saved;
	size_t common = left.size < right.size ? left.size : right.size;

	if (common > COMPARED_LIMIT - overlaps->compared)
		common = (size_t)(COMPARED_LIMIT - overlaps->compared);
	overlaps->compared += common;
	return common && memcmp(left.data, right.data, common);
}

/* A segment that claims more than it saved, and so where another, which begins behind it, saved: its size is wrong, and only what it saved is
 * believed. No system writes such. */
static bool claims_too_much(const struct segment *segment, const struct segment *next)
{
	return next->address > segment->address && next->address - segment->address >= segment->saved.size && next->saved.size;
}

size_t segments_order(struct segment *items, size_t count, struct segment_overlaps *ret)
{
	size_t kept = 0;

	*ret = (struct segment_overlaps){0};
	if (count)
		qsort(items, count, sizeof *items, compare);
	for (size_t i = 0; i < count; i++) {
		struct segment segment = items[i];
		struct segment *last = kept ? &items[kept - 1] : NULL;
		const bool overlaps = last && segment.address < end_of(last); /* `last` may have been cut, and begin behind it */

		ret->count += overlaps;
		if (overlaps && claims_too_much(last, &segment)) {
			*last = part_of(last, last->address, segment.address - last->address);
		} else if (overlaps) {
			uint64_t overlap = end_of(last) - segment.address;
			uint64_t shared = overlap < segment.size ? overlap : segment.size;

			if (segment.address >= last->address)
				ret->contradicts += contradict(last, &segment, segment.address, shared, ret);
			if (overlap >= segment.size)
				continue;
			segment = part_of(&segment, segment.address + overlap, segment.size - overlap);
		}
		items[kept++] = segment;
	}
	return kept;
}

static void push(struct image *image, const struct segment *from, uint64_t start, uint64_t end, uint8_t flags)
{
	struct segment part;

	if (start >= end)
		return;
	part = part_of(from, start, end - start);
	part.flags = flags;
	vec_push(image->arena, &image->segments, part);
}

/* The parts of one saved segment, each with the flags of what existed there; *next is the first that may reach into it. */
static void push_saved(struct image *image, const struct segment *saved, const struct segment *existed, size_t count,
		       size_t *next)
{
	uint64_t at = saved->address;
	uint64_t end = end_of(saved);

	while (*next < count && end_of(&existed[*next]) <= at)
		(*next)++;
	for (size_t i = *next; i < count && existed[i].address < end; i++) {
		uint64_t stop = end_of(&existed[i]) < end ? end_of(&existed[i]) : end;

		push(image, saved, at, existed[i].address, saved->flags);
		at = existed[i].address > at ? existed[i].address : at;
		push(image, saved, at, stop, existed[i].flags);
		at = stop;
	}
	push(image, saved, at, end, saved->flags);
}

/* What existed in [from, to) where nothing is saved. */
static void push_gap(struct image *image, const struct segment *existed, size_t count, size_t first, uint64_t from,
		     uint64_t to)
{
	for (size_t i = first; i < count && existed[i].address < to; i++)
		push(image, &existed[i], existed[i].address > from ? existed[i].address : from,
		     end_of(&existed[i]) < to ? end_of(&existed[i]) : to, existed[i].flags);
}

void segments_lay_over(struct image *image, const struct segment *existed, size_t existed_count,
		       const struct segment *saved, size_t saved_count)
{
	size_t next = 0;
	uint64_t at = 0;

	for (size_t i = 0; i < saved_count; i++) {
		while (next < existed_count && end_of(&existed[next]) <= at)
			next++;
		push_gap(image, existed, existed_count, next, at, saved[i].address);
		push_saved(image, &saved[i], existed, existed_count, &next);
		at = end_of(&saved[i]);
	}
	push_gap(image, existed, existed_count, next, at, UINT64_MAX);
}

static int compare_mappings(const void *left, const void *right)
{
	const struct mapping *a = left;
	const struct mapping *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->end < b->end ? -1 : a->end > b->end;
}

void mappings_order(struct image *image)
{
	if (image->mappings.count)
		qsort(image->mappings.items, image->mappings.count, sizeof *image->mappings.items, compare_mappings);
}
