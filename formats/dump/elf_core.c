/* elf_core.c: ELF cores as Linux, gdb's gcore and qemu-user write them.
 *
 * References: Linux fs/binfmt_elf.c (elf_core_dump: order of notes, the dumping thread first; fill_files_note),
 * <linux/elfcore.h> (struct elf_prstatus, elf_prpsinfo), <asm-generic/siginfo.h>; gdb/linux-tdep.c
 * (linux_make_corefile_notes: NT_PRPSINFO first, one NT_SIGINFO behind each thread); qemu linux-user/elfload.c
 * (no NT_SIGINFO, no NT_FILE). Memory is p_filesz bytes long; up to p_memsz it existed and was not saved. */
#include "base/size.h"
#include "formats/dump/core_arm64.h"
#include "formats/dump/live_record.h"
#include "formats/dump/segments.h"
#include "formats/dump/signals.h"
#include "formats/dump/systems.h"

#include <string.h>

/* Beyond these, the rest is left out with a note. Linux allows 4 million threads, and vm.max_map_count is 65,530 unless
 * raised (Go programs with huge heaps raise it). */
enum {
	SEGMENT_LIMIT = 1 << 22,
	THREAD_LIMIT = 1 << 17,
	MAPPING_LIMIT = 1 << 20,
	AUXV_LIMIT = 256,
	NOTE_LIMIT = 1 << 21, /* of all PT_NOTE headers together, which may claim the same bytes */
	MAPPING_PATH_LIMIT = 4096,
};

/* Note types, <linux/elf.h>. */
enum {
	NOTE_PRSTATUS = 1,
	NOTE_PRPSINFO = 3,
	NOTE_AUXV = 6,
	NOTE_FILE = 0x46494c45,    /* "FILE" */
	NOTE_SIGINFO = 0x53494749, /* "SIGI" */
};

/* struct elf_prpsinfo of 64-bit Linux. */
enum { PSINFO_PID = 24, PSINFO_PPID = 28, PSINFO_FNAME = 40, PSINFO_FNAME_SIZE = 16, PSINFO_ARGS = 56, PSINFO_ARGS_SIZE = 80 };

struct loader {
	struct image *image;
	struct elf_view elf;
	struct span siginfo;
	bool by_gdb;
	const struct other_system *system; /* that a note belongs to; NULL: Linux */
	uint64_t notes;
	uint64_t end;  /* of the last byte that the headers promise, as a file offset */
	size_t broken; /* PT_NOTE headers whose notes do not parse to their end */
	size_t partial, lost; /* segments of which some, or all, saved bytes lie beyond the end of the file */
	size_t senseless;     /* segments whose addresses or sizes cannot be */
};

/* ---- notes ---- */

static const char *fixed_text(struct arena *arena, struct span field)
{
	size_t length = 0;

	while (length < field.size && field.data[length])
		length++;
	while (length && field.data[length - 1] == ' ') /* Linux puts a blank behind each argument */
		length--;
	return length ? arena_strndup(arena, (const char *)field.data, length) : NULL;
}

static void read_prstatus(struct loader *loader, struct span desc)
{
	struct image *image = loader->image;
	const struct arch *arch = image->arch;
	struct thread thread = {0};

	if (image->threads.count == THREAD_LIMIT) {
		note_add(image->notes, "the dump has more than %d threads; the others are left out", THREAD_LIMIT);
		return;
	}
	if (desc.size < arch->prstatus.size)
		note_add(image->notes, "a thread's NT_PRSTATUS has %zu bytes instead of %zu: registers may be missing",
			 desc.size, arch->prstatus.size);
	thread.id = (int32_t)span_u32(desc, arch->prstatus_tid);
	thread.signal = (int16_t)span_u16(desc, arch->prstatus_signal);
	reg_read(&thread.registers, &arch->prstatus, desc);
	vec_push(image->arena, &image->threads, thread);
}

static void read_prpsinfo(struct image *image, struct span desc)
{
	if (image->pid || image->program)
		return;
	image->pid = (int32_t)span_u32(desc, PSINFO_PID);
	image->parent_pid = (int32_t)span_u32(desc, PSINFO_PPID);
	image->program = fixed_text(image->arena, span_slice(desc, PSINFO_FNAME, PSINFO_FNAME_SIZE));
	image->command = fixed_text(image->arena, span_slice(desc, PSINFO_ARGS, PSINFO_ARGS_SIZE));
}

static void read_auxv(struct image *image, struct span desc)
{
	struct reader reader = reader_of(desc);

	if (image->auxv.count)
		return;
	while (image->auxv.count < AUXV_LIMIT) {
		struct auxv_entry entry = {.type = read_u64(&reader)};

		entry.value = read_u64(&reader);
		if (reader.failed || !entry.type) /* AT_NULL */
			return;
		vec_push(image->arena, &image->auxv, entry);
	}
}

static bool read_mapping(struct reader *reader, uint64_t unit, struct span names, size_t *name, struct mapping *ret)
{
	struct mapping mapping = {.start = read_u64(reader), .end = read_u64(reader)};
	uint64_t offset = read_u64(reader);

	mapping.path = span_string(names, *name, MAPPING_PATH_LIMIT);
	if (reader->failed || !mapping.path)
		return false;
	*name += strlen(mapping.path) + 1;
	if (__builtin_mul_overflow(offset, unit, &mapping.file_offset))
		mapping.end = mapping.start; /* senseless: left out */
	*ret = mapping;
	return true;
}

/* long count; long unit; count times {start, end, offset in units}; the names. gdb's unit is 1. */
static void read_files(struct image *image, struct span desc)
{
	struct reader reader = reader_of(desc);
	uint64_t count = read_u64(&reader);
	uint64_t unit = read_u64(&reader);
	uint64_t kept = 0;
	struct span names;
	size_t name = 0;

	if (image->mappings.count)
		return;
	if (reader.failed || count > desc.size / 24 || count > MAPPING_LIMIT) {
		note_add(image->notes,
			 "the list of mapped files (NT_FILE) is damaged: the executable is not known by path");
		return;
	}
	names = span_from(desc, 16 + count * 24);
	for (; kept < count; kept++) {
		struct mapping mapping;

		if (!read_mapping(&reader, unit, names, &name, &mapping))
			break;
		mapping.path = arena_strdup(image->arena, mapping.path);
		if (mapping.start < mapping.end)
			vec_push(image->arena, &image->mappings, mapping);
	}
	if (kept < count)
		note_add(image->notes, "the list of mapped files (NT_FILE) breaks off after %llu of %llu entries",
			 (unsigned long long)kept, (unsigned long long)count);
	mappings_order(image);
}

static void read_core_note(struct loader *loader, const struct elf_note *note)
{
	struct image *image = loader->image;

	switch (note->type) {
	case NOTE_PRSTATUS:
		read_prstatus(loader, note->desc);
		break;
	case NOTE_PRPSINFO:
		read_prpsinfo(image, note->desc);
		break;
	case NOTE_AUXV:
		read_auxv(image, note->desc);
		break;
	case NOTE_FILE:
		read_files(image, note->desc);
		break;
	case NOTE_SIGINFO:
		/* The first is that of the first thread, whether Linux or gdb wrote it. */
		if (!loader->siginfo.size)
			loader->siginfo = note->desc;
		break;
	default:
		break;
	}
}

static bool visit_note(void *context, const struct elf_note *note)
{
	struct loader *loader = context;

	if (loader->notes == NOTE_LIMIT) {
		note_add(loader->image->notes, "the dump has more than %d notes; the others are left out", NOTE_LIMIT);
		return false;
	}
	loader->notes++;
	if (!loader->system)
		loader->system = system_of_note(note->owner, note->type);
	if (!strcmp(note->owner, "CORE"))
		read_core_note(loader, note);
	else if (!strcmp(note->owner, "LINUX"))
		arm64_note(loader->image, note);
	else if (!strcmp(note->owner, LIVE_OWNER) && note->type == LIVE_NOTE)
		live_record_read(loader->image, note->desc);
	else if (!strcmp(note->owner, "GDB"))
		loader->by_gdb = true;
	return true;
}

/* ---- program headers ---- */

/* The file offset at which a program's bytes end; a senseless one counts as none. */
static void promise(struct loader *loader, const struct elf_program *program)
{
	uint64_t end;

	if (program->file_size && !__builtin_add_overflow(program->offset, program->file_size, &end) &&
	    end > loader->end)
		loader->end = end;
}

static void add_segment(struct loader *loader, const struct elf_program *program)
{
	struct image *image = loader->image;
	uint64_t promised = program->file_size < program->memory_size ? program->file_size : program->memory_size;
	struct span rest = span_from(image->bytes, program->offset);
	struct segment segment = {
		.address = program->address,
		.size = program->memory_size,
		.saved = span_slice(rest, 0, promised < rest.size ? promised : rest.size),
		.promised = promised,
		.flags = program->flags & (SEGMENT_READ | SEGMENT_WRITE | SEGMENT_EXEC),
	};

	if (!segment.size)
		return;
	/* Offsets cannot have a sum beyond 2^63 in any file; addresses not beyond 2^64. */
	if (segment.size > UINT64_MAX - segment.address || program->offset > INT64_MAX || promised > INT64_MAX) {
		loader->senseless++;
		return;
	}
	promise(loader, program);
	if (segment.saved.size < promised)
		*(segment.saved.size ? &loader->partial : &loader->lost) += 1;
	vec_push(image->arena, &image->segments, segment);
}

static void read_notes(struct loader *loader, const struct elf_program *program)
{
	promise(loader, program);
	if (!elf_view_notes(&loader->elf, program->offset, program->file_size, program->alignment, visit_note, loader))
		loader->broken++;
}

static void read_programs(struct loader *loader)
{
	struct image *image = loader->image;

	for (uint64_t i = 0; i < loader->elf.program_count; i++) {
		struct elf_program program = elf_view_program(&loader->elf, i);

		if (program.type == PROGRAM_NOTE && loader->notes < NOTE_LIMIT)
			read_notes(loader, &program);
		if (program.type == PROGRAM_MEMORY_TAGS)
			arm64_tags(image, &program);
		if (program.type != PROGRAM_LOAD)
			continue;
		if (image->segments.count == SEGMENT_LIMIT) {
			note_add(image->notes, "the dump has more than %d memory segments; the others are left out",
				 SEGMENT_LIMIT);
			break;
		}
		add_segment(loader, &program);
	}
	if (loader->broken)
		note_add(image->notes,
			 "the dump's notes are damaged or cut short: threads, the reason of the stop, or the list of "
			 "files may be missing");
	if (loader->senseless)
		note_add(image->notes, "%zu memory segments have senseless addresses or sizes and are left out",
			 loader->senseless);
}

/* ---- order ---- */

static void order_segments(struct image *image)
{
	struct segment_overlaps overlaps;

	image->segments.count = segments_order(image->segments.items, image->segments.count, &overlaps);
	if (overlaps.count)
		note_add(image->notes,
			 "%zu memory segments overlap others: where two claim an address, the bytes of the one that "
			 "begins first are used",
			 overlaps.count);
}

/* ---- the stop ---- */

static void read_siginfo(struct stop *stop, const struct signal_name *info, struct span siginfo)
{
	stop->fault = info && info->fault;
	if (siginfo.size < 12 || (int32_t)span_u32(siginfo, 0) != stop->number)
		return;
	stop->code = (int32_t)span_u32(siginfo, SIGINFO_CODE);
	stop->has_code = true;
	stop->fault = stop->fault && stop->code > 0;
	if (siginfo.size < 24)
		return;
	if (stop->code <= 0 && signal_code_source(stop->code))
		return;
	if (stop->code <= 0) { /* sent by a process: kill, tgkill, sigqueue */
		stop->sender_pid = (int32_t)span_u32(siginfo, SIGINFO_SENDER);
		stop->sender_uid = span_u32(siginfo, SIGINFO_UID);
	} else if (stop->code != SIGNAL_CODE_KERNEL && info && info->fault) {
		stop->address = span_u64(siginfo, SIGINFO_ADDRESS);
		stop->has_address = true;
	}
}

/* A signal that does not end a process with a core was seen by a debugger that took a snapshot of a live one: gcore
 * attaches with SIGSTOP and writes pr_cursig 0; at a breakpoint gdb writes SIGTRAP. */
static bool is_snapshot(const struct loader *loader, const struct signal_name *info)
{
	return !info || !info->dumps || (loader->by_gdb && info->number == SIGNAL_TRAP);
}

static void find_stop(struct loader *loader)
{
	struct image *image = loader->image;
	struct thread *first = image->threads.items;
	const struct signal_name *info;

	if (image->live) { /* it runs on */
		image->snapshot = true;
		return;
	}
	if (!image->threads.count) {
		note_add(image->notes, "the dump names no threads: registers and the reason of the stop are unknown");
		return;
	}
	info = signal_by_number(first->signal);
	if (is_snapshot(loader, info)) {
		image->snapshot = true;
		note_add(image->notes,
			 "the dump was taken from a live process (signal %d%s%s): nothing says that it crashed",
			 first->signal, info ? ", " : "", info ? info->name : "");
		return;
	}
	image->stop = (struct stop){.known = true, .number = first->signal, .name = info->name, .thread = first->id};
	first->crashed = true;
	read_siginfo(&image->stop, info, loader->siginfo);
}

/* ---- the whole ---- */

static void note_truncation(struct loader *loader)
{
	struct image *image = loader->image;
	uint64_t size = image->bytes.size;

	if (loader->elf.program_lost)
		note_add(image->notes,
			 "the dump is cut short within its program headers, after %s: %llu memory segments are "
			 "not even known by address",
			 size_text(image->arena, size), (unsigned long long)loader->elf.program_lost);
	if (loader->end > size)
		note_add(image->notes,
			 "the dump is cut short: %s of %s are missing; %zu memory segments are lost whole "
			 "and %zu in part, so stacks and data in them cannot be read",
			 size_text(image->arena, loader->end - size), size_text(image->arena, loader->end), loader->lost,
			 loader->partial);
	if (loader->elf.program_lost || loader->end > size)
		image->truncated = true;
}

static bool has_memory(const struct image *image)
{
	for (size_t i = 0; i < image->segments.count; i++)
		if (image->segments.items[i].saved.size)
			return true;
	return false;
}

static const struct err *check_type(struct image *image, const struct elf_view *elf)
{
	if (elf->type == FILE_CORE)
		return NULL;
	if (elf->type == FILE_EXECUTABLE || elf->type == FILE_DYNAMIC)
		return err_new(image->arena, ERR_NO_DUMP, "it is an executable, not a core: give it with --exe");
	return err_new(image->arena, ERR_NO_DUMP, "it is an ELF file of type %u, not a core", elf->type);
}

/* Before anything else, since neither its CPU nor its notes need be known. */
static const struct err *check_system(struct image *image)
{
	enum { OSABI = 7, ORDER = 5, BIG = 2, TYPE = 16 };
	const struct other_system *system = system_of_osabi(span_u8(image->bytes, OSABI));
	const uint16_t type = span_u16(image->bytes, TYPE);

	if (!system || (span_u8(image->bytes, ORDER) == BIG ? __builtin_bswap16(type) : type) != FILE_CORE)
		return NULL;
	return system_error(image->arena, system, NULL);
}

static const struct err *load(struct image *image)
{
	struct loader loader = {.image = image};
	const struct err *err = check_system(image);

	if (!err)
		err = elf_view_open(image->arena, image->bytes, &loader.elf);
	if (!err)
		err = check_type(image, &loader.elf);
	if (err)
		return err;
	image->arch = loader.elf.arch;
	image->os = OS_LINUX;
	read_programs(&loader);
	if (loader.system)
		return system_error(image->arena, loader.system, NULL);
	order_segments(image);
	note_truncation(&loader);
	if (!image->threads.count && !has_memory(image))
		return err_new(image->arena, image->truncated ? ERR_CUT_SHORT : ERR_BAD_DATA,
			       "nothing usable is left of it: neither threads nor memory in its %zu bytes%s",
			       image->bytes.size, image->truncated ? ", which are cut short" : "");
	find_stop(&loader);
	return NULL;
}

const struct format format_elf_core = {.name = "elf-core", .probe = elf_magic, .load = load, .sieve = NULL};
