/* streams.c: see streams.h. Reference: minidumpapiset.h; formats/dump/minidump.c. */
#include "formats/slim/streams.h"

#include "base/utf16.h"
#include "formats/slim/notes.h"
#include "formats/slim/redaction.h"

#include <string.h>

enum { ENTRY = 12, STREAMS_MOST = 4096, LIST_MOST = 1 << 14 };
enum { THREADS = 3, MODULES = 4, EXCEPTION = 6, THREADS_EX = 8, UNLOADED = 14, MISC = 15, THREAD_NAMES = 24 };

bool stream_is_needed(uint32_t type)
{
	static const uint8_t needed[] = {THREADS, MODULES, 5, EXCEPTION, 7, THREADS_EX, 9, UNLOADED, MISC, 16, 17, THREAD_NAMES};

	for (size_t i = 0; i < sizeof needed; i++)
		if (needed[i] == type)
			return true;
	return false;
}

struct streams {
	struct layout_plan *plan;
	struct span file;
	int64_t crashed; /* id of the thread; 0: none */
};

/* ---- registers ---- */

/* What groups a CONTEXT holds, flags of the CPU and the registers that may stay. */
static void redact_context(struct streams *streams, uint64_t rva, uint64_t size, bool crashed)
{
	enum { FLAGS_AND_SEGMENTS = 24 };
	struct image *image = streams->plan->image;
	const struct nt_context *layout = &image->arch->context;
	const struct reg_map *maps[] = {&layout->control, &layout->integer};
	const struct span context = span_slice(streams->file, rva, size);
	uint8_t *copy;

	if (!rva || !context.size)
		return;
	copy = arena_alloc(image->arena, context.size);
	if (span_has(context, layout->flags, FLAGS_AND_SEGMENTS))
		memcpy(copy + layout->flags, context.data + layout->flags, image->arch->link_register ? 8 : FLAGS_AND_SEGMENTS);
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < maps[k]->count; i++) {
			const struct reg_slot *slot = &maps[k]->slots[i];

			if (span_has(context, slot->offset, sizeof(uint64_t)) &&
			    redaction_register_stays(image, crashed, slot->reg, span_u64(context, slot->offset)))
				memcpy(copy + slot->offset, context.data + slot->offset, sizeof(uint64_t));
		}
	layout_edit(streams->plan, rva, context.size, copy);
}

/* ---- names ---- */

/* Another text in a MINIDUMP_STRING that is not longer. */
static void rename_string(struct streams *streams, uint64_t rva, const char *text, bool named)
{
	const uint64_t size = span_u32(streams->file, rva);
	const struct span old = span_slice(streams->file, rva, 4 + size);
	const size_t length = strlen(text);
	uint8_t *copy, *at;

	if (!rva || !old.size)
		return;
	at = copy = arena_alloc(streams->plan->image->arena, old.size);
	for (size_t i = 0; i < length && 4 + 2 * i + 1 < old.size; i++)
		copy[4 + 2 * i] = (uint8_t)text[i];
	append_number(&at, 2 * length < size ? 2 * length : size, 4);
	if (named && 2 * length <= size)
		rename_bytes(streams->plan->image, rva + 4, NAME_ALL | RENAME_WIDE, copy + 4, 2 * length);
	layout_edit(streams->plan, rva, old.size, copy);
}

static void shorten_path(struct streams *streams, uint64_t rva)
{
	struct image *image = streams->plan->image;
	const uint64_t size = span_u32(streams->file, rva);
	const struct span text = span_slice(streams->file, rva + 4, size);

	const char *path = utf16_text(image->arena, text);

	if (rva && text.size)
		rename_string(streams, rva, path_redacted(image, path), path_is_named(image, path));
}

/* ---- streams ---- */

static void redact_thread(struct streams *streams, struct span entry)
{
	redact_context(streams, span_u32(entry, 44), span_u32(entry, 40), span_u32(entry, 0) == streams->crashed);
}

/* The CodeView record names the build, and then a file of the machine that built it. */
static void redact_module(struct streams *streams, struct span entry)
{
	enum { SIGNATURE_GUID_AGE = 24 };
	const uint32_t size = span_u32(entry, 76), rva = span_u32(entry, 80);

	shorten_path(streams, span_u32(entry, 20));
	if (rva && size > SIGNATURE_GUID_AGE)
		layout_edit(streams->plan, rva + SIGNATURE_GUID_AGE, size - SIGNATURE_GUID_AGE, NULL);
	layout_edit(streams->plan, span_u32(entry, 88), span_u32(entry, 84), NULL);
}

static void redact_unloaded(struct streams *streams, struct span entry)
{
	shorten_path(streams, span_u32(entry, 20));
}

static void redact_thread_name(struct streams *streams, struct span entry)
{
	rename_string(streams, span_u32(entry, 4), "", false);
}

/* Its parameters are an address and what was tried, or anything. */
static void redact_exception(struct streams *streams, struct span stream, uint64_t start)
{
	enum { FIRST = 40, COUNT = 15 };
	struct image *image = streams->plan->image;

	for (uint64_t i = 0; i < COUNT; i++) {
		const uint64_t value = span_u64(stream, FIRST + i * 8);

		if (!redaction_register_stays(image, true, REG_NONE, value))
			layout_edit(streams->plan, start + FIRST + i * 8, 8, NULL);
	}
	redact_context(streams, span_u32(stream, 164), span_u32(stream, 160), true);
}

static void each(struct streams *streams, struct span stream, uint64_t first, uint64_t size, uint64_t count,
		 void (*redact)(struct streams *streams, struct span entry))
{
	if (first == 4 && stream.size == 8 + count * size) /* some writers align */
		first = 8;
	for (uint64_t i = 0; i < count && i < LIST_MOST; i++) {
		const struct span entry = span_slice(stream, first + i * size, size);

		if (!entry.size)
			return;
		redact(streams, entry);
	}
}

static void redact_stream(struct streams *streams, uint32_t type, struct span stream, uint64_t start)
{
	enum { MISC_KEPT = 12 }; /* size, flags, process id */
	const uint64_t count = span_u32(stream, 0);

	if (type == THREADS)
		each(streams, stream, 4, 48, count, redact_thread);
	else if (type == THREADS_EX)
		each(streams, stream, 4, 64, count, redact_thread);
	else if (type == MODULES)
		each(streams, stream, 4, 108, count, redact_module);
	else if (type == UNLOADED)
		each(streams, stream, count, span_u32(stream, 4), span_u32(stream, 8), redact_unloaded);
	else if (type == THREAD_NAMES)
		each(streams, stream, 4, 12, count, redact_thread_name);
	else if (type == EXCEPTION)
		redact_exception(streams, stream, start);
	else if (type == MISC && stream.size > MISC_KEPT)
		layout_edit(streams->plan, start + MISC_KEPT, stream.size - MISC_KEPT, NULL);
}

void streams_redact(struct layout_plan *plan)
{
	struct streams streams = {.plan = plan, .file = plan->image->bytes, .crashed = plan->image->stop.thread};

	for (uint64_t i = 0; i < span_u32(streams.file, 8) && i < STREAMS_MOST; i++) {
		const struct span entry = span_slice(streams.file, span_u32(streams.file, 12) + i * ENTRY, ENTRY);
		const uint64_t start = span_u32(entry, 8), size = span_u32(entry, 4);
		const struct span rest = span_from(streams.file, start);

		if (entry.size && start)
			redact_stream(&streams, span_u32(entry, 0), span_slice(rest, 0, size < rest.size ? size : rest.size), start);
	}
}
