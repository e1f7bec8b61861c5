/* writer.h: JSON, written as it is made: only the element in the making is in memory. Text is escaped. What there may be
 * millions of is written without jansson, by stream_text and its like. */
#ifndef REPORT_JSON_WRITER_H
#define REPORT_JSON_WRITER_H

#include "report/json/stream.h"
#include "report/report.h"

typedef struct json_t json_t; /* a value; jansson's own type, opaque */

struct writer {
	struct json_stream *stream;
	struct arena *arena;
	const struct diagnosis *diagnosis;
	struct analysis *analysis;
	const struct report_options *options;
	const struct selection *selection;
	json_t *pending; /* the element in the making: released with the arena if an allocation does not return */
	struct pc_texts *pc_texts; /* pc_texts.c */
	bool failed; /* memory ran out */
	bool first_key, first_item;
};

/* The writer has its arena. writer_end says whether the document is whole; what `out` did not take is left for its ferror. */
void writer_start(struct writer *writer, FILE *out);
bool writer_end(struct writer *writer);
bool writer_end_line(struct writer *writer); /* one of many: its memory is given back */

/* Nothing more can be written: long lists end here. */
bool writer_stopped(const struct writer *writer);

/* Values that nothing owns yet: each is for the next put_value, push_value or begin_value. */
json_t *new_object(void);
json_t *new_array(void);
json_t *null_value(void);
json_t *bool_value(bool value);
json_t *text_value(struct writer *writer, const char *text); /* NULL: null */

/* Adds a value to an object or array, and returns it. */
json_t *put_value(struct writer *writer, json_t *object, const char *key, json_t *value);
json_t *push_value(struct writer *writer, json_t *array, json_t *value);

/* Members of an object; null where not `known`. */
void put_text(struct writer *writer, json_t *object, const char *key, const char *text);
void put_texts(struct writer *writer, json_t *array, const char *const *texts, size_t count);
void put_number(struct writer *writer, json_t *object, const char *key, bool known, int64_t value);
void put_address(struct writer *writer, json_t *object, const char *key, bool known, uint64_t value);
void put_bool(struct writer *writer, json_t *object, const char *key, bool value);
void put_error(struct writer *writer, json_t *object, const char *code, const char *text); /* "error" */

/* Makes a value that is written, and gone, with the next dump_pending; dump_members leaves out its braces. */
json_t *begin_value(struct writer *writer, json_t *value);
void dump_pending(struct writer *writer);
void dump_members(struct writer *writer);

/* The same members as text on the writer's arena; "" when an allocation failed. */
const char *pending_members(struct writer *writer);

/* Top-level keys of the document and their values; a section and an item are objects to fill and dump. */
void begin_key(struct writer *writer, const char *name);
json_t *begin_section(struct writer *writer, const char *name);
void tool_section(struct writer *writer, const char *version); /* "tool": what wrote the document */
void text_section(struct writer *writer, const char *name, const char *text);
void count_section(struct writer *writer, const char *name, size_t count);
void open_array(struct writer *writer, const char *name);
void next_item(struct writer *writer); /* one that is written without jansson */
json_t *begin_item(struct writer *writer);
void close_array(struct writer *writer);

#endif
