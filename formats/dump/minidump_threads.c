/* minidump_threads.c: see minidump_threads.h. */
#include "formats/dump/minidump_threads.h"

enum {
	THREAD_LIMIT = 1 << 14, /* Go ends a program with more than 10,000 */
	THREAD_SIZE = 48,
	THREAD_EX_SIZE = 64,
	THREAD_NAME_SIZE = 12,
};

bool minidump_read_context(struct minidump *dump, struct span context, struct registers *ret)
{
	struct registers registers = {0};
	bool ok = reg_read_context(&registers, dump->image->arch, context);

	if (ok)
		*ret = registers;
	return ok;
}

struct minidump_list minidump_thread_list(struct minidump *dump)
{
	bool ex = !dump->streams[STREAM_THREADS].size;

	return minidump_list_of(dump, ex ? STREAM_THREADS_EX : STREAM_THREADS, "threads", ex ? THREAD_EX_SIZE : THREAD_SIZE,
				THREAD_LIMIT);
}

void minidump_read_threads(struct minidump *dump, const struct minidump_list *list)
{
	struct image *image = dump->image;
	size_t without = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct span entry = minidump_list_entry(list, i);
		struct thread thread = {.id = span_u32(entry, 0), .teb = span_u64(entry, 16)};

		without += !minidump_read_context(dump, minidump_location(dump, entry, 40), &thread.registers);
		word_map_add(&dump->threads, image->arena, (uint64_t)thread.id, (uint32_t)image->threads.count);
		vec_push(image->arena, &image->threads, thread);
	}
	if (without)
		note_add(image->notes, "the registers of %zu threads are not in the dump: their stacks cannot be walked",
			 without);
}

struct thread *minidump_thread(const struct minidump *dump, int64_t id)
{
	const int64_t index = word_map_find(&dump->threads, (uint64_t)id);

	return index < 0 ? NULL : &dump->image->threads.items[index];
}

/* MINIDUMP_THREAD_NAME: id, 64-bit offset of the name; not aligned */
void minidump_read_thread_names(struct minidump *dump)
{
	struct minidump_list list = minidump_list_of(dump, STREAM_THREAD_NAMES, "thread names", THREAD_NAME_SIZE, THREAD_LIMIT);

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = minidump_list_entry(&list, i);
		struct thread *thread = minidump_thread(dump, span_u32(entry, 0));

		if (thread)
			thread->name = minidump_string(dump, span_u64(entry, 4));
	}
}

/* MINIDUMP_THREAD_INFO */
void minidump_read_thread_info(struct minidump *dump)
{
	enum { INVALID_CONTEXT = 0x10, INVALID_TEB = 0x20, SIZE = 56 };
	struct minidump_list list = minidump_list_with_header(dump, STREAM_THREAD_INFO, "thread details", SIZE, THREAD_LIMIT);

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = minidump_list_entry(&list, i);
		struct thread *thread = minidump_thread(dump, span_u32(entry, 0));

		if (!thread)
			continue;
		thread->start = span_u64(entry, 48);
		if (span_u32(entry, 4) & INVALID_CONTEXT)
			thread->registers.known = 0;
		if (span_u32(entry, 4) & INVALID_TEB)
			thread->teb = 0;
	}
}
