/* span.c: every byte of a dump or an executable is touched through these. */
#include "base/span.h"

#include <string.h>

struct span span_slice(struct span span, uint64_t offset, uint64_t size)
{
	if (!span.data || !span_has(span, offset, size))
		return (struct span){0};
	return (struct span){span.data + offset, (size_t)size};
}

struct span span_from(struct span span, uint64_t offset)
{
	if (offset > span.size)
		return (struct span){0};
	return span_slice(span, offset, span.size - offset);
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
	while (at) {
		size_t left = rest.size - (size_t)(at - rest.data);

		if (left < size)
			break;
		at = memchr(at, *(const uint8_t *)needle, left - size + 1);
		if (!at)
			break;
		if (!memcmp(at, needle, size))
			return (size_t)(at - span.data);
		at++;
	}
	return SIZE_MAX;
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

uint8_t read_u8(struct reader *reader)
{
	return span_u8(read_bytes(reader, sizeof(uint8_t)), 0);
}

uint16_t read_u16(struct reader *reader)
{
	return span_u16(read_bytes(reader, sizeof(uint16_t)), 0);
}

uint32_t read_u32(struct reader *reader)
{
	return span_u32(read_bytes(reader, sizeof(uint32_t)), 0);
}

uint64_t read_u64(struct reader *reader)
{
	return span_u64(read_bytes(reader, sizeof(uint64_t)), 0);
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
