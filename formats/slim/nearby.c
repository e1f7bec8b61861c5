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

bool nearby_is(const struct kept *kept, const struct segment *segment, uint64_t number)
{
	return kept->nearby && segment->flags & SEGMENT_WRITE && kept_has(kept, number) && !kept_bit(kept->masked, number) &&
	       distance_of(segment, number) < DISTANCES;
}

/* Calls for each of them. Looking again at every word that is kept is cheaper than memory for the answers, of which there may be millions. */
static bool each_nearby(const struct image *image, bool (*visit)(void *context, const struct segment *segment, uint64_t number), void *context)
{
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];
		const uint64_t end = segment->flags & SEGMENT_WRITE ? segment->first_word + words_of(segment) : 0;

		for (uint64_t number = segment->first_word; number < end; number++)
			if (!image->kept->bits[number / KEPT_BITS])
				number |= KEPT_BITS - 1;
			else if (nearby_is(image->kept, segment, number) && !visit(context, segment, number))
				return false;
	}
	return true;
}

static bool count(void *context, const struct segment *segment, uint64_t number)
{
	uint64_t *sum = context;

	(void)segment;
	(void)number;
	++*sum;
	return true;
}

void nearby_find(struct image *image)
{
	struct kept *kept = image->kept;

	kept->nearby = count_bits(kept->bits, kept->words) >= MATTERS;
	kept->nearby_count = 0;
	if (kept->nearby)
		each_nearby(image, count, &kept->nearby_count);
}

static bool write_distance(void *context, const struct segment *segment, uint64_t number)
{
	return fputc((int)distance_of(segment, number), context) != EOF;
}

bool nearby_write(const struct image *image, FILE *out)
{
	return !image->kept->nearby || each_nearby(image, write_distance, out);
}

/* The segment of a word, at or behind that of the last one; NULL: none. */
static const struct segment *segment_of(const struct image *image, size_t *last, uint64_t number)
{
	for (; *last < image->segments.count; ++*last) {
		const struct segment *segment = &image->segments.items[*last];

		if (number < segment->first_word)
			return NULL;
		if (number < segment->first_word + words_of(segment))
			return segment;
	}
	return NULL;
}

uint64_t nearby_bits(const struct image *image, size_t *last, uint64_t element)
{
	uint64_t ret = 0;

	for (uint64_t rest = image->kept->nearby ? image->kept->bits[element] : 0; rest; rest &= rest - 1) {
		const uint64_t number = element * KEPT_BITS + (uint64_t)__builtin_ctzll(rest);
		const struct segment *segment = segment_of(image, last, number);

		if (segment && nearby_is(image->kept, segment, number))
			ret |= rest & -rest;
	}
	return ret;
}

/* ---- reading ---- */

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
	const struct segment *segment = segment_of(reader->image, &reader->segment, number);
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
