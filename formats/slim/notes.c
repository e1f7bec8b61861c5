/* notes.c: see notes.h. Layouts as in formats/dump/elf_core.c. What is not known is not kept. */
#include "formats/slim/notes.h"

#include "formats/dump/live_record.h"
#include "formats/slim/redaction.h"

#include <stdio.h>
#include <string.h>

enum { NOTE_PRSTATUS = 1, NOTE_PRPSINFO = 3, NOTE_AUXV = 6, NOTE_FILE = 0x46494c45, NOTE_SIGINFO = 0x53494749 };
enum { ARM_TLS = 0x401, ARM_SVE = 0x405, ARM_PAC_MASK = 0x406, ARM_TAGGED_ADDR_CTRL = 0x409 };

enum {
	PSINFO_NAME = 40, PSINFO_ARGS = 56, PSINFO_ARGS_SIZE = 80,
	SVE_HEADER = 16,
	SIGINFO_CODE_AT = 8, SIGINFO_ADDRESS = 16, SIGINFO_SENT = 24 /* bytes: the sender, without what it sent */, SIGINFO_RAISED = 32,
	FILES_HEADER = 16, FILES_ENTRY = 24,
};

struct notes_writer {
	struct layout_plan *plan;
	size_t thread; /* number of the next NT_PRSTATUS */
};

static uint64_t place_of(const struct notes_writer *writer, struct span part)
{
	return (uint64_t)(part.data - writer->plan->image->bytes.data);
}

static void clear(struct notes_writer *writer, struct span desc, uint64_t from)
{
	if (desc.size > from)
		layout_edit(writer->plan, place_of(writer, desc) + from, desc.size - from, NULL);
}

/* Text that was taken for an address. */
static void disguise(struct notes_writer *writer, struct span desc, uint64_t offset)
{
	const struct image *image = writer->plan->image;
	const uint64_t value = span_u64(desc, offset), shown = redaction_disguise(value);
	uint8_t *bytes, *at;

	if (!span_has(desc, offset, sizeof value) || !redaction_is_disguised(image->kept->redaction, value))
		return;
	at = bytes = arena_alloc(image->arena, sizeof shown);
	append_number(&at, shown, sizeof shown);
	layout_edit(writer->plan, place_of(writer, desc) + offset, sizeof shown, bytes);
}

static void redact_registers(struct notes_writer *writer, struct span desc)
{
	const struct image *image = writer->plan->image;
	const struct reg_map *map = &image->arch->prstatus;
	const size_t thread = writer->thread++;

	for (size_t i = 0; i < map->count; i++)
		if (thread >= image->threads.count || image->kept->redaction->masked[thread] >> map->slots[i].reg & 1)
			layout_edit(writer->plan, place_of(writer, desc) + map->slots[i].offset, sizeof(uint64_t), NULL);
		else
			disguise(writer, desc, map->slots[i].offset);
	clear(writer, desc, map->size);
}

/* Whether it is the file in which the process began. */
static bool is_program(const struct image *image, const char *path)
{
	enum { AT_ENTRY = 9 };
	uint64_t entry;
	const struct mapping *mapping = image_auxv(image, AT_ENTRY, &entry) ? image_mapping(image, entry) : NULL;

	return mapping && !strcmp(mapping->path, path);
}

const char *path_redacted(const struct image *image, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *back = strrchr(path, '\\');

	slash = back && (!slash || back > slash) ? back : slash;
	slash = slash ? slash + 1 : path;
	if (strstr(slash, ".so") || is_program(image, path))
		return slash;
	for (size_t i = 0; i < image->mappings.count; i++) {
		const struct mapping *mapping = &image->mappings.items[i];

		if (strcmp(mapping->path, path) != 0)
			continue;
		for (size_t k = 0; k < image->segments.count; k++) {
			const struct segment *segment = &image->segments.items[k];

			if (segment->flags & SEGMENT_EXEC && segment->address < mapping->end && mapping->start < segment->address + segment->size)
				return slash;
		}
	}
	return "data";
}

bool path_is_named(const struct image *image, const char *path)
{
	const struct redaction *redaction = image->kept->redaction;

	for (size_t i = 0; i < redaction->code.count; i++) {
		const struct mapping *mapping = image_mapping(image, redaction->code.items[i].start);

		if (mapping && !strcmp(mapping->path, path))
			return true;
	}
	return is_program(image, path);
}

/* What ps(1) calls the process is its program's name, as far as there is room. */
static void rename_process(struct notes_writer *writer, struct span desc)
{
	const struct span name = span_slice(desc, PSINFO_NAME, PSINFO_ARGS - PSINFO_NAME);
	uint8_t *copy;

	if (!name.size)
		return;
	copy = memcpy(arena_alloc(writer->plan->image->arena, name.size), name.data, name.size);
	rename_bytes(writer->plan->image, place_of(writer, name), NAME_ALL, copy, name.size);
	layout_edit(writer->plan, place_of(writer, name), name.size, copy);
}

/* The same entries with shorter names. */
static void redact_files(struct notes_writer *writer, struct span desc)
{
	const struct image *image = writer->plan->image;
	const uint64_t count = span_u64(desc, 0);
	uint64_t from = FILES_HEADER + count * FILES_ENTRY;
	uint8_t *copy = arena_alloc(image->arena, desc.size);
	uint8_t *to;

	if (count > desc.size / FILES_ENTRY || from > desc.size) {
		clear(writer, desc, 0);
		return;
	}
	memcpy(copy, desc.data, (size_t)from);
	to = copy + from;
	for (uint64_t i = 0; i < count; i++) {
		const char *path = span_string(desc, from, desc.size);
		const char *kept = path ? path_redacted(image, path) : "";
		const size_t size = strlen(kept) + 1;

		if (!path || size > (size_t)(copy + desc.size - to))
			break;
		from += strlen(path) + 1;
		memcpy(to, kept, size);
		if (path_is_named(image, path))
			rename_bytes(writer->plan->image, place_of(writer, desc) + (uint64_t)(to - copy), NAME_ALL, to, size - 1);
		to += size;
	}
	layout_edit(writer->plan, place_of(writer, desc), desc.size, copy);
}

static void redact_core_note(struct notes_writer *writer, const struct elf_note *note)
{
	switch (note->type) {
	case NOTE_PRSTATUS:
		redact_registers(writer, note->desc);
		break;
	case NOTE_PRPSINFO:
		rename_process(writer, note->desc);
		clear(writer, note->desc, PSINFO_ARGS);
		break;
	case NOTE_AUXV:
		break;
	case NOTE_FILE:
		redact_files(writer, note->desc);
		break;
	case NOTE_SIGINFO:
		clear(writer, note->desc, (int32_t)span_u32(note->desc, SIGINFO_CODE_AT) <= 0 ? SIGINFO_SENT : SIGINFO_RAISED);
		disguise(writer, note->desc, SIGINFO_ADDRESS);
		break;
	default:
		clear(writer, note->desc, 0);
	}
}

static bool visit(void *context, const struct elf_note *note)
{
	struct notes_writer *writer = context;

	if (!strcmp(note->owner, LIVE_OWNER) && note->type == LIVE_NOTE) /* what a snapshot cost: numbers */
		return true;
	if (!strcmp(note->owner, "CORE"))
		redact_core_note(writer, note);
	else if (strcmp(note->owner, "LINUX") != 0 ||
		 (note->type != ARM_TLS && note->type != ARM_PAC_MASK && note->type != ARM_TAGGED_ADDR_CTRL))
		clear(writer, note->desc, note->type == ARM_SVE ? SVE_HEADER : 0);
	return true;
}

void notes_redact(struct layout_plan *plan, const struct elf_view *elf)
{
	struct notes_writer writer = {.plan = plan};

	for (uint64_t i = 0; i < elf->program_count; i++) {
		const struct elf_program program = elf_view_program(elf, i);

		if (program.type == PROGRAM_NOTE &&
		    !elf_view_notes(elf, program.offset, program.file_size, program.alignment, visit, &writer)) /* what does not parse */
			layout_edit(plan, program.offset, program.file_size, NULL);
	}
}
