/* goroutines.c: see goroutines.h. The names of states are our own (golang/wait_reasons.h) and need no escape; what
 * the dump says comes as the texts of pcs. */
#include "report/json/goroutines.h"

#include "golang/recorded.h"
#include "report/json/frames.h"
#include "report/json/pc_texts.h"
#include "report/json/recorded.h"
#include "report/place.h"
#include "report/scratch.h"

enum { IDS_LIMIT = 100 }; /* of one group */

static const struct goroutine *goroutine_at(const struct writer *writer, size_t index)
{
	return &writer->analysis->runtime->goroutines.items[index];
}

static void write_number(struct writer *writer, const char *key, bool known, int64_t value)
{
	stream_text(writer->stream, key);
	stream_number(writer->stream, known, value);
}

static void write_address(struct writer *writer, const char *key, uint64_t value)
{
	stream_text(writer->stream, key);
	stream_address(writer->stream, value != 0, value);
}

static void write_bool(struct writer *writer, const char *key, bool value)
{
	stream_text(writer->stream, key);
	stream_bool(writer->stream, value);
}

static void write_status(struct writer *writer, const struct goroutine *goroutine)
{
	stream_text(writer->stream, ",\"status\":");
	stream_name(writer->stream, goroutine_status_name(goroutine));
}

void write_wait_reason(struct writer *writer, const struct goroutine *goroutine)
{
	stream_text(writer->stream, ",\"wait_reason\":");
	stream_name(writer->stream, goroutine->status == G_WAITING
					    ? goroutine_wait_reason(writer->analysis->runtime, goroutine)
					    : NULL);
}

static struct pc_text *word_creator(struct writer *writer, const void *context)
{
	const uint64_t *gopc = context;
	struct pc_text *text = pc_text_new(writer, 1);
	json_t *creator = begin_value(writer, new_object());
	struct frame_line line;

	creator_line(writer->analysis->runtime, *gopc, &line);
	put_text(writer, creator, "function", line.function);
	put_text(writer, creator, "file", line.file);
	put_number(writer, creator, "line", line.file && line.line > 0, line.line);
	put_address(writer, creator, "pc", recorded_pc_known(*gopc), *gopc);
	*text->pieces = piece_of(pending_members(writer));
	return text;
}

void write_creator(struct writer *writer, const struct goroutine *goroutine)
{
	stream_text(writer->stream, ",\"created_by\":");
	if (!goroutine->gopc || goroutine->id == 1) {
		stream_text(writer->stream, "null");
		return;
	}
	stream_text(writer->stream, "{");
	stream_piece(writer->stream,
		     *pc_text_of(writer, PC_TEXT_CREATOR, goroutine->gopc, word_creator, &goroutine->gopc)->pieces);
	write_number(writer, ",\"goroutine\":", goroutine->parent_id != 0, (int64_t)goroutine->parent_id);
	stream_text(writer->stream, "}");
}

void write_ids(struct writer *writer, const uint32_t *members, size_t count)
{
	write_number(writer, "\"count\":", true, (int64_t)count);
	stream_text(writer->stream, ",\"ids\":[");
	for (size_t i = 0; i < count && i < IDS_LIMIT; i++)
		write_number(writer, i ? "," : "", true, (int64_t)goroutine_at(writer, members[i])->id);
	stream_text(writer->stream, "]");
}

static void write_waiting(struct writer *writer, const struct selected_group *group)
{
	stream_text(writer->stream, ",\"waiting\":");
	if (!group->timed) {
		stream_text(writer->stream, "null");
		return;
	}
	write_number(writer, "{\"known\":", true, (int64_t)group->timed);
	write_number(writer, ",\"least_seconds\":", true, group->least / NANOTIME_SECOND);
	write_number(writer, ",\"most_seconds\":", true, group->most / NANOTIME_SECOND);
	stream_text(writer->stream, "}");
}

static void write_group(struct writer *writer, const struct selected_group *group, struct stack *stack)
{
	const struct goroutine *g = goroutine_at(writer, *group->members);

	next_item(writer);
	stream_text(writer->stream, "{");
	write_ids(writer, group->members, group->count);
	write_waiting(writer, group);
	write_status(writer, g);
	write_wait_reason(writer, g);
	write_bool(writer, ",\"scan\":", g->scan);
	write_creator(writer, g);
	stream_text(writer->stream, ",");
	goroutine_stack(writer->analysis, *group->members, stack);
	write_stack(writer, stack);
	stream_text(writer->stream, "}");
}

static void write_thread(struct writer *writer, int32_t index)
{
	const int64_t id = index >= 0 ? writer->analysis->image->threads.items[index].id : -1;

	write_number(writer, ",\"thread\":", id >= 0, id);
}

static void write_goroutine(struct writer *writer, size_t index, struct stack *stack)
{
	const struct goroutine *g = goroutine_at(writer, index);
	int64_t waited = 0;
	bool timed = goroutine_waited(writer->analysis->runtime, g, &waited);

	next_item(writer);
	write_number(writer, "{\"id\":", true, (int64_t)g->id);
	write_status(writer, g);
	write_bool(writer, ",\"scan\":", g->scan);
	write_wait_reason(writer, g);
	write_number(writer, ",\"waiting_seconds\":", timed, waited / NANOTIME_SECOND);
	write_thread(writer, writer->analysis->goroutine_thread[index]);
	write_bool(writer, ",\"locked_to_thread\":", g->locked);
	write_creator(writer, g);
	write_address(writer, ",\"stack_lo\":", g->stack_lo);
	write_address(writer, ",\"stack_hi\":", g->stack_hi);
	stream_text(writer->stream, ",");
	goroutine_stack(writer->analysis, index, stack);
	write_stack(writer, stack);
	write_recorded(writer, index, stack);
	stream_text(writer->stream, "}");
}

struct listing {
	struct writer *writer;
	const bool *named; /* NULL: all */
	struct stack stack;
};

/* Nobody waits for the rest. */
static bool is_over(const struct writer *writer)
{
	return writer_stopped(writer) || cancelled(&writer->options->cancel);
}

static bool list_group(void *context, struct arena *scratch, size_t index)
{
	struct listing *listing = context;
	struct writer *writer = listing->writer;
	struct arena *arena = writer->arena;

	progress_step(writer->analysis->image->progress, PROGRESS_WRITING, index, writer->selection->group_count);
	if (is_over(writer))
		return false;
	/* Groups of one goroutine mostly follow each other in the list of all. */
	fetch_ahead(writer->analysis, *writer->selection->groups[index].members);
	writer->arena = scratch;
	write_group(writer, &writer->selection->groups[index], &listing->stack);
	writer->arena = arena;
	return true;
}

static bool list_goroutine(void *context, struct arena *scratch, size_t index)
{
	struct listing *listing = context;
	struct writer *writer = listing->writer;
	struct arena *arena = writer->arena;

	progress_step(writer->analysis->image->progress, PROGRESS_WRITING, index, writer->analysis->runtime->goroutines.count);
	if (is_over(writer))
		return false;
	if (!writer->selection->chosen[index] || (listing->named && !listing->named[index]))
		return true;
	fetch_ahead(writer->analysis, index);
	writer->arena = scratch;
	write_goroutine(writer, index, &listing->stack);
	writer->arena = arena;
	return true;
}

void groups_section(struct writer *writer)
{
	struct listing listing = {.writer = writer};

	open_array(writer, "goroutine_groups");
	scratch_each(writer->arena, writer->selection->group_count, list_group, &listing);
	close_array(writer);
}

void goroutines_section(struct writer *writer)
{
	const bool all = writer->options->goroutines == REPORT_GOROUTINES_ALL;
	struct listing listing = {.writer = writer, .named = all ? NULL : place_goroutines(writer->diagnosis)};

	open_array(writer, "goroutines");
	scratch_each(writer->arena, writer->analysis->runtime->goroutines.count, list_goroutine, &listing);
	close_array(writer);
}
