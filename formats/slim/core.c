/* core.c: slim ELF cores: headers, the notes of the old core as they were, tornstack's own, and the pages with kept words. Every
 * segment of the old core is there: what of it is not saved has p_filesz < p_memsz, as the kernel leaves it out (core(5)).
 * References: elf(5); Linux fs/binfmt_elf.c. */
#include "formats/slim/record.h"
#include "formats/slim/notes.h"
#include "formats/slim/slim.h"
#include "formats/slim/tables.h"

#include "formats/exe/elf.h"

#include <stdlib.h>

enum {
	EHDR = 64, PHDR = 56, SHDR = 64,
	NOTE_ALIGNMENT = 4,
	OWNER_SIZE = 12,
	NOTES_MOST = 16,   /* segments of notes; Linux and gdb write one */
	TAGS_MOST = 16,
	RUNS_MOST = 8192,
	HEADERS_MOST = 0xff00, /* PN_XNUM is more */
};

struct writer {
	struct layout_plan plan;
	struct elf_view elf;
	VEC(struct elf_program) headers;
	uint64_t at; /* the end of what has a place already */
	uint64_t no_bytes; /* where segments without bytes lie: where no ELF header is, since gdb looks for one (for a build-id) */
};

static uint64_t align(uint64_t at, uint64_t to)
{
	return (at + to - 1) / to * to;
}

/* ---- program headers ---- */

static void add_header(struct writer *writer, struct elf_program program)
{
	vec_push(writer->plan.image->arena, &writer->headers, program);
}

/* Bytes of the old core's notes and tags, at a place of their own. */
static void add_copied(struct writer *writer, const struct elf_program *program)
{
	struct elf_program copy = *program;
	const struct span rest = span_from(writer->plan.image->bytes, program->offset);

	copy.offset = align(writer->at, NOTE_ALIGNMENT);
	copy.file_size = program->file_size < rest.size ? program->file_size : rest.size;
	layout_add_bytes(&writer->plan, program->offset, copy.file_size, copy.offset);
	writer->at = copy.offset + copy.file_size;
	add_header(writer, copy);
}

static void add_all_copied(struct writer *writer, uint32_t type, size_t most)
{
	for (uint64_t i = 0; i < writer->elf.program_count && most; i++) {
		const struct elf_program program = elf_view_program(&writer->elf, i);

		if (program.type != type || !program.file_size)
			continue;
		add_copied(writer, &program);
		most--;
	}
}

/* The old headers, as its reader needs them. */
static void add_old_headers(struct writer *writer)
{
	const uint64_t table = writer->elf.program_offset;
	const uint64_t sections = span_u64(writer->plan.image->bytes, 40); /* e_shoff */
	struct piece made = tables_headers(&writer->plan, &writer->elf);

	layout_add_bytes(&writer->plan, 0, EHDR, writer->at);
	writer->at += EHDR;
	if (made.size) {
		made.position = writer->at;
		layout_add(&writer->plan, made);
		writer->at += made.size;
	} else if (table >= EHDR) {
		layout_add_bytes(&writer->plan, table, writer->elf.program_count * PHDR, writer->at);
		writer->at += writer->elf.program_count * PHDR;
	}
	if (sections >= EHDR) { /* the first holds the number of program headers where that has no room */
		layout_add_bytes(&writer->plan, sections, SHDR, writer->at);
		writer->at += SHDR;
	}
}

static struct elf_program load_of(const struct segment *segment, uint64_t offset, uint64_t size, uint64_t position)
{
	return (struct elf_program){.type = PROGRAM_LOAD, .flags = segment->flags, .offset = position,
				    .address = segment->address + offset, .file_size = size, .memory_size = size,
				    .alignment = SLIM_PAGE};
}

/* Each run with what follows it until the next; before the first, what is not saved. */
static size_t add_segment(struct writer *writer, const struct segment *segment, size_t next)
{
	const struct page_run *runs = writer->plan.runs.items.items;
	const size_t count = writer->plan.runs.items.count;
	uint64_t from = next < count && runs[next].segment == segment ? runs[next].offset : segment->size;

	if (from) {
		struct elf_program program = load_of(segment, 0, 0, writer->no_bytes);

		program.memory_size = from;
		add_header(writer, program);
	}
	for (; next < count && runs[next].segment == segment; next++) {
		struct elf_program program = load_of(segment, runs[next].offset, runs[next].size, runs[next].position);

		from = next + 1 < count && runs[next + 1].segment == segment ? runs[next + 1].offset : segment->size;
		program.memory_size = from - runs[next].offset;
		add_header(writer, program);
	}
	return next;
}

static void add_segments(struct writer *writer)
{
	const struct image *image = writer->plan.image;
	size_t next = 0;

	for (size_t i = 0; i < image->segments.count && writer->headers.count + writer->plan.runs.items.count < HEADERS_MOST; i++)
		next = add_segment(writer, &image->segments.items[i], next);
}

/* ---- layout ---- */

static void place_runs(struct writer *writer)
{
	for (size_t i = 0; i < writer->plan.runs.items.count; i++) {
		struct page_run *run = &writer->plan.runs.items.items[i];
		const uint64_t within = (run->segment->address + run->offset) % SLIM_PAGE;

		run->position = align(writer->at, SLIM_PAGE) + within;
		writer->at = run->position + run->size;
	}
}

static void put_note_header(uint8_t **at, uint64_t size)
{
	append_number(at, sizeof SLIM_OWNER, 4);
	append_number(at, size, 4);
	append_number(at, SLIM_NOTE, 4);
	memcpy(*at, SLIM_OWNER, sizeof SLIM_OWNER);
	*at += OWNER_SIZE;
}

static void put_program(uint8_t **at, const struct elf_program *program)
{
	append_number(at, program->type, 4);
	append_number(at, program->flags, 4);
	append_number(at, program->offset, 8);
	append_number(at, program->address, 8);
	append_number(at, 0, 8);
	append_number(at, program->file_size, 8);
	append_number(at, program->memory_size, 8);
	append_number(at, program->alignment, 8);
}

/* The old file's header, with other counts. */
static void put_file_header(uint8_t *header, const struct writer *writer)
{
	uint8_t *at = header + 32;

	memcpy(header, writer->plan.image->bytes.data, EHDR);
	append_number(&at, EHDR, 8); /* e_phoff */
	append_number(&at, 0, 8);    /* e_shoff */
	at = header + 54;
	append_number(&at, PHDR, 2);
	append_number(&at, writer->headers.count, 2);
	append_number(&at, 0, 2);
	append_number(&at, 0, 2);
	append_number(&at, 0, 2);
}

static void add_new_headers(struct writer *writer)
{
	uint8_t *headers = arena_array(writer->plan.image->arena, writer->headers.count + 2, PHDR);
	uint8_t *at = headers + EHDR;

	put_file_header(headers, writer);
	for (size_t i = 0; i < writer->headers.count; i++)
		put_program(&at, &writer->headers.items[i]);
	layout_add(&writer->plan, (struct piece){.original = SLIM_MADE, .size = (uint64_t)(at - headers), .bytes = headers});
}

static const struct err *add_record(struct writer *writer, uint64_t position, uint64_t size)
{
	uint8_t *note = arena_alloc(writer->plan.image->arena, 12 + OWNER_SIZE);
	uint8_t *at = note;

	if (size > UINT32_MAX)
		return err_new(writer->plan.image->arena, ERR_LIMIT, "too much was read of it: its record has no room in a note");
	put_note_header(&at, size);
	layout_add(&writer->plan, (struct piece){.position = position, .original = SLIM_MADE, .size = 12 + OWNER_SIZE, .bytes = note});
	slim_record_add(&writer->plan, position + 12 + OWNER_SIZE, size);
	return NULL;
}

const struct err *slim_write_core(struct image *image, FILE *out)
{
	struct writer writer = {.plan = {.image = image}};
	const struct err *err = elf_view_open(image->arena, image->bytes, &writer.elf);
	uint64_t note, size;

	if (err)
		return err;
	layout_find_runs(&writer.plan, RUNS_MOST);
	/* The new headers come first; segments are split at runs, so there are not more than: */
	writer.at = EHDR + PHDR * (image->segments.count + writer.plan.runs.items.count + NOTES_MOST + TAGS_MOST + 1);
	if (image->kept->redaction)
		notes_redact(&writer.plan, &writer.elf);
	add_all_copied(&writer, PROGRAM_NOTE, NOTES_MOST);
	add_old_headers(&writer);
	add_all_copied(&writer, PROGRAM_MEMORY_TAGS, TAGS_MOST);
	note = writer.no_bytes = align(writer.at, NOTE_ALIGNMENT);
	size = align(slim_record_size(&writer.plan, writer.plan.pieces.count + writer.plan.runs.items.count), NOTE_ALIGNMENT);
	writer.at = note + 12 + OWNER_SIZE + size;
	add_header(&writer, (struct elf_program){.type = PROGRAM_NOTE, .offset = note, .file_size = 12 + OWNER_SIZE + size,
						 .alignment = NOTE_ALIGNMENT});
	place_runs(&writer);
	add_segments(&writer);
	layout_add_runs(&writer.plan);
	err = add_record(&writer, note, size);
	if (err)
		return err;
	add_new_headers(&writer);
	layout_write(&writer.plan, out);
	return NULL;
}
