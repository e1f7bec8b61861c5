/* minidump_stop.c: see minidump_stop.h. */
#include "formats/dump/minidump_stop.h"

#include "formats/dump/exceptions.h"
#include "formats/dump/minidump_threads.h"

#include <inttypes.h>

/* The name of an unloaded module that was at an address, or NULL. MINIDUMP_UNLOADED_MODULE */
static const char *unloaded_at(struct minidump *dump, uint64_t address)
{
	struct minidump_list list = minidump_list_with_header(dump, STREAM_UNLOADED, "unloaded modules", 24, MODULE_LIMIT);

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = minidump_list_entry(&list, i);

		if (address - span_u64(entry, 0) < span_u32(entry, 8))
			return minidump_string(dump, span_u32(entry, 20));
	}
	return NULL;
}

/* ExceptionInformation of a memory fault: what it tried to do, and where. */
static void read_access(struct stop *stop, struct span record)
{
	enum { PARAMETERS = 24, INFORMATION = 32 };

	if (span_u32(record, PARAMETERS) < 2)
		return;
	stop->access = exception_access(span_u64(record, INFORMATION));
	stop->address = span_u64(record, INFORMATION + 8);
	stop->has_address = true;
}

/* What the program says of itself; up to Windows 7 there was no code, and the status meant what it is called. */
static void read_fail_fast(struct image *image, struct span record)
{
	enum { PARAMETERS = 24, INFORMATION = 32 };
	const struct fail_fast *row = span_u32(record, PARAMETERS) ? fail_fast_by_code(span_u64(record, INFORMATION)) : NULL;

	if (!row)
		return;
	image->stop.name = row->name;
	image->stop.meaning = row->meaning;
}

static void note_unloaded(struct minidump *dump, const struct thread *thread)
{
	const char *name;
	uint64_t pc;

	if (!reg_get(&thread->registers, dump->image->arch->pc, &pc) || image_mapping(dump->image, pc))
		return;
	name = unloaded_at(dump, pc);
	if (name)
		note_add(dump->image->notes, "the thread that crashed was at 0x%" PRIx64 ", where %s had been, which was unloaded",
			 pc, name);
}

static void blame(struct minidump *dump, struct span context)
{
	struct image *image = dump->image;
	struct thread *thread = minidump_thread(dump, image->stop.thread);

	if (!thread) {
		vec_push(image->arena, &image->threads, (struct thread){.id = image->stop.thread});
		thread = &image->threads.items[image->threads.count - 1];
	}
	thread->crashed = true;
	if (!minidump_read_context(dump, context, &thread->registers))
		note_add(image->notes, "the dump lacks the registers at the exception; those of its thread, where that stood "
				       "when the dump was taken, are used");
	note_unloaded(dump, thread);
}

/* MINIDUMP_EXCEPTION_STREAM: thread, MINIDUMP_EXCEPTION at 8, its context at 160 */
void minidump_find_stop(struct minidump *dump)
{
	struct image *image = dump->image;
	struct span stream = dump->streams[STREAM_EXCEPTION];
	struct span record = span_slice(stream, 8, 152);
	uint32_t code = span_u32(record, 0);
	const struct exception_name *row = exception_by_code(code);
	const char *name = exception_name_of(code);

	if (!record.size || (row && row->snapshot)) {
		image->snapshot = record.size || !image->truncated;
		note_add(image->notes, "the dump was taken without an exception: nothing says that the process crashed");
		return;
	}
	image->stop = (struct stop){
		.known = true,
		.number = (int32_t)code,
		.name = name ? name : arena_printf(image->arena, "exception 0x%x", code),
		.fault = row && row->fault,
		.thread = span_u32(stream, 0),
	};
	if (row && row->address)
		read_access(&image->stop, record);
	if (image->stop.number == EXCEPTION_FAIL_FAST)
		read_fail_fast(image, record);
	blame(dump, minidump_location(dump, stream, 160));
}
