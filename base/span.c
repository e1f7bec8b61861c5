/* span.c: every byte of a dump or an executable is touched through these. */
#include "base/span.h"

#include <string.h>

struct span span_slice(struct span span, uint64_t offset, uint64_t size)
{
	if (offset > span.size || size > span.size - offset)
		return (struct span){0};
	return (struct span){span.data ? span.data + offset : NULL, (size_t)size}; /* NULL + 0 is undefined in C */
}

struct span span_from(struct span span, uint64_t offset)
{
	return offset > span.size ? (struct span){0} : span_slice(span, offset, span.size - offset);
}

static uint64_t little_endian(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	for (size_t i = size; i-- > 0;)
		value = value << 8 | bytes[i];
	return value;
}

static uint64_t number(struct span span, uint64_t offset, size_t size)
{
	struct span part = span_slice(span, offset, size);

	return part.size == size ? little_endian(part.data, size) : 0;
}

uint8_t span_u8(struct span span, uint64_t offset)
{
	return (uint8_t)number(span, offset, 1);
}

uint16_t span_u16(struct span span, uint64_t offset)
{
	return (uint16_t)number(span, offset, 2);
}

uint32_t span_u32(struct span span, uint64_t offset)
{
	return (uint32_t)number(span, offset, 4);
}

uint64_t span_u64(struct span span, uint64_t offset)
{
	return number(span, offset, 8);
}

const char *span_string(struct span span, uint64_t offset, size_t limit)
{
	struct span rest = span_from(span, offset);

	if (!rest.size || !memchr(rest.data, 0, rest.size < limit ? rest.size : limit))
		return NULL;
	return (const char *)rest.data;
}

size_t span_find(struct span span, size_t from, const void *needle, size_t size)
{
	struct span rest = span_from(span, from);
	const uint8_t *at = rest.data;

	if (!size)
		return SIZE_MAX;
	for (;;) {
		size_t left = rest.size - (size_t)(at - rest.data);

		if (!at || left < size)
			return SIZE_MAX;
		at = memchr(at, *(const uint8_t *)needle, left - size + 1);
		if (!at)
			return SIZE_MAX;
		if (!memcmp(at, needle, size))
			return (size_t)(at - span.data);
		at++;
	}
}

struct reader reader_of(struct span span)
{
	return (struct reader){.span = span};
}

struct span read_bytes(struct reader *reader, uint64_t size)
{
	struct span part = span_slice(reader->span, reader->position, size);

	if (reader->failed || part.size != size) {
		reader->failed = true;
		return (struct span){0};
	}
	reader->position += part.size;
	return part;
}

void read_skip(struct reader *reader, uint64_t size)
{
	read_bytes(reader, size);
}

static uint64_t read_number(struct reader *reader, size_t size)
{
	struct span part = read_bytes(reader, size);

	return little_endian(part.data, part.size);
}

uint8_t read_u8(struct reader *reader)
{
	return (uint8_t)read_number(reader, 1);
}

uint16_t read_u16(struct reader *reader)
{
	return (uint16_t)read_number(reader, 2);
}

uint32_t read_u32(struct reader *reader)
{
	return (uint32_t)read_number(reader, 4);
}

uint64_t read_u64(struct reader *reader)
{
	return read_number(reader, 8);
}

uint32_t read_uvarint32(struct reader *reader)
{
	uint32_t value = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t byte = read_u8(reader);

		if (shift < 32)
			value |= (uint32_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	reader->failed = true;
	return 0;
}
