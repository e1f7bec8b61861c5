/* memory_search.c: see memory_search.h. */
#include "heuristics/heap/memory_search.h"

#include <ctype.h>
#include <string.h>

enum { WORD = 8, BLOCK = 32 * WORD, HALF = 32, RUN_LIMIT = 64 << 10, TEXT_SHOWN = 48 };

#define SEARCH_LIMIT ((uint64_t)1 << 30)

static bool is_skipped(const struct memory_search *search, uint64_t address)
{
	for (size_t i = 0; i < search->skip_count; i++)
		if (address - search->skip[i].start < search->skip[i].end - search->skip[i].start)
			return true;
	return false;
}

static bool is_wanted(const struct memory_search *search, uint64_t value)
{
	return value - search->first <= search->last - search->first;
}

/* Most of memory holds none of the values: blocks of it are passed over without a branch for each word. */
static bool block_has(const struct memory_search *search, const uint8_t *block)
{
	const uint64_t first = search->first, size = search->last - first;
	uint64_t words[BLOCK / WORD], wanted = 0;

	memcpy(words, block, sizeof words);
	for (size_t i = 0; i < BLOCK / WORD; i++)
		wanted |= words[i] - first <= size;
	return wanted;
}

static void look_at_word(struct image *image, struct memory_search *search, uint64_t value, uint64_t address)
{
	if (!is_wanted(search, value) || is_skipped(search, address))
		return;
	image_cite(image, address, WORD);
	if (search->count < FOUND_KEPT)
		search->found[search->count] = (struct found_word){address, value};
	search->count++;
}

static void look_at(struct image *image, struct memory_search *search, struct span bytes, uint64_t address)
{
	size_t at = (size_t)(-address & (WORD - 1));

	while (at < bytes.size && bytes.size - at >= WORD) {
		const bool whole = bytes.size - at >= BLOCK;
		const size_t end = at + (whole ? BLOCK : (bytes.size - at) / WORD * WORD);

		for (size_t word = whole && !block_has(search, bytes.data + at) ? end : at; word < end; word += WORD)
			look_at_word(image, search, span_u64(bytes, word), address + word);
		at = end;
	}
}

void memory_search(struct image *image, struct memory_search *search)
{
	uint64_t left = SEARCH_LIMIT;

	search->count = 0;
	search->complete = true;
	for (size_t i = 0; i < image->segments.count && left; i++) {
		const struct segment *segment = &image->segments.items[i];
		const uint64_t size = segment->saved.size < left ? segment->saved.size : left;

		if (!(segment->flags & SEGMENT_WRITE))
			continue;
		look_at(image, search, (struct span){segment->saved.data, (size_t)size}, segment->address);
		search->complete = search->complete && segment->saved.size == segment->size;
		left -= size;
	}
	search->complete = search->complete && left;
}

enum shape { SHAPE_NONE, SHAPE_TEXT, SHAPE_FILL, SHAPE_HALVES, SHAPES };

static const char *const shape_names[SHAPES] = {
	[SHAPE_TEXT] = "text",
	[SHAPE_FILL] = "one byte again and again",
	[SHAPE_HALVES] = "words whose two halves are equal",
};

static bool is_text(uint64_t value)
{
	for (unsigned i = 0; i < WORD; i++)
		if (!isprint((int)(value >> 8 * i & 0xff)) && !isspace((int)(value >> 8 * i & 0xff)))
			return false;
	return true;
}

static enum shape shape_of(uint64_t value)
{
	if (!value)
		return SHAPE_NONE;
	if (value == (value & 0xff) * UINT64_C(0x0101010101010101))
		return SHAPE_FILL;
	if (is_text(value))
		return SHAPE_TEXT;
	return value >> HALF == (uint32_t)value ? SHAPE_HALVES : SHAPE_NONE;
}

static bool continues(struct image *image, uint64_t address, enum shape shape)
{
	uint64_t value;

	return image_u64(image, address, &value) && shape_of(value) == shape;
}

static const char *text_of(struct arena *arena, struct image *image, const struct word_run *run)
{
	const uint64_t size = run->end - run->start < TEXT_SHOWN ? run->end - run->start : TEXT_SHOWN;

	return image_string(image, run->start, size) ? arena_printf(arena, "\"%s%s\"", image_string(image, run->start, size),
								    size < run->end - run->start ? "…" : "")
						     : NULL;
}

struct word_run word_run_at(struct arena *arena, struct image *image, uint64_t address)
{
	struct word_run run = {address, address + WORD, NULL, NULL};
	enum shape shape;
	uint64_t value;

	if (!image_u64(image, address, &value) || !(shape = shape_of(value)))
		return run;
	run.shape = shape_names[shape];
	while (run.end - address < RUN_LIMIT && continues(image, run.end, shape))
		run.end += WORD;
	while (address - run.start < RUN_LIMIT && continues(image, run.start - WORD, shape))
		run.start -= WORD;
	if (shape == SHAPE_TEXT)
		run.text = text_of(arena, image, &run);
	return run;
}
