/* renames.c: see renames.h. */
#include "formats/slim/renames.h"

#include "base/mapping.h"
#include "formats/dump/kept.h"
#include "formats/slim/layout.h"
#include "formats/slim/redaction.h"

#include <stdlib.h>

enum { WORD = 8, ENTRY = 3 * WORD, HEADER = 2 * WORD, PART_MOST = 1 << 20 };

/* ---- bytes ---- */

/* Names that are ended by NUL, each for itself. */
static void put_each(struct pseudonyms *pseudonyms, uint64_t kind, uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		const uint8_t *end = memchr(bytes + at, 0, size - at);
		const size_t length = end ? (size_t)(end - (bytes + at)) : size - at;

		pseudonyms_put(pseudonyms, (enum name_kind)(kind & RENAME_KIND), bytes + at, length);
		at += length + 1;
	}
}

/* Moves the bytes of a ring so that `first` comes first. */
static void roll(uint8_t *bytes, size_t size, size_t first, uint8_t *ret)
{
	memcpy(ret, bytes + first, size - first);
	memcpy(ret + (size - first), bytes, first);
}

static void put_ring(struct arena *arena, struct pseudonyms *pseudonyms, uint64_t kind, uint8_t *bytes, size_t size)
{
	const size_t first = (size_t)(kind >> RENAME_RING_SHIFT) % size;
	uint8_t *unrolled = arena_alloc(arena, size);

	roll(bytes, size, first, unrolled);
	put_each(pseudonyms, kind, unrolled, size);
	roll(unrolled, size, size - first, bytes);
}

/* Of UTF-16 that is ASCII. */
static void put_wide(struct arena *arena, struct pseudonyms *pseudonyms, uint64_t kind, uint8_t *bytes, size_t size)
{
	uint8_t *narrow = arena_alloc(arena, size / 2 + 1);

	for (size_t i = 0; i < size / 2; i++)
		narrow[i] = bytes[2 * i + 1] || bytes[2 * i] >= 0x80 ? '?' : bytes[2 * i];
	put_each(pseudonyms, kind, narrow, size / 2);
	for (size_t i = 0; i < size / 2; i++)
		if (narrow[i] != '?')
			bytes[2 * i] = narrow[i];
}

static void put(struct arena *arena, struct pseudonyms *pseudonyms, uint64_t kind, uint8_t *bytes, size_t size)
{
	if (!size)
		return;
	if (kind & RENAME_RING)
		put_ring(arena, pseudonyms, kind, bytes, size);
	else if (kind & RENAME_WIDE)
		put_wide(arena, pseudonyms, kind, bytes, size);
	else
		put_each(pseudonyms, kind, bytes, size);
}

/* ---- making ---- */

static void find(struct image *image, const struct named_text *name)
{
	struct redaction *redaction = image->kept->redaction;
	const struct segment *segment = image_segment(image, name->address);
	const uint64_t offset = segment ? name->address - segment->address : 0;
	const struct span saved = segment ? span_slice(segment->saved, offset, name->size) : (struct span){0};
	uint8_t *bytes;

	if (!saved.size)
		return;
	bytes = memcpy(arena_alloc(image->arena, saved.size), saved.data, saved.size);
	redaction_edit(redaction, name->address, saved.size, bytes);
	put(image->arena, redaction->pseudonyms, name->kind, bytes, saved.size);
	vec_push(image->arena, &redaction->renames,
		 ((struct rename){layout_original(image, segment, offset), saved.size, name->kind, bytes}));
}

static int compare(const void *left, const void *right)
{
	const struct rename *a = left;
	const struct rename *b = right;

	return a->place < b->place ? -1 : a->place > b->place;
}

/* None lies in another. */
static void leave_out_overlaps(struct redaction *redaction)
{
	size_t kept = 0;

	for (size_t i = 0; i < redaction->renames.count; i++) {
		const struct rename *last = kept ? &redaction->renames.items[kept - 1] : NULL;

		if (!last || redaction->renames.items[i].place >= last->place + last->size)
			redaction->renames.items[kept++] = redaction->renames.items[i];
	}
	redaction->renames.count = kept;
}

void renames_find(struct image *image)
{
	struct redaction *redaction = image->kept->redaction;

	if (!redaction || !redaction->pseudonyms)
		return;
	for (size_t i = 0; i < redaction->names.count; i++)
		find(image, &redaction->names.items[i]);
	if (redaction->renames.count)
		qsort(redaction->renames.items, redaction->renames.count, sizeof *redaction->renames.items, compare);
	leave_out_overlaps(redaction);
}

void rename_bytes(struct image *image, uint64_t place, uint64_t kind, uint8_t *bytes, size_t size)
{
	struct redaction *redaction = image->kept->redaction;

	if (!redaction || !redaction->pseudonyms || !size)
		return;
	put(image->arena, redaction->pseudonyms, kind, bytes, size);
	vec_push(image->arena, &redaction->renames, ((struct rename){place, size, kind, NULL}));
}

/* The first that ends behind a place; those of memory are ascending, and come first. */
static size_t first_behind(const struct redaction *redaction, uint64_t place)
{
	size_t low = 0, high = redaction->renames.count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct rename *rename = &redaction->renames.items[middle];

		if (rename->bytes && rename->place + rename->size <= place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void renames_put(const struct image *image, const struct segment *segment, uint64_t offset, size_t n, uint8_t *bytes)
{
	const struct kept *kept = image->kept;
	const struct redaction *redaction = kept->redaction;
	const uint64_t start = layout_original(image, segment, offset);

	for (size_t i = first_behind(redaction, start); i < redaction->renames.count; i++) {
		const struct rename *rename = &redaction->renames.items[i];
		const uint64_t from = rename->place > start ? rename->place : start;
		const uint64_t end = rename->place + rename->size < start + n ? rename->place + rename->size : start + n;

		if (!rename->bytes || rename->place >= start + n)
			return;
		for (uint64_t at = from; at < end; at++) {
			const uint64_t number = kept_number(segment, offset + (at - start));

			if (kept_has(kept, number) && !kept_bit(kept->masked, number))
				bytes[at - start] = rename->bytes[at - rename->place];
		}
	}
}

/* ---- the record ---- */

/* Whether one lies behind the other, as names in a table do. */
static bool follows(const struct rename *last, const struct rename *next)
{
	return last->kind == next->kind && last->kind <= RENAME_KIND && next->place == last->place + last->size + 1 &&
	       next->place + next->size - last->place < PART_MOST;
}

/* Writes them, those of one table together; NULL: counts them. */
static uint64_t each_entry(const struct redaction *redaction, uint8_t *ret)
{
	uint64_t count = 0;
	struct rename sum = {0};

	for (size_t i = 0; i <= redaction->renames.count; i++) {
		const struct rename *next = i < redaction->renames.count ? &redaction->renames.items[i] : NULL;

		if (next && sum.size && follows(&sum, next)) {
			sum.size = next->place + next->size - sum.place;
			continue;
		}
		if (sum.size && ret) {
			uint8_t *at = ret + count * ENTRY;

			append_number(&at, sum.place, WORD);
			append_number(&at, sum.size, WORD);
			append_number(&at, sum.kind, WORD);
		}
		count += sum.size != 0;
		sum = next ? *next : sum;
	}
	return count;
}

uint64_t renames_size(const struct image *image)
{
	const struct redaction *redaction = image->kept->redaction;

	return redaction && redaction->pseudonyms ? HEADER + each_entry(redaction, NULL) * ENTRY : 0;
}

void renames_write(const struct image *image, uint8_t *ret)
{
	const struct redaction *redaction = image->kept->redaction;
	const uint64_t count = each_entry(redaction, ret + HEADER);

	append_number(&ret, redaction->check, WORD);
	append_number(&ret, count, WORD);
}

/* ---- reading ---- */

/* A ring, or what is wide, is short, and is copied. */
static void restore(struct image *image, struct pseudonyms *pseudonyms, const struct rename *rename)
{
	const struct span bytes = span_slice(image->bytes, rename->place, rename->size);

	if (bytes.size && bytes.size <= PART_MOST && mapping_open((void *)(uintptr_t)bytes.data, bytes.size))
		put(image->arena, pseudonyms, rename->kind, (uint8_t *)(uintptr_t)bytes.data, bytes.size);
}

const struct err *renames_restore(struct image *image, struct span record, uint64_t most)
{
	struct pseudonyms *pseudonyms;
	uint64_t restored = 0;

	if (!image->files.names)
		return NULL;
	if (span_u64(record, 0) != pseudonyms_check(image->files.names))
		return err_new(image->arena, ERR_BAD_DATA, "%s", pseudonyms_other_key);
	pseudonyms = pseudonyms_new(image->arena, image->files.names, true);
	for (uint64_t at = HEADER; at < record.size; at += ENTRY) {
		const struct rename rename = {.place = span_u64(record, at), .size = span_u64(record, at + WORD),
					      .kind = span_u64(record, at + 2 * WORD)};

		if (rename.size > most - restored)
			return NULL;
		restored += rename.size;
		restore(image, pseudonyms, &rename);
	}
	return NULL;
}
