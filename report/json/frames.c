/* frames.c: each printed line of a frame in pieces of text, with what differs from frame to frame between them. */
#include "report/json/frames.h"

#include "golang/recorded.h"
#include "report/json/pc_texts.h"
#include "report/place.h"

#include <string.h>

/* The pieces of a line. */
enum {
	LINE_PC,     /* {"pc":… */
	LINE_PLACE,  /* "function":… "inlined":… */
	LINE_OFFSET, /* "function_offset":…} */
	LINE_PIECES
};

/* Two numbers that stand for unknown addresses may still differ by the offset that was printed. */
static bool has_offset(const struct frame_line *line)
{
	const struct recorded_place *place = line->frame->info->recorded;

	return line->entry && (!place || (place->has_offset && line->frame->pc - line->entry == place->offset));
}

static void word_line(struct writer *writer, const struct frame_line *line, struct piece pieces[static LINE_PIECES])
{
	const uint64_t pc = line->frame->pc;
	json_t *object = begin_value(writer, new_object());

	put_address(writer, object, "pc", recorded_pc_known(pc), pc);
	pieces[LINE_PC] = piece_of(arena_printf(writer->arena, "{%s,\"sp\":", pending_members(writer)));
	object = begin_value(writer, new_object());
	put_text(writer, object, "function", line->function);
	put_address(writer, object, "entry", line->entry != 0 && recorded_pc_known(line->entry), line->entry);
	put_text(writer, object, "file", line->file);
	put_number(writer, object, "line", line->file && line->line > 0, line->line);
	put_text(writer, object, "module", line->module);
	put_bool(writer, object, "inlined", line->inlined);
	pieces[LINE_PLACE] = piece_of(arena_printf(writer->arena, ",%s,\"how\":\"", pending_members(writer)));
	object = begin_value(writer, new_object());
	put_number(writer, object, "function_offset", has_offset(line), (int64_t)(pc - line->entry));
	pieces[LINE_OFFSET] = piece_of(arena_printf(writer->arena, "%s}", pending_members(writer)));
}

struct place {
	const struct stack *stack;
	size_t index;
};

static struct pc_text *word_frame(struct writer *writer, const void *context)
{
	const struct place *place = context;
	struct frame_line lines[INLINE_LIMIT];
	size_t count = frame_lines(writer->analysis->image, place->stack, place->index, lines);
	struct pc_text *text = pc_text_new(writer, count * LINE_PIECES);

	for (size_t i = 0; i < count; i++)
		word_line(writer, &lines[i], &text->pieces[i * LINE_PIECES]);
	return text;
}

/* As printed: the runtime writes numbers, braces and dots there. Anything else came from elsewhere. */
static void write_arguments(struct json_stream *stream, const struct recorded_frame *recorded)
{
	static const char allowed[] = "0123456789abcdefx{}?,._ ";

	stream_text(stream, ",\"arguments\":");
	for (size_t i = 0; i < recorded->arguments_size; i++)
		if (!memchr(allowed, recorded->arguments[i], sizeof allowed - 1)) {
			stream_text(stream, "null");
			return;
		}
	stream_text(stream, "\"");
	stream_bytes(stream, recorded->arguments, recorded->arguments_size);
	stream_text(stream, "\"");
}

/* `recorded`: NULL where no arguments are printed. */
static void write_line(struct json_stream *stream, const struct frame *frame,
		       const struct piece pieces[static LINE_PIECES], int64_t finding, const struct recorded_frame *recorded)
{
	stream_piece(stream, pieces[LINE_PC]);
	stream_address(stream, frame->sp != 0, frame->sp);
	stream_text(stream, ",\"fp\":");
	stream_address(stream, frame->fp != 0, frame->fp);
	stream_piece(stream, pieces[LINE_PLACE]);
	stream_text(stream, frame_how_name(frame->how));
	stream_text(stream, "\",\"finding\":");
	stream_number(stream, finding >= 0, finding);
	if (recorded)
		write_arguments(stream, recorded);
	stream_text(stream, ",");
	stream_piece(stream, pieces[LINE_OFFSET]);
}

/* Returns the number of those before stack->elided_at. */
static size_t write_frames(struct writer *writer, const struct stack *stack)
{
	size_t written = 0;
	size_t elided_at = 0;

	for (size_t i = 0; i < stack->frames.count && !writer_stopped(writer); i++) {
		const struct frame *frame = &stack->frames.items[i];
		const struct place place = {stack, i};
		const struct pc_text *text = pc_text_of(writer, frame->exact ? PC_TEXT_EXACT : PC_TEXT_RETURN,
							frame->pc, word_frame, &place);
		const int64_t finding = place_finding(writer->diagnosis, stack, i);

		elided_at = i == stack->elided_at ? written : elided_at;
		for (size_t j = 0; j < text->count; j += LINE_PIECES) {
			if (written++)
				stream_text(writer->stream, ",");
			write_line(writer->stream, frame, &text->pieces[j], finding,
				   j + LINE_PIECES == text->count && frame->recorded && frame->recorded->arguments ? frame->recorded : NULL);
		}
	}
	return elided_at;
}

static void note_elision(struct writer *writer, const struct stack *stack)
{
	if (stack->elided)
		note_add(writer->analysis->notes, "a stack has %zu frames; of those in its middle %zu are left out here",
			 stack_depth(stack), stack->elided);
}

void write_stack(struct writer *writer, const struct stack *stack)
{
	struct json_stream *stream = writer->stream;
	size_t elided_at;

	note_elision(writer, stack);
	stream_text(stream, "\"frames\":[");
	elided_at = write_frames(writer, stack);
	stream_text(stream, "],\"end\":");
	stream_name(stream, stack_end_name(stack->end));
	stream_text(stream, ",\"end_address\":");
	stream_address(stream, stack->end_address != 0, stack->end_address);
	if (!stack->elided)
		return;
	stream_text(stream, ",\"elided_at\":");
	stream_number(stream, true, (int64_t)elided_at);
	stream_text(stream, ",\"elided\":");
	stream_number(stream, true, (int64_t)stack->elided);
}
