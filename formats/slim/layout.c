/* layout.c: see layout.h. */
#include "formats/slim/layout.h"

#include "formats/slim/nearby.h"
#include "formats/slim/redaction.h"
#include "formats/slim/renames.h"

#include <stdlib.h>

enum { BLOCK = 1 << 16 };

/* ---- which pages ---- */

/* Where the page of an offset ends, or what is saved. */
static uint64_t page_end(const struct segment *segment, uint64_t offset)
{
	const uint64_t end = offset + SLIM_PAGE - (segment->address + offset) % SLIM_PAGE;

	return end < segment->saved.size ? end : segment->saved.size;
}

static void add_page(struct layout_plan *plan, const struct segment *segment, uint64_t offset, uint64_t end, uint64_t gap)
{
	struct page_run *last = plan->runs.items.count ? &plan->runs.items.items[plan->runs.items.count - 1] : NULL;

	if (last && last->segment == segment && offset - (last->offset + last->size) <= gap)
		last->size = end - last->offset;
	else
		vec_push(plan->image->arena, &plan->runs.items,
			 (struct page_run){.segment = segment, .offset = offset, .size = end - offset});
}

/* False: there are more than `most`. */
static bool find_runs(struct layout_plan *plan, uint64_t gap, size_t most)
{
	const struct image *image = plan->image;

	plan->runs.items.count = 0;
	for (size_t i = 0; i < image->segments.count && plan->runs.items.count <= most; i++) {
		const struct segment *segment = &image->segments.items[i];

		for (uint64_t at = 0, end; at < segment->saved.size && plan->runs.items.count <= most; at = end) {
			end = page_end(segment, at);
			if (kept_any(image->kept, kept_number(segment, at), kept_number(segment, end - 1) + 1))
				add_page(plan, segment, at, end, gap);
		}
	}
	return plan->runs.items.count <= most;
}

void layout_find_runs(struct layout_plan *plan, size_t most)
{
	const uint64_t whole = UINT64_C(1) << 40;
	uint64_t gap = 0;

	while (!find_runs(plan, gap, gap < whole ? most : SIZE_MAX) && gap < whole)
		gap = gap ? gap * 2 : SLIM_PAGE;
}

/* ---- pieces ---- */

void layout_add(struct layout_plan *plan, struct piece piece)
{
	if (piece.size)
		vec_push(plan->image->arena, &plan->pieces, piece);
}

void layout_add_bytes(struct layout_plan *plan, uint64_t start, uint64_t size, uint64_t position)
{
	const struct span rest = span_from(plan->image->bytes, start);

	layout_add(plan, (struct piece){.position = position, .original = start, .size = size < rest.size ? size : rest.size,
					.bytes = rest.data});
}

void layout_edit(struct layout_plan *plan, uint64_t original, uint64_t size, const uint8_t *bytes)
{
	vec_push(plan->image->arena, &plan->edits, (struct edit){original, size, bytes});
}

void layout_add_runs(struct layout_plan *plan)
{
	for (size_t i = 0; i < plan->runs.items.count; i++) {
		const struct page_run *run = &plan->runs.items.items[i];

		layout_add(plan, (struct piece){.position = run->position, .size = run->size, .segment = run->segment,
						.original = layout_original(plan->image, run->segment, run->offset)});
	}
}

/* ---- writing ---- */

/* The letters of a word, or of a part of one, give way to others. */
static void mask(const struct redaction *redaction, uint64_t address, size_t n, uint8_t *bytes)
{
	const bool disguised = n == KEPT_WORD && redaction_is_disguised(redaction, load_u64(bytes));
	const uint64_t shown = disguised ? redaction_disguise(load_u64(bytes)) : 0;

	if (disguised)
		memcpy(bytes, &shown, sizeof shown);
	for (size_t i = 0; !disguised && i < n; i++)
		bytes[i] = redaction_letter(address + i, bytes[i]);
}

/* Copies n bytes at an offset of a segment; words that are not kept become 0. */
static void copy_kept(const struct kept *kept, const struct segment *segment, uint64_t offset, size_t n, uint8_t *ret)
{
	memset(ret, 0, n);
	for (size_t at = 0, step; at < n; at += step) {
		const uint64_t number = kept_number(segment, offset + at);

		step = KEPT_WORD - (size_t)((segment->address + offset + at) % KEPT_WORD);
		step = step < n - at ? step : n - at;
		if (kept_has(kept, number) && !nearby_is(kept, segment, number))
			memcpy(ret + at, segment->saved.data + offset + at, step);
		if (kept_bit(kept->masked, number))
			mask(kept->redaction, segment->address + offset + at, step, ret + at);
		for (size_t i = at; kept_bit(kept->removed, number) && i < at + step; i++)
			ret[i] = redaction_letter(segment->address + offset + i, 1);
	}
}

/* The bytes of a piece that is no memory, as they will be. */
static const uint8_t *edited(const struct layout_plan *plan, const struct piece *piece)
{
	uint8_t *copy = NULL;

	for (size_t i = 0; piece->original != SLIM_MADE && i < plan->edits.count; i++) {
		const struct edit *edit = &plan->edits.items[i];
		const uint64_t from = edit->original > piece->original ? edit->original : piece->original;
		const uint64_t end = edit->original + edit->size;
		const uint64_t to = end < piece->original + piece->size ? end : piece->original + piece->size;

		if (from >= to)
			continue;
		if (!copy)
			copy = memcpy(arena_alloc(plan->image->arena, (size_t)piece->size), piece->bytes, (size_t)piece->size);
		if (edit->bytes)
			memcpy(copy + (from - piece->original), edit->bytes + (from - edit->original), (size_t)(to - from));
		else
			memset(copy + (from - piece->original), 0, (size_t)(to - from));
	}
	return copy ? copy : piece->bytes;
}

static bool write_memory(const struct layout_plan *plan, const struct piece *piece, uint8_t *block, FILE *out)
{
	const uint64_t start = piece->original - layout_original(plan->image, piece->segment, 0);

	for (uint64_t at = 0; at < piece->size; at += BLOCK) {
		const size_t n = piece->size - at < BLOCK ? (size_t)(piece->size - at) : BLOCK;

		copy_kept(plan->image->kept, piece->segment, start + at, n, block);
		if (plan->image->kept->redaction) {
			redaction_edit(plan->image->kept->redaction, piece->segment->address + start + at, n, block);
			renames_put(plan->image, piece->segment, start + at, n, block);
		}
		if (fwrite(block, 1, n, out) != n)
			return false;
	}
	return true;
}

static bool write_zeros(uint64_t size, uint8_t *block, FILE *out)
{
	memset(block, 0, size < BLOCK ? (size_t)size : BLOCK);
	for (uint64_t at = 0; at < size; at += BLOCK) {
		const size_t n = size - at < BLOCK ? (size_t)(size - at) : BLOCK;

		if (fwrite(block, 1, n, out) != n)
			return false;
	}
	return true;
}

static bool write_piece(const struct layout_plan *plan, const struct piece *piece, uint8_t *block, FILE *out)
{
	if (piece->segment)
		return write_memory(plan, piece, block, out);
	return piece->write ? piece->write(plan, out) : fwrite(edited(plan, piece), 1, (size_t)piece->size, out) == piece->size;
}

static int compare(const void *left, const void *right)
{
	const struct piece *a = left;
	const struct piece *b = right;

	return a->position < b->position ? -1 : a->position > b->position;
}

/* Leaves out what is written already. */
static bool trim(struct piece *piece, uint64_t at)
{
	const uint64_t part = at - piece->position;

	if (part >= piece->size || piece->write) /* of what is made nothing overlaps */
		return false;
	piece->position += part;
	piece->original += part;
	piece->size -= part;
	piece->bytes += piece->segment ? 0 : part;
	return true;
}

bool layout_write(struct layout_plan *plan, FILE *out)
{
	uint8_t *block = arena_alloc(plan->image->arena, BLOCK);
	uint64_t at = 0;

	qsort(plan->pieces.items, plan->pieces.count, sizeof *plan->pieces.items, compare);
	for (size_t i = 0; i < plan->pieces.count; i++) {
		struct piece *piece = &plan->pieces.items[i];

		if (piece->position < at && !trim(piece, at)) /* parts of a damaged dump may claim the same bytes */
			continue;
		if (piece->position > at && !write_zeros(piece->position - at, block, out))
			return false;
		if (!write_piece(plan, piece, block, out))
			return false;
		at = piece->position + piece->size;
	}
	return true;
}
