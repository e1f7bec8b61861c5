/* span.h: bounded views of bytes that nobody vouches for, and a reader whose first underflow sticks: after it every read
 * gives 0 and `failed` stays set, so a record is read whole and checked once. All numbers are little-endian, as on every
 * target of this program. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *data;
	size_t size;
};

/* The part [offset, offset + size) of a span; empty when it does not lie wholly inside. */
struct span span_slice(struct span span, uint64_t offset, uint64_t size);

/* From offset to the end; empty when offset is outside. */
struct span span_from(struct span span, uint64_t offset);

/* Numbers at an address. Compilers make one load of each. */
static inline uint32_t load_u32(const uint8_t *b)
{
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t load_u64(const uint8_t *b)
{
	return load_u32(b) | (uint64_t)load_u32(b + sizeof(uint32_t)) << 32;
}

/* Writes a number of `bytes` bytes, and goes behind it. */
static inline void append_number(uint8_t **at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		*(*at)++ = (uint8_t)(value >> 8 * i);
}

/* Whether `size` bytes at an offset lie inside. */
static inline bool span_has(struct span span, uint64_t offset, uint64_t size)
{
	return offset <= span.size && size <= span.size - offset;
}

/* Numbers at an offset; 0 when they do not lie inside. Inline, since millions of words of stacks are read by them. */
static inline uint8_t span_u8(struct span span, uint64_t offset)
{
	return span_has(span, offset, sizeof(uint8_t)) ? span.data[offset] : 0;
}

static inline uint16_t span_u16(struct span span, uint64_t offset)
{
	return span_has(span, offset, sizeof(uint16_t)) ? (uint16_t)(span.data[offset] | (unsigned)span.data[offset + 1] << 8) : 0;
}

static inline uint32_t span_u32(struct span span, uint64_t offset)
{
	return span_has(span, offset, sizeof(uint32_t)) ? load_u32(span.data + offset) : 0;
}

static inline uint64_t span_u64(struct span span, uint64_t offset)
{
	return span_has(span, offset, sizeof(uint64_t)) ? load_u64(span.data + offset) : 0;
}

/* Whether its first bytes are those of a text. */
static inline bool span_begins(struct span span, const char *text)
{
	const size_t size = strlen(text);

	return span.size >= size && !memcmp(span.data, text, size);
}

/* The NUL-terminated string at an offset, or NULL when it is not terminated within the span or within `limit` bytes. */
const char *span_string(struct span span, uint64_t offset, size_t limit);

/* Offset of the first occurrence of `needle` at or after `from`, or SIZE_MAX. */
size_t span_find(struct span span, size_t from, const void *needle, size_t size);

struct reader {
	struct span span;
	size_t position;
	bool failed;
};

struct reader reader_of(struct span span);
uint8_t read_u8(struct reader *reader);
uint16_t read_u16(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
struct span read_bytes(struct reader *reader, uint64_t size);
void read_skip(struct reader *reader, uint64_t size);

/* LEB128, at most 32 significant bits: the varint of Go's pcvalue tables. */
uint32_t read_uvarint32(struct reader *reader);

#endif
