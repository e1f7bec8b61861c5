/* writer.c: by jansson. What is made is put into `pending` as soon as it exists. */
#include "report/json/writer.h"

#include "base/hash.h"
#include "report/escape.h"

#include <jansson.h>

/* Left alone, jansson draws the seed of its tables when it makes the first, and lets whoever comes second wait for that (hashtable_seed.c): for ever
 * in a child that another thread makes in that moment. */
__attribute__((constructor)) static void seed_tables(void)
{
	json_object_seed((uint32_t)hash_key | 1);
}

static void release_pending(void *object)
{
	json_decref(((struct writer *)object)->pending);
}

void writer_start(struct writer *writer, FILE *out)
{
	writer->stream = arena_alloc(writer->arena, sizeof *writer->stream);
	writer->stream->out = out;
	writer->first_key = true;
	arena_defer(writer->arena, release_pending, writer);
}

bool writer_end(struct writer *writer)
{
	stream_flush(writer->stream);
	return !writer->failed;
}

bool writer_end_line(struct writer *writer)
{
	bool whole;

	dump_pending(writer);
	stream_text(writer->stream, "\n");
	whole = writer_end(writer);
	arena_release(writer->arena, writer->stream, sizeof *writer->stream);
	writer->stream = NULL;
	return whole;
}

bool writer_stopped(const struct writer *writer)
{
	return writer->failed || writer->stream->failed;
}

json_t *put_value(struct writer *writer, json_t *object, const char *key, json_t *value)
{
	if (value && !json_object_set_new_nocheck(object, key, value))
		return value;
	writer->failed = true; /* and the value is released */
	return NULL;
}

json_t *push_value(struct writer *writer, json_t *array, json_t *value)
{
	if (value && !json_array_append_new(array, value))
		return value;
	writer->failed = true;
	return NULL;
}

json_t *new_object(void)
{
	return json_object();
}

json_t *new_array(void)
{
	return json_array();
}

json_t *null_value(void)
{
	return json_null();
}

json_t *bool_value(bool value)
{
	return json_boolean(value);
}

json_t *text_value(struct writer *writer, const char *text)
{
	return text ? json_string(escape_utf8(writer->arena, text)) : json_null();
}

void put_text(struct writer *writer, json_t *object, const char *key, const char *text)
{
	put_value(writer, object, key, text_value(writer, text));
}

void put_texts(struct writer *writer, json_t *array, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		push_value(writer, array, text_value(writer, texts[i]));
}

void put_number(struct writer *writer, json_t *object, const char *key, bool known, int64_t value)
{
	put_value(writer, object, key, known ? json_integer(value) : json_null());
}

void put_address(struct writer *writer, json_t *object, const char *key, bool known, uint64_t value)
{
	put_text(writer, object, key, known ? hex_text(writer->arena, value) : NULL);
}

void put_bool(struct writer *writer, json_t *object, const char *key, bool value)
{
	put_value(writer, object, key, json_boolean(value));
}

void put_error(struct writer *writer, json_t *object, const char *code, const char *text)
{
	json_t *error = put_value(writer, object, "error", new_object());

	put_text(writer, error, "code", code);
	put_text(writer, error, "text", text);
}

/* ASCII, so that no control character of Unicode's reaches a terminal either. */
static const size_t style = JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY;

static void release_value(struct writer *writer)
{
	json_decref(writer->pending);
	writer->pending = NULL;
}

static int take_dumped(const char *bytes, size_t size, void *stream)
{
	stream_bytes(stream, bytes, size);
	return 0;
}

static void dump(struct writer *writer, size_t flags)
{
	if (json_dump_callback(writer->pending, take_dumped, writer->stream, style | flags))
		writer->failed = true;
	release_value(writer);
}

const char *pending_members(struct writer *writer)
{
	size_t size = json_dumpb(writer->pending, NULL, 0, style | JSON_EMBED);
	char *text = arena_alloc(writer->arena, size + 1);

	if (!size || json_dumpb(writer->pending, text, size, style | JSON_EMBED) != size)
		writer->failed = true;
	release_value(writer);
	return text;
}

void dump_pending(struct writer *writer)
{
	dump(writer, 0);
}

void dump_members(struct writer *writer)
{
	dump(writer, JSON_EMBED);
}

void begin_key(struct writer *writer, const char *name)
{
	stream_text(writer->stream, writer->first_key ? "\n\"" : ",\n\"");
	stream_text(writer->stream, name);
	stream_text(writer->stream, "\": ");
	writer->first_key = false;
}

json_t *begin_value(struct writer *writer, json_t *value)
{
	writer->pending = value;
	writer->failed |= !value;
	return value;
}

json_t *begin_section(struct writer *writer, const char *name)
{
	begin_key(writer, name);
	return begin_value(writer, json_object());
}

void open_array(struct writer *writer, const char *name)
{
	begin_key(writer, name);
	stream_text(writer->stream, "[");
	writer->first_item = true;
}

void next_item(struct writer *writer)
{
	stream_text(writer->stream, writer->first_item ? "\n " : ",\n ");
	writer->first_item = false;
}

json_t *begin_item(struct writer *writer)
{
	next_item(writer);
	return begin_value(writer, json_object());
}

void close_array(struct writer *writer)
{
	stream_text(writer->stream, writer->first_item ? "]" : "\n]");
}

void tool_section(struct writer *writer, const char *version)
{
	json_t *tool = begin_section(writer, "tool");

	put_text(writer, tool, "name", "tornstack");
	put_text(writer, tool, "version", version);
	dump_pending(writer);
}

void text_section(struct writer *writer, const char *name, const char *text)
{
	begin_key(writer, name);
	begin_value(writer, text_value(writer, text));
	dump_pending(writer);
}

void count_section(struct writer *writer, const char *name, size_t count)
{
	begin_key(writer, name);
	stream_number(writer->stream, true, (int64_t)count);
}
