/* stream.h: JSON on its way out. A long report is made of thousands of millions of bytes in pieces of a few: they are put
 * together here, and leave in large blocks. Nothing is escaped: what a dump says comes as text that jansson has made. */
#ifndef REPORT_JSON_STREAM_H
#define REPORT_JSON_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { JSON_STREAM_BLOCK = 1 << 17 };

struct json_stream {
	FILE *out;
	bool failed; /* `out` took less than all: the rest is thrown away */
	size_t used;
	char bytes[JSON_STREAM_BLOCK];
};

void stream_flush(struct json_stream *stream);

/* What stream_bytes does where the block has no room for all of it. */
void stream_past_block(struct json_stream *stream, const char *bytes, size_t size);

/* Values; null where not `known`, and for no name. An address is "0x…" with its quotes, a name is one of our own, in which
 * nothing is to be escaped. */
void stream_number(struct json_stream *stream, bool known, int64_t value);
void stream_address(struct json_stream *stream, bool known, uint64_t value);
void stream_bool(struct json_stream *stream, bool value);
void stream_name(struct json_stream *stream, const char *name);

static inline void stream_bytes(struct json_stream *stream, const char *bytes, size_t size)
{
	if (size > JSON_STREAM_BLOCK - stream->used) {
		stream_past_block(stream, bytes, size);
		return;
	}
	memcpy(stream->bytes + stream->used, bytes, size);
	stream->used += size;
}

static inline void stream_text(struct json_stream *stream, const char *text)
{
	stream_bytes(stream, text, strlen(text));
}

#endif
