/* json_frames.c: each printed line of a frame in three pieces of text, with what differs from frame to frame between them. */
#include "report/json_frames.h"

#include "report/place.h"

#include <inttypes.h>

enum { FIRST_TABLE = 1024, KEPT_LIMIT = 1 << 16 /* pcs; of a dump with more, the others are worded each time */ };

struct line_pieces {
	const char *pc;     /* "pc":… */
	const char *place;  /* "function":… "inlined":… */
	const char *offset; /* "function_offset":… */
};

struct pc_pieces {
	uint64_t pc;
	bool exact;
	size_t count;
	struct line_pieces lines[];
};

struct frame_pieces {
	struct pc_pieces **slots; /* open addressing */
	size_t size, used;        /* size is a power of two */
};

static void word_line(struct writer *writer, const struct frame_line *line, struct line_pieces *ret)
{
	const uint64_t pc = line->frame->pc;
	json_t *object = begin_value(writer, new_object());

	put_address(writer, object, "pc", true, pc);
	ret->pc = pending_members(writer);
	object = begin_value(writer, new_object());
	put_text(writer, object, "function", line->function);
	put_address(writer, object, "entry", line->entry != 0, line->entry);
	put_text(writer, object, "file", line->file);
	put_number(writer, object, "line", line->file && line->line > 0, line->line);
	put_text(writer, object, "module", line->module);
	put_bool(writer, object, "inlined", line->inlined);
	ret->place = pending_members(writer);
	object = begin_value(writer, new_object());
	put_number(writer, object, "function_offset", line->entry != 0, (int64_t)(pc - line->entry));
	ret->offset = pending_members(writer);
}

static struct pc_pieces *word_frame(struct writer *writer, const struct stack *stack, size_t index)
{
	const struct frame *frame = &stack->frames.items[index];
	struct frame_line lines[INLINE_LIMIT];
	size_t count = frame_lines(writer->analysis->image, stack, index, lines);
	struct pc_pieces *pieces = arena_alloc(writer->arena, sizeof *pieces + count * sizeof *pieces->lines);

	pieces->pc = frame->pc;
	pieces->exact = frame->exact;
	pieces->count = count;
	for (size_t i = 0; i < count; i++)
		word_line(writer, &lines[i], &pieces->lines[i]);
	return pieces;
}

static struct pc_pieces **slot_of(const struct frame_pieces *table, uint64_t pc, bool exact)
{
	size_t at = (size_t)digest_add(exact, pc) & (table->size - 1);

	while (table->slots[at] && (table->slots[at]->pc != pc || table->slots[at]->exact != exact))
		at = (at + 1) & (table->size - 1);
	return &table->slots[at];
}

static void grow(struct frame_pieces *table, struct arena *arena)
{
	const struct frame_pieces old = *table;

	table->size = old.size ? old.size * 2 : FIRST_TABLE;
	table->slots = arena_array(arena, table->size, sizeof *table->slots);
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i])
			*slot_of(table, old.slots[i]->pc, old.slots[i]->exact) = old.slots[i];
}

/* The pieces outlive the arena that one item of the report is made on. */
static const struct pc_pieces *keep_frame(struct writer *writer, const struct stack *stack, size_t index)
{
	struct frame_pieces *table = writer->frame_pieces;
	const struct frame *frame = &stack->frames.items[index];
	struct arena *arena = writer->arena;
	struct pc_pieces *pieces;

	writer->arena = writer->diagnosis->arena;
	if (table->used * 2 >= table->size)
		grow(table, writer->arena);
	pieces = *slot_of(table, frame->pc, frame->exact) = word_frame(writer, stack, index);
	table->used++;
	writer->arena = arena;
	return pieces;
}

static const struct pc_pieces *pieces_of(struct writer *writer, const struct stack *stack, size_t index)
{
	const struct frame *frame = &stack->frames.items[index];
	const struct frame_pieces *table;
	const struct pc_pieces *pieces;

	if (!writer->frame_pieces)
		writer->frame_pieces = arena_alloc(writer->diagnosis->arena, sizeof *writer->frame_pieces);
	table = writer->frame_pieces;
	pieces = table->size ? *slot_of(table, frame->pc, frame->exact) : NULL;
	if (pieces)
		return pieces;
	return table->used < KEPT_LIMIT ? keep_frame(writer, stack, index) : word_frame(writer, stack, index);
}

/* A key and an address, or null for 0. */
static void write_address(FILE *out, const char *key, uint64_t value)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * sizeof value + 1];
	char *at = text + sizeof text;

	fputs(key, out);
	if (!value) {
		fputs("null", out);
		return;
	}
	*--at = '"';
	for (; value; value >>= 4)
		*--at = digits[value & 0xf];
	fputs("\"0x", out);
	fwrite(at, 1, (size_t)(text + sizeof text - at), out);
}

static void write_line(FILE *out, const struct frame *frame, const struct line_pieces *pieces, int64_t finding)
{
	fputc('{', out);
	fputs(pieces->pc, out);
	write_address(out, ",\"sp\":", frame->sp);
	write_address(out, ",\"fp\":", frame->fp);
	fputc(',', out);
	fputs(pieces->place, out);
	fputs(",\"how\":\"", out);
	fputs(frame_how_name(frame->how), out);
	if (finding < 0)
		fputs("\",\"finding\":null,", out);
	else
		fprintf(out, "\",\"finding\":%" PRId64 ",", finding);
	fputs(pieces->offset, out);
	fputc('}', out);
}

size_t write_frames(struct writer *writer, const struct stack *stack)
{
	size_t written = 0;
	size_t elided_at = 0;

	for (size_t i = 0; i < stack->frames.count && !writer->failed; i++) {
		const struct pc_pieces *pieces = pieces_of(writer, stack, i);
		int64_t finding = place_finding(writer->diagnosis, stack, i);

		elided_at = i == stack->elided_at ? written : elided_at;
		for (size_t j = 0; j < pieces->count && !writer->failed; j++) {
			fputs(written++ ? "," : "", writer->out);
			write_line(writer->out, &stack->frames.items[i], &pieces->lines[j], finding);
		}
	}
	return elided_at;
}
