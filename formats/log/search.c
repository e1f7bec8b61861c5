/* search.c: see search.h. Vectors are the compilers' (GCC manual, "Vector Extensions"): SSE2 on amd64, NEON on arm64. A block of
 * text is held against the first, third and fourth byte of every anchor; what agrees in all three is looked at. */
#include "formats/log/search.h"

#include <string.h>

enum { BLOCK = 16, REACH = 3, ANCHORS = 9, MOST_ADDED = 255 };

typedef uint8_t bytes16 __attribute__((vector_size(BLOCK)));

static const struct {
	const char *text;
	size_t size;
	bool sure;
} anchors[ANCHORS] = {
#define ANCHOR(text, sure) {text, sizeof text - 1, sure},
#include "formats/log/anchors.def"
#undef ANCHOR
};

static bytes16 load(const uint8_t *at)
{
	bytes16 block;

	memcpy(&block, at, sizeof block);
	return block;
}

static bool any(bytes16 block)
{
	uint64_t halves[2];

	memcpy(halves, &block, sizeof halves);
	return halves[0] | halves[1];
}

static bool is_anchor(struct span text, size_t at, bool *sure)
{
	for (size_t i = 0; i < ANCHORS; i++)
		if (anchors[i].size <= text.size - at && !memcmp(text.data + at, anchors[i].text, anchors[i].size)) {
			*sure = anchors[i].sure;
			return true;
		}
	return false;
}

#define EQUAL(block, byte) ((bytes16)((block) == ((bytes16){0} + (uint8_t)(byte))))
#define AGREES(i)                                                                                                              \
	(EQUAL(first, anchors[i].text[0]) & EQUAL(third, anchors[i].text[2]) & EQUAL(fourth, anchors[i].text[3]))

/* Bytes that are not 0 where an anchor may begin. */
static bytes16 candidates(const uint8_t *at)
{
	const bytes16 first = load(at), third = load(at + 2), fourth = load(at + REACH);

	return AGREES(0) | AGREES(1) | AGREES(2) | AGREES(3) | AGREES(4) | AGREES(5) | AGREES(6) | AGREES(7) |
	       AGREES(8);
}

static size_t search_block(struct span text, size_t at, size_t from, size_t end, bool *sure)
{
	const bytes16 found = candidates(text.data + at);

	if (any(found))
		for (size_t i = 0; i < BLOCK && at + i < end; i++)
			if (found[i] && at + i >= from && is_anchor(text, at + i, sure))
				return at + i;
	return SIZE_MAX;
}

/* The last block of a text overlaps with the one before it: no anchor is so short that it begins behind it. */
size_t log_search(struct span text, size_t from, size_t end, bool *sure)
{
	enum { SPAN = BLOCK + REACH };

	if (end > text.size)
		end = text.size;
	for (size_t at = from; at < end && text.size >= SPAN; at += BLOCK) {
		const size_t found = search_block(text, at <= text.size - SPAN ? at : text.size - SPAN, from, end, sure);

		if (found != SIZE_MAX)
			return found;
	}
	for (; from < end && text.size < SPAN; from++)
		if (is_anchor(text, from, sure))
			return from;
	return SIZE_MAX;
}

uint64_t log_newlines(struct span text)
{
	uint64_t count = 0;
	size_t at = 0;

	while (text.size - at >= BLOCK) {
		bytes16 sum = {0};

		for (unsigned added = 0; added < MOST_ADDED && text.size - at >= BLOCK; added++, at += BLOCK)
			sum -= (bytes16)(load(text.data + at) == ((bytes16){0} + (uint8_t)'\n'));
		for (size_t i = 0; i < BLOCK; i++)
			count += sum[i];
	}
	for (; at < text.size; at++)
		count += text.data[at] == '\n';
	return count;
}
