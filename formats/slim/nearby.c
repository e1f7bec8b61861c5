/* nearby.c: see nearby.h. */
#include "formats/slim/nearby.h"

#include "base/mapping.h"

enum { MATTERS = 1 << 18, BELOW = 128, DISTANCES = 256, PAGE = 4096 };

/* The saved bytes of a whole word, and its address; empty: only a part of it is saved. */
static struct span word_of(const struct segment *segment, uint64_t number, uint64_t *address)
{
	*address = (segment->address & ~(uint64_t)(KEPT_WORD - 1)) + (number - segment->first_word) * KEPT_WORD;
	if (*address < segment->address)
		return (struct span){0};
	return span_slice(segment->saved, *address - segment->address, KEPT_WORD);
}

static uint64_t words_of(const struct segment *segment)
{
	return (segment->address % KEPT_WORD + segment->saved.size + KEPT_WORD - 1) / KEPT_WORD;
}

/* In words, from the BELOW of them below its own address on; DISTANCES and more: it is none. */
static uint64_t distance_of(const struct segment *segment, uint64_t number)
{
	uint64_t address, distance;
	const struct span bytes = word_of(segment, number, &address);

	if (!bytes.size)
		return DISTANCES;
	distance = load_u64(bytes.data) - address + BELOW * KEPT_WORD;
	return distance % KEPT_WORD ? DISTANCES : distance / KEPT_WORD;
}

static uint64_t count_bits(const uint64_t *bits, uint64_t words)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i <= words / KEPT_BITS; i++)
		count += (uint64_t)__builtin_popcountll(bits[i]);
	return count;
}

/* Calls for each number of a segment's words that is in a map. */
static void each_word(const struct segment *segment, const uint64_t *bits, void (*visit)(void *context, const struct segment *segment, uint64_t number),
		      void *context)
{
	const uint64_t end = segment->first_word + words_of(segment);

	for (uint64_t number = segment->first_word; number < end; number++)
		if (!bits[number / KEPT_BITS])
			number |= KEPT_BITS - 1;
		else if (kept_bit(bits, number))
			visit(context, segment, number);
}

static void find(void *context, const struct segment *segment, uint64_t number)
{
	struct kept *kept = context;

	if (!kept_bit(kept->masked, number) && distance_of(segment, number) < DISTANCES)
		kept->near[number / KEPT_BITS] |= UINT64_C(1) << number % KEPT_BITS;
}

const struct err *nearby_find(struct image *image)
{
	struct kept *kept = image->kept;
	const struct err *err;
	void *bits;

	if (count_bits(kept->bits, kept->words) < MATTERS)
		return NULL;
	err = mapping_zeros(image->arena, (kept->words / KEPT_BITS + 1) * sizeof *kept->near, true, &bits);
	if (err)
		return err;
	kept->near = bits;
	for (size_t i = 0; i < image->segments.count; i++)
		if (image->segments.items[i].flags & SEGMENT_WRITE)
			each_word(&image->segments.items[i], kept->bits, find, kept);
	return NULL;
}

uint64_t nearby_count(const struct kept *kept)
{
	return kept->near ? count_bits(kept->near, kept->words) : 0;
}

static void put(void *context, const struct segment *segment, uint64_t number)
{
	uint8_t **at = context;

	*(*at)++ = (uint8_t)distance_of(segment, number);
}

void nearby_put(const struct image *image, uint8_t *ret)
{
	for (size_t i = 0; image->kept->near && i < image->segments.count; i++)
		each_word(&image->segments.items[i], image->kept->near, put, &ret);
}

/* ---- reading ---- */

/* The segment of a word, at or behind the last one; NULL: none. */
static const struct segment *segment_of(struct nearby_reader *reader, uint64_t number)
{
	for (; reader->segment < reader->image->segments.count; reader->segment++) {
		const struct segment *segment = &reader->image->segments.items[reader->segment];

		if (number < segment->first_word)
			return NULL;
		if (number < segment->first_word + words_of(segment))
			return segment;
	}
	return NULL;
}

/* The bytes are of the unfolded dump, which is this program's own memory. */
static bool can_write(struct nearby_reader *reader, struct span word)
{
	const uintptr_t start = (uintptr_t)word.data, whole = (uintptr_t)reader->image->bytes.data;

	if (start - whole >= reader->image->bytes.size || word.size > reader->image->bytes.size - (start - whole))
		return false;
	if (reader->page == start / PAGE && (start + word.size - 1) / PAGE == reader->page)
		return true;
	reader->page = (start + word.size - 1) / PAGE;
	return mapping_open((void *)start, word.size);
}

void nearby_restore(struct nearby_reader *reader, uint64_t number)
{
	const struct segment *segment = segment_of(reader, number);
	const uint8_t *distance = span_slice(reader->distances, reader->taken++, 1).data;
	struct span word;
	uint64_t address;

	if (!segment || !distance)
		return;
	word = word_of(segment, number, &address);
	if (!word.size || !can_write(reader, word))
		return;
	address += ((uint64_t)*distance - BELOW) * KEPT_WORD;
	memcpy((void *)(uintptr_t)word.data, &address, sizeof address);
}
