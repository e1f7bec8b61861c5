/* minidump.c: Windows minidumps, as MiniDumpWriteDump of Windows and Wine, procdump and WER write them, and as Crashpad
 * writes them on Windows.
 *
 * Reference: minidumpapiset.h (the structures named at each stream). Registers come from the Exception stream for the
 * thread that it names, since that thread may have gone on, into the code that wrote the dump. What Wine does otherwise:
 * entries of type 0 in the directory, ranges of memory twice, and thread stacks with Rva 0 in dumps of the full memory. */
#include "base/size.h"
#include "base/utf16.h"
#include "formats/cpu/cpu_names.h"
#include "formats/dump/minidump_flavour.h"
#include "formats/dump/minidump_memory.h"
#include "formats/dump/minidump_stop.h"
#include "formats/dump/minidump_threads.h"
#include "formats/dump/segments.h"
#include "formats/dump/systems.h"
#include "formats/exe/codeview.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum { HEADER_SIZE = 32, MODULE_SIZE = 108, COMMENT_LIMIT = 400 };

static bool is_minidump(struct span bytes)
{
	return bytes.size >= 4 && !memcmp(bytes.data, "MDMP", 4);
}

enum { PLATFORM_NT = 2 };

static const struct err *check_platform(struct minidump *dump, uint16_t processor, uint32_t platform)
{
	struct arena *arena = dump->image->arena;
	const struct other_system *system = system_of_platform(platform);
	const char *cpu = cpu_name_of_nt(arena, processor);

	if (system)
		return system_error(arena, system, cpu);
	if (platform != PLATFORM_NT)
		return err_new(arena, ERR_OTHER_SYSTEM, "it is a minidump of another system than Windows (0x%x)", platform);
	if (!arch_of_nt(processor))
		return err_new(arena, ERR_OTHER_CPU, "it is for %s; only amd64 and arm64 are read", cpu);
	return NULL;
}

/* MINIDUMP_SYSTEM_INFO */
static const struct err *read_system(struct minidump *dump)
{
	struct image *image = dump->image;
	struct span system = dump->streams[STREAM_SYSTEM];
	uint16_t processor = span_u16(system, 0);
	const struct err *err;

	if (system.size < 24)
		return err_new(image->arena, image->truncated || dump->end > image->bytes.size ? ERR_CUT_SHORT : ERR_BAD_DATA,
			       "it has no SystemInfo stream, which says for which CPU it is%s",
			       image->truncated ? "; it is cut short" : "");
	err = check_platform(dump, processor, span_u32(system, 20));
	if (err)
		return err;
	image->arch = arch_of_nt(processor);
	image->os = OS_WINDOWS;
	image->windows_major = span_u32(system, 8);
	image->windows_minor = span_u32(system, 12);
	image->windows_build = span_u32(system, 16);
	image->processors.level = span_u16(system, 2);
	image->processors.revision = span_u16(system, 4);
	image->processors.count = span_u8(system, 6);
	return NULL;
}

/* MINIDUMP_MISC_INFO */
static void read_misc(struct minidump *dump)
{
	struct span misc = dump->streams[STREAM_MISC];

	if (span_u32(misc, 4) & 1) /* MINIDUMP_MISC1_PROCESS_ID */
		dump->image->pid = span_u32(misc, 8);
}

static void read_comments(struct minidump *dump)
{
	struct span narrow = dump->streams[STREAM_COMMENT_A];
	struct span wide = dump->streams[STREAM_COMMENT_W];
	const char *text = narrow.size ? arena_strndup(dump->image->arena, (const char *)narrow.data, narrow.size)
				       : utf16_text(dump->image->arena, wide);

	if (*text)
		note_add(dump->image->notes, "who took the dump wrote into it: %.*s", COMMENT_LIMIT, text);
}

/* MINIDUMP_MODULE */
static void read_modules(struct minidump *dump)
{
	struct image *image = dump->image;
	struct minidump_list list = minidump_list_of(dump, STREAM_MODULES, "modules", MODULE_SIZE, MODULE_LIMIT);

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = minidump_list_entry(&list, i);
		const char *path = minidump_string(dump, span_u32(entry, 20));
		struct mapping mapping = {
			.start = span_u64(entry, 0),
			.end = span_u64(entry, 0) + span_u32(entry, 8),
			.path = path ? path : "",
			.build_id = codeview_id(image->arena, minidump_location(dump, entry, 76)),
			.timestamp = span_u32(entry, 16),
		};

		if (mapping.start < mapping.end)
			vec_push(image->arena, &image->mappings, mapping);
	}
	mappings_order(image);
}

/* A tool of 64 bits that dumps a program of 32 saves the 64-bit side of its threads, which only runs the layer between
 * them (wow64.dll and its part for the CPU). */
static const struct err *check_wow64(const struct image *image)
{
	static const char layer[] = "\\wow64.dll";

	for (size_t i = 0; i < image->mappings.count; i++) {
		const char *name = strrchr(image->mappings.items[i].path, '\\');

		if (name && !strcasecmp(name, layer))
			return err_new(image->arena, ERR_OTHER_CPU,
				       "it is of a 32-bit program (WOW64), taken by a 64-bit tool; only amd64 and arm64 are read");
	}
	return NULL;
}

static void note_truncation(struct minidump *dump)
{
	struct image *image = dump->image;

	if (dump->end <= image->bytes.size)
		return;
	image->truncated = true;
	note_add(image->notes,
		 "the dump is cut short: %s of %s are missing; of %zu ranges of memory some or all bytes are lost, so stacks and data "
		 "in them cannot be read",
		 size_text(image->arena, dump->end - image->bytes.size), size_text(image->arena, dump->end), dump->lost);
}

static const struct err *load(struct image *image)
{
	struct minidump dump = {.image = image};
	const struct err *err;
	struct minidump_list threads;

	if (image->bytes.size < HEADER_SIZE)
		return err_new(image->arena, ERR_CUT_SHORT, "it ends within the header of a minidump, after %zu bytes",
			       image->bytes.size);
	minidump_read_directory(&dump);
	err = read_system(&dump);
	if (err)
		return err;
	read_modules(&dump);
	err = check_wow64(image);
	if (err)
		return err;
	threads = minidump_thread_list(&dump);
	minidump_read_memory(&dump, &threads);
	minidump_read_threads(&dump, &threads);
	if (!image->threads.count && !dump.saved.count)
		return err_new(image->arena, image->truncated || dump.end > image->bytes.size ? ERR_CUT_SHORT : ERR_BAD_DATA,
			       "nothing usable is left of it: neither threads nor memory in its %zu bytes", image->bytes.size);
	if (!dump.streams[STREAM_MEMORY64].size)
		minidump_note_flavour(image, dump.flags, dump.saved.items, dump.saved.count);
	note_truncation(&dump);
	minidump_read_thread_names(&dump);
	minidump_read_thread_info(&dump);
	read_misc(&dump);
	minidump_find_stop(&dump);
	read_comments(&dump);
	return NULL;
}

const struct format format_minidump = {.name = "minidump", .probe = is_minidump, .load = load, .sieve = NULL};
