/* redaction_symbols.c: see redactor.h: names of the program's functions in C: what a file told of a pc, and what the dynamic linker reads in
 * memory. Reference: elf(5). */
#include "lib/redactor.h"

#include "formats/dump/kept.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

enum { WORD = 8, NAME_MOST = 1 << 14 };

/* Names that are the implementation's, or are known to end programs; not what cgo makes of names, nor what C++ and Rust do. */
static bool is_public(const char *function)
{
	static const char *const known[] = {
#define C_DEATH(function, reason) function,
#include "heuristics/faults/c_deaths.def"
#undef C_DEATH
#undef C_DEATH_IN
	};
	static const char *const made[] = {"_Z", "_R", "_cgo", "_C"};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i], function))
			return true;
	for (size_t i = 0; i < sizeof made / sizeof *made; i++)
		if (!strncmp(made[i], function, strlen(made[i])))
			return false;
	return *function == '_';
}

/* The program, or a plugin of its. */
static bool is_of_program(const struct redactor *redactor, uint64_t pc)
{
	const struct mapping *mapping = image_mapping(redactor->image, pc);

	for (size_t i = 0; mapping && i < redactor->redaction->code.count; i++) {
		const struct mapping *program = image_mapping(redactor->image, redactor->redaction->code.items[i].start);

		if (program && !strcmp(program->path, mapping->path))
			return true;
	}
	return !mapping;
}

static void name_answer(struct redactor *redactor, struct kept_answer *answer)
{
	const char *function = span_string(answer->bytes, WORD, answer->bytes.size);
	uint8_t *copy;

	function = function ? function : arena_strndup(redactor->image->arena, (const char *)answer->bytes.data + WORD, answer->bytes.size - WORD);
	if (is_public(function))
		return;
	copy = memcpy(arena_alloc(redactor->image->arena, answer->bytes.size), answer->bytes.data, answer->bytes.size);
	pseudonyms_put(redactor->redaction->pseudonyms, NAME_ALL, copy + WORD, answer->bytes.size - WORD);
	answer->bytes.data = copy;
	answer->renamed = true;
}

static void add_answers(struct redactor *redactor)
{
	struct kept *kept = redactor->image->kept;

	for (size_t i = 0; i < kept->answers.count; i++) {
		struct kept_answer *answer = &kept->answers.items[i];

		if (answer->question == KEPT_C_FUNCTION && answer->bytes.size > WORD && is_of_program(redactor, answer->pc))
			name_answer(redactor, answer);
	}
}

/* ---- the table of the dynamic linker ---- */

enum { HEADERS_MOST = 128, DYNAMIC_MOST = 256 };

/* Where the file of a mapping begins in memory. */
static uint64_t base_of(const struct image *image, const struct mapping *mapping)
{
	uint64_t base = mapping->start;

	for (size_t i = 0; i < image->mappings.count; i++)
		if (!strcmp(image->mappings.items[i].path, mapping->path) && image->mappings.items[i].start < base)
			base = image->mappings.items[i].start;
	return base;
}

/* The table that its program header tells of, at run time; 0: it has none. The first segment begins where the file does. */
static uint64_t dynamic_of(struct image *image, uint64_t base, uint64_t *bias)
{
	const struct span header = image_peek(image, base, sizeof(Elf64_Ehdr));
	const uint64_t programs = base + span_u64(header, offsetof(Elf64_Ehdr, e_phoff));
	uint64_t dynamic = 0;

	*bias = base;
	if (!span_begins(header, ELFMAG))
		return 0;
	for (uint64_t i = 0; i < span_u16(header, offsetof(Elf64_Ehdr, e_phnum)) && i < HEADERS_MOST; i++) {
		const struct span program = image_peek(image, programs + i * sizeof(Elf64_Phdr), sizeof(Elf64_Phdr));
		const uint32_t type = span_u32(program, offsetof(Elf64_Phdr, p_type));
		const uint64_t address = span_u64(program, offsetof(Elf64_Phdr, p_vaddr));

		if (type == PT_LOAD && !span_u64(program, offsetof(Elf64_Phdr, p_offset)))
			*bias = base - address;
		if (type == PT_DYNAMIC)
			dynamic = address;
	}
	return dynamic ? dynamic + *bias : 0;
}

static void name_strings(struct redactor *redactor, uint64_t address, uint64_t size)
{
	const struct span strings = image_peek(redactor->image, address, size);

	for (size_t at = 0; at < strings.size;) {
		const char *text = span_string(strings, at, NAME_MOST);

		if (!text)
			return;
		if (*text && !is_public(text) && redactor_is_read(redactor, address + at, strlen(text)))
			redactor_name(redactor, address + at, strlen(text), NAME_ALL);
		at += strlen(text) + 1;
	}
}

/* glibc writes addresses into it, others leave them as they are linked. */
static void add_linked(struct redactor *redactor, const struct mapping *mapping)
{
	uint64_t bias, strings = 0, size = 0, tag, value;
	const uint64_t base = base_of(redactor->image, mapping), dynamic = dynamic_of(redactor->image, base, &bias);

	for (uint64_t i = 0; dynamic && i < DYNAMIC_MOST; i++) {
		const struct span entry = image_peek(redactor->image, dynamic + i * sizeof(Elf64_Dyn), sizeof(Elf64_Dyn));

		tag = span_u64(entry, offsetof(Elf64_Dyn, d_tag));
		value = span_u64(entry, offsetof(Elf64_Dyn, d_un));
		if (!entry.size || tag == DT_NULL)
			break;
		strings = tag == DT_STRTAB ? value : strings;
		size = tag == DT_STRSZ ? value : size;
	}
	if (strings)
		name_strings(redactor, strings < base ? strings + bias : strings, size);
}

void redactor_name_symbols(struct redactor *redactor)
{
	add_answers(redactor);
	for (size_t i = 0; i < redactor->redaction->code.count; i++) {
		const struct mapping *mapping = image_mapping(redactor->image, redactor->redaction->code.items[i].start);

		if (mapping && redactor->image->os != OS_WINDOWS)
			add_linked(redactor, mapping);
	}
}
