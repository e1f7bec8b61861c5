/* stream.c: see stream.h. */
#include "report/json/stream.h"

enum { NUMBER_SIZE = 20, ADDRESS_SIZE = 2 * sizeof(uint64_t) + sizeof "\"0x\"" - 1 };

void stream_flush(struct json_stream *stream)
{
	if (!stream->failed && fwrite(stream->bytes, 1, stream->used, stream->out) != stream->used)
		stream->failed = true;
	stream->used = 0;
}

void stream_past_block(struct json_stream *stream, const char *bytes, size_t size)
{
	stream_flush(stream);
	for (size_t n; size; bytes += n, size -= n) {
		n = size < JSON_STREAM_BLOCK ? size : JSON_STREAM_BLOCK;
		memcpy(stream->bytes, bytes, n);
		stream->used = n;
		if (n < size)
			stream_flush(stream);
	}
}

void stream_number(struct json_stream *stream, bool known, int64_t value)
{
	char text[NUMBER_SIZE];
	char *at = text + sizeof text;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	if (!known) {
		stream_text(stream, "null");
		return;
	}
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*--at = '-';
	stream_bytes(stream, at, (size_t)(text + sizeof text - at));
}

void stream_address(struct json_stream *stream, bool known, uint64_t value)
{
	static const char digits[] = "0123456789abcdef";
	char text[ADDRESS_SIZE];
	char *at = text + sizeof text;

	if (!known) {
		stream_text(stream, "null");
		return;
	}
	*--at = '"';
	do
		*--at = digits[value & 0xf];
	while (value >>= 4);
	*--at = 'x';
	*--at = '0';
	*--at = '"';
	stream_bytes(stream, at, (size_t)(text + sizeof text - at));
}

void stream_bool(struct json_stream *stream, bool value)
{
	stream_text(stream, value ? "true" : "false");
}

void stream_name(struct json_stream *stream, const char *name)
{
	if (!name) {
		stream_text(stream, "null");
		return;
	}
	stream_text(stream, "\"");
	stream_text(stream, name);
	stream_text(stream, "\"");
}
