/* kept.c: see kept.h. */
#include "formats/dump/kept.h"

#include "base/mapping.h"

#include <string.h>

static uint64_t number_words(struct image *image)
{
	uint64_t next = 0;

	for (size_t i = 0; i < image->segments.count; i++) {
		struct segment *segment = &image->segments.items[i];

		segment->first_word = next;
		next += (segment->address % KEPT_WORD + segment->saved.size + KEPT_WORD - 1) / KEPT_WORD;
	}
	return next;
}

const struct err *kept_begin(struct image *image, bool recording)
{
	struct kept *kept = arena_alloc(image->arena, sizeof *kept);
	uint64_t **maps[] = {&kept->bits, &kept->removed, &kept->fields, &kept->texts, &kept->masked};

	kept->recording = recording;
	kept->words = number_words(image);
	for (size_t i = 0; i < (recording ? sizeof maps / sizeof *maps : 2); i++) {
		void *bits;
		const struct err *err = mapping_zeros(image->arena, (kept->words / KEPT_BITS + 1) * sizeof **maps[i], true, &bits);

		if (err)
			return err;
		*maps[i] = bits;
	}
	image->kept = kept;
	return NULL;
}

/* Bits [from, to) of one element. */
static uint64_t mask_of(uint64_t from, uint64_t to)
{
	const uint64_t size = to - from;

	return (size == KEPT_BITS ? UINT64_MAX : (UINT64_C(1) << size) - 1) << from % KEPT_BITS;
}

/* Where the element of a word ends, or the range. */
static uint64_t element_end(uint64_t from, uint64_t to)
{
	const uint64_t end = (from / KEPT_BITS + 1) * KEPT_BITS;

	return end < to ? end : to;
}

static void mark(uint64_t *bits, uint64_t from, uint64_t to)
{
	for (uint64_t end; from < to; from = end) {
		uint64_t *element = &bits[from / KEPT_BITS];
		uint64_t mask;

		end = element_end(from, to);
		mask = mask_of(from, end);
		if ((__atomic_load_n(element, __ATOMIC_RELAXED) & mask) != mask) /* most reads come again */
			__atomic_fetch_or(element, mask, __ATOMIC_RELAXED);
	}
}

/* The first word of [from, to) that is not marked, or `to`. */
static uint64_t first_unmarked(const struct kept *kept, uint64_t from, uint64_t to, bool view)
{
	for (uint64_t end; from < to; from = end) {
		uint64_t missing;

		end = element_end(from, to);
		missing = ~(kept->bits[from / KEPT_BITS] | (view ? kept->removed[from / KEPT_BITS] : 0)) & mask_of(from, end);
		if (missing)
			return from / KEPT_BITS * KEPT_BITS + (uint64_t)__builtin_ctzll(missing);
	}
	return to;
}

bool kept_any(const struct kept *kept, uint64_t from, uint64_t to)
{
	for (uint64_t end; from < to; from = end) {
		end = element_end(from, to);
		if ((kept->bits[from / KEPT_BITS] | kept->removed[from / KEPT_BITS]) & mask_of(from, end))
			return true;
	}
	return false;
}

uint64_t kept_bytes(struct kept *kept, const struct segment *segment, uint64_t offset, uint64_t n, bool view)
{
	const uint64_t from = kept_number(segment, offset);
	const uint64_t to = n ? kept_number(segment, offset + n - 1) + 1 : from;
	uint64_t last, size;

	if (kept->recording) {
		mark(kept->bits, from, to);
		return n;
	}
	last = first_unmarked(kept, from, to, view);
	if (last == to)
		return n;
	size = (last - segment->first_word) * KEPT_WORD - segment->address % KEPT_WORD;
	return last > from && size > offset ? size - offset : 0;
}

void kept_mark(uint64_t *bits, const struct segment *segment, uint64_t offset, uint64_t n)
{
	if (n)
		mark(bits, kept_number(segment, offset), kept_number(segment, offset + n - 1) + 1);
}

/* A multiplicative hash by blocks; who changes a file on purpose could as well change the slim dump. */
static uint64_t digest_of(struct span file)
{
	const uint64_t factor = 0x9e3779b97f4a7c15;
	uint64_t digest = file.size;

	for (size_t at = 0; at < file.size; at += KEPT_WORD) {
		uint64_t word = 0;

		memcpy(&word, file.data + at, file.size - at < KEPT_WORD ? file.size - at : KEPT_WORD);
		digest = (digest ^ word) * factor;
		digest ^= digest >> 32;
	}
	return digest;
}

const struct kept_comparison *kept_compared(const struct kept *kept, struct span file, uint64_t address)
{
	uint64_t digest = 0;

	for (size_t i = 0; i < kept->comparisons.count; i++) {
		const struct kept_comparison *one = &kept->comparisons.items[i];

		if (one->address != address || one->size != file.size)
			continue;
		digest = digest ? digest : digest_of(file);
		if (one->digest == digest)
			return one;
	}
	return NULL;
}

void kept_note_comparison(struct image *image, struct span file, uint64_t address, const struct comparison *sum)
{
	struct kept_comparison comparison = {.address = address, .size = file.size, .digest = digest_of(file), .sum = *sum};

	if (!kept_compared(image->kept, file, address))
		vec_push(image->arena, &image->kept->comparisons, comparison);
}

/* Where an answer is, or is to be put. */
static size_t answer_place(const struct kept *kept, enum kept_question question, uint64_t pc)
{
	size_t low = 0, high = kept->answers.count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct kept_answer *one = &kept->answers.items[middle];

		if (one->pc < pc || (one->pc == pc && one->question < (uint64_t)question))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct kept_answer *kept_answered(const struct kept *kept, enum kept_question question, uint64_t pc)
{
	const size_t place = answer_place(kept, question, pc);
	const struct kept_answer *one = place < kept->answers.count ? &kept->answers.items[place] : NULL;

	return one && one->pc == pc && one->question == (uint64_t)question ? one : NULL;
}

void kept_note_answer(struct image *image, enum kept_question question, uint64_t pc, const void *bytes, size_t size)
{
	struct kept *kept = image->kept;
	const size_t place = answer_place(kept, question, pc);
	uint8_t *copy;

	if (kept->answers.count >= KEPT_ANSWERS_MOST || kept_answered(kept, question, pc))
		return;
	copy = size ? memcpy(arena_alloc(image->arena, size), bytes, size) : NULL;
	vec_push(image->arena, &kept->answers, (struct kept_answer){0});
	memmove(&kept->answers.items[place + 1], &kept->answers.items[place],
		(kept->answers.count - 1 - place) * sizeof *kept->answers.items);
	kept->answers.items[place] = (struct kept_answer){.pc = pc, .question = question, .bytes = {copy, size}};
}
