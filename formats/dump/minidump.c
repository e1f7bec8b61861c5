/* minidump.c: Windows minidumps, as MiniDumpWriteDump of Windows and Wine, procdump and WER write them, and as Crashpad
 * writes them on Windows.
 *
 * Reference: minidumpapiset.h (MINIDUMP_HEADER, MINIDUMP_DIRECTORY and the structures named at each stream below). A
 * file is a directory of streams; RVAs are file offsets, need no alignment, and are not trusted. Registers come from
 * the Exception stream for the thread that it names, since that thread may have gone on, into the code that wrote the
 * dump. What Wine does otherwise: entries of type 0 in the directory, ranges of memory twice, and thread stacks with
 * Rva 0 in dumps of the full memory. */
#include "base/size.h"
#include "base/utf16.h"
#include "base/word_map.h"
#include "formats/exe/codeview.h"
#include "formats/dump/exceptions.h"
#include "formats/dump/image.h"
#include "formats/dump/minidump_flavour.h"
#include "formats/dump/segments.h"
#include "formats/cpu/cpu_names.h"
#include "formats/dump/systems.h"

#include <inttypes.h>
#include <strings.h>

/* Beyond these, the rest is left out with a note. */
enum {
	STREAM_LIMIT = 4096,
	RANGE_LIMIT = 1 << 22,
	THREAD_LIMIT = 1 << 14, /* Go ends a program with more than 10,000 */
	MODULE_LIMIT = 1 << 14,
	NAME_LIMIT = 1 << 13, /* bytes */
	COMMENT_LIMIT = 400,
};

enum stream_type {
	STREAM_THREADS = 3,
	STREAM_MODULES = 4,
	STREAM_MEMORY = 5,
	STREAM_EXCEPTION = 6,
	STREAM_SYSTEM = 7,
	STREAM_THREADS_EX = 8,
	STREAM_MEMORY64 = 9,
	STREAM_COMMENT_A = 10,
	STREAM_COMMENT_W = 11,
	STREAM_UNLOADED = 14,
	STREAM_MISC = 15,
	STREAM_MEMORY_INFO = 16,
	STREAM_THREAD_INFO = 17,
	STREAM_THREAD_NAMES = 24,
	STREAM_TYPES
};

enum { HEADER_SIZE = 32, DIRECTORY_ENTRY = 12 }; /* of the file; then sizes of list entries */
enum { THREAD_SIZE = 48, THREAD_EX_SIZE = 64, MODULE_SIZE = 108, RANGE_SIZE = 16, THREAD_NAME_SIZE = 12 };

struct loader {
	struct image *image;
	struct span streams[STREAM_TYPES]; /* the first of each type; as much of it as the file holds */
	uint64_t flags;
	uint64_t end; /* of the last byte that the file promises */
	size_t lost;  /* ranges of memory, or parts of them, beyond the end of the file */
	VEC(struct segment) saved, existed;
	struct word_map threads; /* by id, the first of each */
	uint64_t names;          /* bytes of names that were read: entries may share them */
};

static bool is_minidump(struct span bytes)
{
	return bytes.size >= 4 && !memcmp(bytes.data, "MDMP", 4);
}

/* ---- places in the file ---- */

static void promise(struct loader *loader, uint64_t start, uint64_t size)
{
	if (size && start < INT64_MAX && size < INT64_MAX && start + size > loader->end)
		loader->end = start + size;
}

/* As many of the bytes at an offset as the file holds. */
static struct span bytes_at(const struct loader *loader, uint64_t start, uint64_t size)
{
	struct span rest = span_from(loader->image->bytes, start);

	return span_slice(rest, 0, size < rest.size ? size : rest.size);
}

/* MINIDUMP_LOCATION_DESCRIPTOR */
static struct span location(struct loader *loader, struct span record, uint64_t offset)
{
	uint32_t size = span_u32(record, offset);
	uint32_t rva = span_u32(record, offset + 4);

	return rva ? bytes_at(loader, rva, size) : (struct span){0};
}

/* MINIDUMP_STRING: bytes, then UTF-16. NULL when it is empty or not there. */
static const char *string_at(struct loader *loader, uint64_t rva)
{
	uint32_t size = span_u32(loader->image->bytes, rva);
	struct span text = bytes_at(loader, rva + 4, size < NAME_LIMIT ? size : NAME_LIMIT);

	if (!rva || !text.size || text.size > loader->image->bytes.size - loader->names)
		return NULL;
	loader->names += text.size;
	return utf16_text(loader->image->arena, text);
}

/* ---- lists ---- */

struct list {
	struct span entries;
	size_t count, size;
};

static struct span list_entry(const struct list *list, size_t index)
{
	return span_slice(list->entries, index * list->size, list->size);
}

/* At most as many entries as the stream's bytes can hold. */
static struct list bounded(struct loader *loader, const char *what, struct span entries, uint64_t count, size_t size,
			   size_t limit)
{
	struct list list = {.entries = entries, .count = entries.size / size, .size = size};

	if (count > list.count)
		note_add(loader->image->notes, "the list of %s is damaged or cut short: %zu of %" PRIu64 " are there", what,
			 list.count, count);
	else
		list.count = (size_t)count;
	if (list.count > limit) {
		note_add(loader->image->notes, "the dump has more than %zu %s; the others are left out", limit, what);
		list.count = limit;
	}
	return list;
}

/* A 32-bit count, then entries; some writers align these to 8 bytes. */
static struct list list_of(struct loader *loader, enum stream_type type, const char *what, size_t size, size_t limit)
{
	struct span stream = loader->streams[type];
	uint64_t count = span_u32(stream, 0);
	bool aligned = stream.size == 8 + count * size;

	return bounded(loader, what, span_from(stream, aligned ? 8 : 4), count, size, limit);
}

/* A header that states its own size and that of an entry; `smallest`: what must be in an entry. */
static struct list list_with_header(struct loader *loader, enum stream_type type, const char *what, size_t smallest,
				    size_t limit)
{
	struct span stream = loader->streams[type];
	uint32_t header = span_u32(stream, 0);
	uint32_t size = span_u32(stream, 4);
	uint64_t count = type == STREAM_MEMORY_INFO ? span_u64(stream, 8) : span_u32(stream, 8);

	if (!stream.size)
		return (struct list){.size = 1};
	if (header < 12 || size < smallest) {
		note_add(loader->image->notes, "the list of %s is damaged and is left out", what);
		return (struct list){.size = 1};
	}
	return bounded(loader, what, span_from(stream, header), count, size, limit);
}

/* ---- system, process ---- */

enum { PLATFORM_NT = 2 };

static const struct err *check_platform(struct loader *loader, uint16_t processor, uint32_t platform)
{
	struct arena *arena = loader->image->arena;
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
static const struct err *read_system(struct loader *loader)
{
	struct image *image = loader->image;
	struct span system = loader->streams[STREAM_SYSTEM];
	uint16_t processor = span_u16(system, 0);
	const struct err *err;

	if (system.size < 24)
		return err_new(image->arena, image->truncated || loader->end > image->bytes.size ? ERR_CUT_SHORT : ERR_BAD_DATA,
			       "it has no SystemInfo stream, which says for which CPU it is%s",
			       image->truncated ? "; it is cut short" : "");
	err = check_platform(loader, processor, span_u32(system, 20));
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
static void read_misc(struct loader *loader)
{
	struct span misc = loader->streams[STREAM_MISC];

	if (span_u32(misc, 4) & 1) /* MINIDUMP_MISC1_PROCESS_ID */
		loader->image->pid = span_u32(misc, 8);
}

static void read_comments(struct loader *loader)
{
	struct span narrow = loader->streams[STREAM_COMMENT_A];
	struct span wide = loader->streams[STREAM_COMMENT_W];
	const char *text = narrow.size ? arena_strndup(loader->image->arena, (const char *)narrow.data, narrow.size)
				       : utf16_text(loader->image->arena, wide);

	if (*text)
		note_add(loader->image->notes, "who took the dump wrote into it: %.*s", COMMENT_LIMIT, text);
}

/* ---- modules ---- */

/* MINIDUMP_MODULE */
static void read_modules(struct loader *loader)
{
	struct image *image = loader->image;
	struct list list = list_of(loader, STREAM_MODULES, "modules", MODULE_SIZE, MODULE_LIMIT);

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = list_entry(&list, i);
		const char *path = string_at(loader, span_u32(entry, 20));
		struct mapping mapping = {
			.start = span_u64(entry, 0),
			.end = span_u64(entry, 0) + span_u32(entry, 8),
			.path = path ? path : "",
			.build_id = codeview_id(image->arena, location(loader, entry, 76)),
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

/* The name of an unloaded module that was at an address, or NULL. MINIDUMP_UNLOADED_MODULE */
static const char *unloaded_at(struct loader *loader, uint64_t address)
{
	struct list list = list_with_header(loader, STREAM_UNLOADED, "unloaded modules", 24, MODULE_LIMIT);

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = list_entry(&list, i);

		if (address - span_u64(entry, 0) < span_u32(entry, 8))
			return string_at(loader, span_u32(entry, 20));
	}
	return NULL;
}

/* ---- memory ---- */

/* PAGE_* of winnt.h: one bit of the lowest eight; above them are modifiers. What guards the end of a stack refuses all. */
static uint8_t flags_of(uint32_t protection)
{
	enum { R = SEGMENT_READ, W = SEGMENT_WRITE, X = SEGMENT_EXEC, PAGE_GUARD = 0x100 };
	static const uint8_t flags[] = {0, R, R | W, R | W, X, R | X, R | W | X, R | W | X}; /* first: PAGE_NOACCESS */

	for (size_t i = 0; !(protection & PAGE_GUARD) && i < sizeof flags; i++)
		if (protection >> i & 1)
			return flags[i];
	return 0;
}

/* Where the dump does not say what memory was for, it may have been for anything that the place allows. */
static uint8_t flags_unknown(const struct image *image, uint64_t address)
{
	return image_mapping(image, address) ? SEGMENT_READ | SEGMENT_WRITE | SEGMENT_EXEC : SEGMENT_READ | SEGMENT_WRITE;
}

static void add_existed(struct loader *loader, uint64_t address, uint64_t size, uint8_t flags)
{
	if (size && size <= UINT64_MAX - address)
		vec_push(loader->image->arena, &loader->existed,
			 (struct segment){.address = address, .size = size, .flags = flags});
}

/* MINIDUMP_MEMORY_INFO: what the process had committed; without that, its modules are known to have existed. */
static void read_memory_info(struct loader *loader)
{
	enum { COMMITTED = 0x1000, ENTRY = 48 };
	const struct image *image = loader->image;
	struct list list = list_with_header(loader, STREAM_MEMORY_INFO, "memory regions", ENTRY, RANGE_LIMIT);
	struct segment_overlaps overlaps;

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = list_entry(&list, i);

		if (span_u32(entry, 32) == COMMITTED)
			add_existed(loader, span_u64(entry, 0), span_u64(entry, 24), flags_of(span_u32(entry, 36)));
	}
	for (size_t i = 0; !list.count && i < image->mappings.count; i++)
		add_existed(loader, image->mappings.items[i].start,
			    image->mappings.items[i].end - image->mappings.items[i].start,
			    flags_unknown(image, image->mappings.items[i].start));
	loader->existed.count = segments_order(loader->existed.items, loader->existed.count, &overlaps);
}

static void add_saved(struct loader *loader, uint64_t address, uint64_t size, uint64_t file_offset)
{
	struct image *image = loader->image;
	struct segment segment = {.address = address, .size = size, .promised = size};

	if (!size || size > UINT64_MAX - address || size > INT64_MAX)
		return;
	promise(loader, file_offset, size);
	segment.saved = bytes_at(loader, file_offset, size);
	segment.flags = flags_unknown(image, address);
	loader->lost += segment.saved.size < size;
	vec_push(image->arena, &loader->saved, segment);
}

/* MINIDUMP_MEMORY64_LIST: a count, the offset of the first range's bytes, and ranges whose bytes follow each other. */
static void read_memory64(struct loader *loader)
{
	struct span stream = loader->streams[STREAM_MEMORY64];
	uint64_t offset = span_u64(stream, 8);
	struct list list = bounded(loader, "saved memory", span_from(stream, 16), span_u64(stream, 0), RANGE_SIZE, RANGE_LIMIT);

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = list_entry(&list, i);
		uint64_t size = span_u64(entry, 8);

		add_saved(loader, span_u64(entry, 0), size, offset);
		if (__builtin_add_overflow(offset, size, &offset))
			return;
	}
}

/* MINIDUMP_MEMORY_DESCRIPTOR: address, size, offset */
static void add_descriptor(struct loader *loader, struct span descriptor)
{
	uint32_t rva = span_u32(descriptor, 12);

	if (rva)
		add_saved(loader, span_u64(descriptor, 0), span_u32(descriptor, 8), rva);
}

/* The memory lists, and the stacks that only the threads' own records hold. */
static void read_memory(struct loader *loader, const struct list *threads)
{
	struct list list = list_of(loader, STREAM_MEMORY, "saved memory", RANGE_SIZE, RANGE_LIMIT);
	struct segment_overlaps overlaps;

	read_memory64(loader);
	for (size_t i = 0; i < list.count; i++)
		add_descriptor(loader, list_entry(&list, i));
	for (size_t i = 0; i < threads->count; i++)
		add_descriptor(loader, span_slice(list_entry(threads, i), 24, 16));
	loader->saved.count = segments_order(loader->saved.items, loader->saved.count, &overlaps);
	if (overlaps.contradicts)
		note_add(loader->image->notes,
			 "%zu ranges of saved memory contradict others that overlap them: the bytes of the one that begins "
			 "first are used", overlaps.contradicts);
	read_memory_info(loader);
	segments_lay_over(loader->image, loader->existed.items, loader->existed.count, loader->saved.items,
			  loader->saved.count);
}

/* ---- threads ---- */

static bool read_context(struct loader *loader, struct span context, struct registers *ret)
{
	struct registers registers = {0};
	bool ok = reg_read_context(&registers, loader->image->arch, context);

	if (ok)
		*ret = registers;
	return ok;
}

/* MINIDUMP_THREAD and MINIDUMP_THREAD_EX, which begins alike. */
static struct list thread_list(struct loader *loader)
{
	bool ex = !loader->streams[STREAM_THREADS].size;

	return list_of(loader, ex ? STREAM_THREADS_EX : STREAM_THREADS, "threads", ex ? THREAD_EX_SIZE : THREAD_SIZE,
		       THREAD_LIMIT);
}

static void read_threads(struct loader *loader, const struct list *list)
{
	struct image *image = loader->image;
	size_t without = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct span entry = list_entry(list, i);
		struct thread thread = {.id = span_u32(entry, 0), .teb = span_u64(entry, 16)};

		without += !read_context(loader, location(loader, entry, 40), &thread.registers);
		word_map_add(&loader->threads, image->arena, (uint64_t)thread.id, (uint32_t)image->threads.count);
		vec_push(image->arena, &image->threads, thread);
	}
	if (without)
		note_add(image->notes, "the registers of %zu threads are not in the dump: their stacks cannot be walked",
			 without);
}

static struct thread *thread_by_id(const struct loader *loader, int64_t id)
{
	const int64_t index = word_map_find(&loader->threads, (uint64_t)id);

	return index < 0 ? NULL : &loader->image->threads.items[index];
}

/* MINIDUMP_THREAD_NAME: id, 64-bit offset of the name; not aligned */
static void read_thread_names(struct loader *loader)
{
	struct list list = list_of(loader, STREAM_THREAD_NAMES, "thread names", THREAD_NAME_SIZE, THREAD_LIMIT);

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = list_entry(&list, i);
		struct thread *thread = thread_by_id(loader, span_u32(entry, 0));

		if (thread)
			thread->name = string_at(loader, span_u64(entry, 4));
	}
}

/* MINIDUMP_THREAD_INFO */
static void read_thread_info(struct loader *loader)
{
	enum { INVALID_CONTEXT = 0x10, INVALID_TEB = 0x20, SIZE = 56 };
	struct list list = list_with_header(loader, STREAM_THREAD_INFO, "thread details", SIZE, THREAD_LIMIT);

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = list_entry(&list, i);
		struct thread *thread = thread_by_id(loader, span_u32(entry, 0));

		if (!thread)
			continue;
		thread->start = span_u64(entry, 48);
		if (span_u32(entry, 4) & INVALID_CONTEXT)
			thread->registers.known = 0;
		if (span_u32(entry, 4) & INVALID_TEB)
			thread->teb = 0;
	}
}

/* ---- the stop ---- */

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

static void note_unloaded(struct loader *loader, const struct thread *thread)
{
	const char *name;
	uint64_t pc;

	if (!reg_get(&thread->registers, loader->image->arch->pc, &pc) || image_mapping(loader->image, pc))
		return;
	name = unloaded_at(loader, pc);
	if (name)
		note_add(loader->image->notes, "the thread that crashed was at 0x%" PRIx64 ", where %s had been, which was unloaded",
			 pc, name);
}

static void blame(struct loader *loader, struct span context)
{
	struct image *image = loader->image;
	struct thread *thread = thread_by_id(loader, image->stop.thread);

	if (!thread) {
		vec_push(image->arena, &image->threads, (struct thread){.id = image->stop.thread});
		thread = &image->threads.items[image->threads.count - 1];
	}
	thread->crashed = true;
	if (!read_context(loader, context, &thread->registers))
		note_add(image->notes, "the dump lacks the registers at the exception; those of its thread, where that stood "
				       "when the dump was taken, are used");
	note_unloaded(loader, thread);
}

/* MINIDUMP_EXCEPTION_STREAM: thread, MINIDUMP_EXCEPTION at 8, its context at 160 */
static void find_stop(struct loader *loader)
{
	struct image *image = loader->image;
	struct span stream = loader->streams[STREAM_EXCEPTION];
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
	blame(loader, location(loader, stream, 160));
}

/* ---- what is in it ---- */

static void note_truncation(struct loader *loader)
{
	struct image *image = loader->image;

	if (loader->end <= image->bytes.size)
		return;
	image->truncated = true;
	note_add(image->notes,
		 "the dump is cut short: %s of %s are missing; of %zu ranges of memory some or all bytes are lost, so stacks and data "
		 "in them cannot be read",
		 size_text(image->arena, loader->end - image->bytes.size), size_text(image->arena, loader->end), loader->lost);
}

static void read_directory(struct loader *loader)
{
	struct span header = loader->image->bytes;
	uint32_t start = span_u32(header, 12);
	uint32_t promised = span_u32(header, 8);
	struct list list;

	loader->flags = span_u64(header, 24);
	promise(loader, start, (uint64_t)promised * DIRECTORY_ENTRY);
	list = bounded(loader, "streams", span_from(header, start), promised, DIRECTORY_ENTRY, STREAM_LIMIT);
	for (size_t i = 0; i < list.count; i++) {
		struct span entry = list_entry(&list, i);
		uint32_t type = span_u32(entry, 0);

		if (type >= STREAM_TYPES || loader->streams[type].size || !span_u32(entry, 8))
			continue;
		loader->streams[type] = location(loader, entry, 4);
		promise(loader, span_u32(entry, 8), span_u32(entry, 4));
	}
}

static const struct err *load(struct image *image)
{
	struct loader loader = {.image = image};
	const struct err *err;
	struct list threads;

	if (image->bytes.size < HEADER_SIZE)
		return err_new(image->arena, ERR_CUT_SHORT, "it ends within the header of a minidump, after %zu bytes",
			       image->bytes.size);
	read_directory(&loader);
	err = read_system(&loader);
	if (err)
		return err;
	read_modules(&loader);
	err = check_wow64(image);
	if (err)
		return err;
	threads = thread_list(&loader);
	read_memory(&loader, &threads);
	read_threads(&loader, &threads);
	if (!image->threads.count && !loader.saved.count)
		return err_new(image->arena, image->truncated || loader.end > image->bytes.size ? ERR_CUT_SHORT : ERR_BAD_DATA,
			       "nothing usable is left of it: neither threads nor memory in its %zu bytes", image->bytes.size);
	if (!loader.streams[STREAM_MEMORY64].size)
		minidump_note_flavour(image, loader.flags, loader.saved.items, loader.saved.count);
	note_truncation(&loader);
	read_thread_names(&loader);
	read_thread_info(&loader);
	read_misc(&loader);
	find_stop(&loader);
	read_comments(&loader);
	return NULL;
}

const struct format format_minidump = {.name = "minidump", .probe = is_minidump, .load = load, .sieve = NULL};
