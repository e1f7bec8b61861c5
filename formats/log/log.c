/* log.c: a log that holds what the Go runtime printed as the process ended, or stacks that it printed of a live one. It is read
 * like any other dump: memory and registers as far as they were printed, and what was said and recorded of goroutines (record.h). */
#include "formats/log/crashes.h"
#include "formats/log/names.h"
#include "formats/log/reader.h"
#include "formats/log/sieve.h"

#include "formats/dump/exceptions.h"
#include "formats/dump/signals.h"
#include "formats/dump/systems.h"

#include <string.h>

/* What image->crashes is. */
struct log_crashes {
	struct image unread; /* the image before a crash was read */
	const struct log_blocks *blocks;
	VEC(size_t) items;   /* indices of blocks that are crashes */
};

/* The one that was asked for; else the last crash; of a log that holds none, the last stacks. NULL: there is none. */
static const struct log_block *choose(const struct log_blocks *blocks, unsigned number)
{
	const size_t count = log_blocks_count(blocks);

	if (number)
		return log_blocks_at(blocks, number - 1);
	for (size_t i = count; i-- > 0;)
		if (log_blocks_at(blocks, i)->begin == LOG_BEGINS_WITH_END)
			return log_blocks_at(blocks, i);
	return count ? log_blocks_at(blocks, count - 1) : NULL;
}

static const struct signal_name *signal_of(const struct recorded_signal *signal)
{
	return signal->name ? signal_by_name(signal->name) : signal_by_number(signal->number < INT16_MAX ? (int)signal->number : 0);
}

static void set_exception(struct image *image, const struct recorded_signal *signal)
{
	const struct exception_name *row = exception_by_code((uint32_t)signal->number);
	const char *name = exception_name_of((uint32_t)signal->number);

	image->stop.number = (int32_t)(uint32_t)signal->number;
	image->stop.name = name ? name : arena_printf(image->arena, "0x%llx", (unsigned long long)signal->number);
	image->stop.fault = row && row->fault;
	if (!row || !row->address)
		return;
	image->stop.access = exception_access(signal->information);
	image->stop.has_address = true;
	image->stop.address = signal->address;
}

static void set_signal(struct image *image, const struct recorded_signal *signal)
{
	const struct signal_name *row = signal_of(signal);

	image->stop.number = row ? row->number : 0;
	image->stop.name = row ? row->name : signal->name ? signal->name : "a signal";
	image->stop.has_code = signal->has_code;
	image->stop.code = (int)signal->code;
	image->stop.fault = row && row->fault && signal->code > 0;
	image->stop.has_address = image->stop.fault && signal->has_address;
	image->stop.address = signal->address;
}

/* How it ended, as the system saw it: after a panic or a throw the runtime calls exit(2), or raises SIGABRT (GOTRACEBACK=crash), which
 * the text does not tell. */
static void set_stop(struct image *image, const struct log_record *record)
{
	image->snapshot = record->end == RECORDED_NO_END;
	if (record->end != RECORDED_SIGNAL && record->end != RECORDED_EXCEPTION)
		return;
	image->stop.known = true;
	if (record->signal.exception)
		set_exception(image, &record->signal);
	else
		set_signal(image, &record->signal);
}

static void set_system(struct image *image, struct log_record *record)
{
	tell_system(record);
	image->os = record->os && !strcmp(record->os, "windows") ? OS_WINDOWS : OS_LINUX;
	image->arch = record->arch && !strcmp(record->arch, arch_arm64.name) ? &arch_arm64 : &arch_amd64;
}

static void read_block(struct image *image, const struct log_block *block)
{
	struct log_record *record = arena_alloc(image->arena, sizeof *record);
	struct log_reader reader = {.arena = image->arena, .image = image, .block = block, .record = record};
	struct log_at first;

	image->record = record;
	record->block = block;
	record->first_line = block->first_line;
	record->last_line = block->last_line;
	first = first_stack(block, &reader);
	read_words(&reader, first.passed);
	reader_go(&reader, &first);
	if (record->end != RECORDED_NO_END)
		vec_push(image->arena, &image->threads, (struct thread){.id = -1, .crashed = true});
	read_stacks(&reader);
	read_memory(&reader);
	set_system(image, record);
	set_stop(image, record);
	name_program(image, record);
	if (block->cut_at_end || block->cut_at_start)
		image->truncated = true;
}

enum { LISTED = 20 };

/* What else the log holds, so that it can be asked for. */
static void list_blocks(struct image *image, const struct log_blocks *blocks, const struct log_block *chosen)
{
	const size_t count = log_blocks_count(blocks), from = count > LISTED ? count - LISTED : 0;
	const char *list = "";

	for (size_t i = from; i < count; i++) {
		const struct log_block *block = log_blocks_at(blocks, i);

		list = arena_printf(image->arena, "%s%s%zu: lines %llu to %llu%s", list, i > from ? "; " : "", i + 1,
				    (unsigned long long)block->first_line, (unsigned long long)block->last_line,
				    block->begin == LOG_BEGINS_WITH_STACK ? ", stacks only" : "");
	}
	if (count > 1)
		note_add(image->notes, "the log holds %zu crashes or lists of stacks; this is that of lines %llu to %llu. --crash takes another: "
				       "%s%s", count, (unsigned long long)chosen->first_line, (unsigned long long)chosen->last_line,
			 from ? "…; " : "", list);
}

static const struct log_crashes *crashes_of(const struct image *image, const struct log_blocks *blocks)
{
	struct log_crashes *crashes = arena_alloc(image->arena, sizeof *crashes);

	*crashes = (struct log_crashes){.unread = *image, .blocks = blocks};
	for (size_t i = 0; i < log_blocks_count(blocks); i++)
		if (log_blocks_at(blocks, i)->begin == LOG_BEGINS_WITH_END)
			vec_push_moving(image->arena, &crashes->items, i);
	return crashes;
}

static const struct err *load(struct image *image)
{
	const struct log_options options = {.cancel = image->files.cancel, .progress = image->progress, .sieved = image->sieved};
	const struct log_block *block;
	struct log_blocks *blocks;
	const struct err *error = log_names_restore(image);

	if (!error)
		error = log_blocks_read(image->arena, image->notes, image->bytes, &options, &blocks);
	if (error)
		return error;
	block = choose(blocks, image->files.crash);
	if (!block && log_blocks_count(blocks))
		return err_new(image->arena, ERR_ABSENT, "it holds %zu crashes or lists of stacks, and no number %u", log_blocks_count(blocks),
			       image->files.crash);
	if (!block)
		return image->sieved || log_is_wide(image->bytes) ? only_text(image->arena)
								  : not_a_dump(image->arena, image->bytes, image->truncated);
	list_blocks(image, blocks, block);
	image->crashes = crashes_of(image, blocks);
	read_block(image, block);
	return NULL;
}

size_t log_crash_count(const struct image *image)
{
	return image->crashes ? image->crashes->items.count : 0;
}

size_t log_crash_numbers(const struct image *image)
{
	return image->crashes ? log_blocks_count(image->crashes->blocks) : 0;
}

static size_t index_of(const struct log_crashes *crashes, size_t index)
{
	return crashes->items.items[crashes->items.count - 1 - index];
}

const struct log_block *log_crash_block(const struct image *image, size_t index)
{
	return log_blocks_at(image->crashes->blocks, index_of(image->crashes, index));
}

struct log_crash log_crash_at(const struct image *image, size_t index)
{
	const struct log_block *block = log_crash_block(image, index);
	struct log_crash crash = {.number = index_of(image->crashes, index) + 1, .first_line = block->first_line, .last_line = block->last_line};

	for (size_t i = 0; i < block->run_count; i++)
		crash.bytes += block->runs[i].size;
	return crash;
}

struct image *log_crash_image(struct arena *arena, struct notes *notes, const struct image *log, size_t index)
{
	struct image *image = arena_alloc(arena, sizeof *image);

	*image = log->crashes->unread;
	image->arena = arena;
	image->notes = notes;
	image->altered = log->altered;
	read_block(image, log_crash_block(log, index));
	return image;
}

const struct format format_log = {.name = "log", .probe = log_probe, .load = load, .sieve = &log_sieve};
