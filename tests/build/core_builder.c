/* core_builder.c: see the header. Layout after Linux fs/binfmt_elf.c, elf_core_dump. */
#include "tests/build/core_builder.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEADER_SIZE = 64, PROGRAM_SIZE = 56, SECTION_SIZE = 64, COUNT_ELSEWHERE = 0xffff };

struct output {
	struct arena *arena;
	VEC(uint8_t) bytes;
};

static _Noreturn void misuse(const char *what, const char *which)
{
	fprintf(stderr, "core_builder: %s %s\n", what, which);
	abort();
}

static void put_number(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void add_number(struct output *output, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		vec_push(output->arena, &output->bytes, (uint8_t)(value >> 8 * i));
}

static void add_bytes(struct output *output, const void *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		vec_push(output->arena, &output->bytes, ((const uint8_t *)data)[i]);
}

struct core_builder *core_new(struct arena *arena, const struct arch *arch)
{
	struct core_builder *builder = arena_alloc(arena, sizeof *builder);

	builder->arena = arena;
	builder->arch = arch;
	builder->type = 4;
	builder->machine = arch->elf_machine;
	builder->word_class = 2;
	builder->byte_order = 1;
	builder->page = 4096;
	return builder;
}

struct core_segment *core_add_segment(struct core_builder *builder, uint64_t address, uint64_t size, uint32_t flags)
{
	struct core_segment segment = {
		.type = 1,
		.flags = flags,
		.address = address,
		.memory_size = size,
		.saved = size,
		.bytes = arena_alloc(builder->arena, (size_t)size),
	};

	vec_push(builder->arena, &builder->segments, segment);
	return &builder->segments.items[builder->segments.count - 1];
}

void core_put(struct core_builder *builder, uint64_t address, const void *data, size_t size)
{
	for (size_t i = 0; i < builder->segments.count; i++) {
		struct core_segment *segment = &builder->segments.items[i];
		uint64_t offset = address - segment->address;

		if (offset >= segment->memory_size || size > segment->memory_size - offset)
			continue;
		memcpy(segment->bytes + offset, data, size);
		return;
	}
	misuse("no segment holds", arena_printf(builder->arena, "%#llx", (unsigned long long)address));
}

void core_put_u64(struct core_builder *builder, uint64_t address, uint64_t value)
{
	uint8_t bytes[8];

	put_number(bytes, value, sizeof bytes);
	core_put(builder, address, bytes, sizeof bytes);
}

void core_label(struct core_builder *builder, const char *name, uint64_t address)
{
	vec_push(builder->arena, &builder->labels, (struct core_label){name, address});
}

void core_put_label(struct core_builder *builder, uint64_t address, const char *label)
{
	vec_push(builder->arena, &builder->fixups, (struct core_fixup){label, address});
}

uint64_t core_address(const struct core_builder *builder, const char *label)
{
	for (size_t i = 0; i < builder->labels.count; i++)
		if (!strcmp(builder->labels.items[i].name, label))
			return builder->labels.items[i].address;
	misuse("no label", label);
}

void core_add_note(struct core_builder *builder, const char *owner, uint32_t type, const void *desc, size_t size)
{
	struct output note = {.arena = builder->arena};

	add_number(&note, strlen(owner) + 1, 4);
	add_number(&note, size, 4);
	add_number(&note, type, 4);
	add_bytes(&note, owner, strlen(owner) + 1);
	while (note.bytes.count % 4)
		add_number(&note, 0, 1);
	add_bytes(&note, desc, size);
	while (note.bytes.count % 4)
		add_number(&note, 0, 1);
	for (size_t i = 0; i < note.bytes.count; i++)
		vec_push(builder->arena, &builder->notes, note.bytes.items[i]);
}

void core_add_thread(struct core_builder *builder, int32_t id, int16_t signal, const struct registers *registers)
{
	const struct reg_map *map = &builder->arch->prstatus;
	uint8_t *record = arena_alloc(builder->arena, map->size);

	put_number(record + builder->arch->prstatus_signal, (uint16_t)signal, 2);
	put_number(record + builder->arch->prstatus_tid, (uint32_t)id, 4);
	for (size_t i = 0; registers && i < map->count; i++)
		put_number(record + map->slots[i].offset, registers->value[map->slots[i].reg], 8);
	core_add_note(builder, "CORE", 1, record, map->size);
}

void core_add_process(struct core_builder *builder, int32_t pid, const char *program, const char *command)
{
	uint8_t record[136] = {0};

	put_number(record + 24, (uint32_t)pid, 4);
	memcpy(record + 40, program, strnlen(program, 16)); /* neither field need be terminated */
	memcpy(record + 56, command, strnlen(command, 80));
	core_add_note(builder, "CORE", 3, record, sizeof record);
}

void core_add_siginfo(struct core_builder *builder, int32_t number, int32_t code, uint64_t address_or_pid)
{
	uint8_t record[128] = {0};

	put_number(record, (uint32_t)number, 4);
	put_number(record + 8, (uint32_t)code, 4);
	put_number(record + 16, address_or_pid, 8);
	core_add_note(builder, "CORE", 0x53494749, record, sizeof record);
}

void core_add_auxv(struct core_builder *builder, const struct auxv_entry *entries, size_t count)
{
	struct output desc = {.arena = builder->arena};

	for (size_t i = 0; i < count; i++) {
		add_number(&desc, entries[i].type, 8);
		add_number(&desc, entries[i].value, 8);
	}
	add_number(&desc, 0, 8);
	add_number(&desc, 0, 8);
	core_add_note(builder, "CORE", 6, desc.bytes.items, desc.bytes.count);
}

void core_add_files(struct core_builder *builder, const struct mapping *mappings, size_t count)
{
	struct output desc = {.arena = builder->arena};

	add_number(&desc, count, 8);
	add_number(&desc, builder->page, 8);
	for (size_t i = 0; i < count; i++) {
		add_number(&desc, mappings[i].start, 8);
		add_number(&desc, mappings[i].end, 8);
		add_number(&desc, mappings[i].file_offset / builder->page, 8);
	}
	for (size_t i = 0; i < count; i++)
		add_bytes(&desc, mappings[i].path, strlen(mappings[i].path) + 1);
	core_add_note(builder, "CORE", 0x46494c45, desc.bytes.items, desc.bytes.count);
}

static void add_header(struct core_builder *builder, struct output *output, uint64_t programs, uint64_t section)
{
	uint64_t ident = UINT64_C(0x464c457f) | (uint64_t)builder->word_class << 32 |
			 (uint64_t)builder->byte_order << 40 | UINT64_C(1) << 48 | (uint64_t)builder->osabi << 56;

	add_number(output, ident, 8);
	add_number(output, 0, 8);
	add_number(output, builder->type, 2);
	add_number(output, builder->machine, 2);
	add_number(output, 1, 4);
	add_number(output, builder->entry, 8);
	add_number(output, HEADER_SIZE, 8); /* e_phoff */
	add_number(output, section, 8);     /* e_shoff */
	add_number(output, 0, 4);
	add_number(output, HEADER_SIZE, 2);
	add_number(output, PROGRAM_SIZE, 2);
	add_number(output, section ? COUNT_ELSEWHERE : programs, 2);
	add_number(output, section ? SECTION_SIZE : 0, 2);
	add_number(output, section ? 1 : 0, 2);
	add_number(output, 0, 2);
}

static void add_program(struct output *output, const struct core_segment *segment, uint64_t offset, uint64_t align)
{
	add_number(output, segment->type, 4);
	add_number(output, segment->flags, 4);
	add_number(output, offset, 8);
	add_number(output, segment->address, 8);
	add_number(output, 0, 8);
	add_number(output, segment->saved, 8);
	add_number(output, segment->memory_size, 8);
	add_number(output, align, 8);
}

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

static void add_programs(struct core_builder *builder, struct output *output, uint64_t notes, uint64_t data)
{
	struct core_segment note = {.type = 4, .saved = builder->notes.count};

	if (builder->notes.count)
		add_program(output, &note, notes, 4);
	for (size_t i = 0; i < builder->segments.count; i++) {
		add_program(output, &builder->segments.items[i], data, builder->page);
		data = round_up(data + builder->segments.items[i].saved, builder->page);
	}
}

static void pad(struct output *output, uint64_t page)
{
	while (output->bytes.count % page)
		add_number(output, 0, 1);
}

/* The section header in which PN_XNUM puts the count. */
static void add_count_section(struct output *output, uint64_t programs)
{
	for (size_t i = 0; i < SECTION_SIZE; i += 4)
		add_number(output, i == 44 ? programs : 0, 4); /* sh_info */
}

struct span core_finish(struct core_builder *builder)
{
	struct output output = {.arena = builder->arena};
	uint64_t programs = builder->segments.count + (builder->notes.count ? 1 : 0);
	uint64_t notes = HEADER_SIZE + programs * PROGRAM_SIZE;
	uint64_t data = round_up(notes + builder->notes.count, builder->page);
	uint64_t end = data;
	bool elsewhere = builder->extended_count || programs >= COUNT_ELSEWHERE;

	for (size_t i = 0; i < builder->fixups.count; i++)
		core_put_u64(builder, builder->fixups.items[i].address,
			     core_address(builder, builder->fixups.items[i].label));
	for (size_t i = 0; i < builder->segments.count; i++)
		end = round_up(end + builder->segments.items[i].saved, builder->page);
	add_header(builder, &output, programs, elsewhere ? end : 0);
	add_programs(builder, &output, notes, data);
	add_bytes(&output, builder->notes.items, builder->notes.count);
	pad(&output, builder->page);
	for (size_t i = 0; i < builder->segments.count; i++) {
		add_bytes(&output, builder->segments.items[i].bytes, (size_t)builder->segments.items[i].saved);
		pad(&output, builder->page);
	}
	if (elsewhere)
		add_count_section(&output, programs);
	return (struct span){output.bytes.items, output.bytes.count};
}
