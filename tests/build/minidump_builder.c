/* minidump_builder.c: see the header. Structures of minidumpapiset.h. */
#include "tests/build/minidump_builder.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEADER = 32, DIRECTORY = MINIDUMP_STREAMS * 12, FILE_START = HEADER + DIRECTORY };

static const struct {
	uint32_t type;
	bool header; /* states its own sizes, and a count of 4 bytes, or 8 where `wide` */
	bool wide;
	uint32_t size;
} list_kinds[] = {
	{3, false, false, 48}, {4, false, false, 108}, {14, true, false, 24}, {16, true, true, 48}, {17, true, false, 64},
	{24, false, false, 12},
};

static void put(struct minidump_builder *builder, struct minidump_bytes *bytes, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		vec_push(builder->arena, bytes, (uint8_t)(i < 8 ? value >> 8 * i : 0));
}

static void put_bytes(struct minidump_builder *builder, struct minidump_bytes *bytes, const void *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		vec_push(builder->arena, bytes, ((const uint8_t *)data)[i]);
}

static uint32_t here(const struct minidump_builder *builder)
{
	return (uint32_t)(FILE_START + builder->file.count);
}

struct minidump_builder *minidump_new(struct arena *arena, const struct arch *arch)
{
	struct minidump_builder *builder = arena_alloc(arena, sizeof *builder);

	builder->arena = arena;
	builder->arch = arch;
	builder->processor = arch->nt_processor;
	builder->platform = 2;
	builder->flags = 2;
	builder->memory64 = true;
	return builder;
}

void minidump_add_memory(struct minidump_builder *builder, uint64_t address, uint64_t size)
{
	vec_push(builder->arena, &builder->ranges,
		 (struct minidump_range){address, size, arena_alloc(builder->arena, (size_t)size)});
}

void minidump_put_u64(struct minidump_builder *builder, uint64_t address, uint64_t value)
{
	for (size_t i = 0; i < builder->ranges.count; i++) {
		struct minidump_range *range = &builder->ranges.items[i];

		if (address - range->address >= range->size || range->size - (address - range->address) < 8)
			continue;
		for (unsigned b = 0; b < 8; b++)
			range->bytes[address - range->address + b] = (uint8_t)(value >> 8 * b);
		return;
	}
	fprintf(stderr, "minidump_builder: no memory at %#llx\n", (unsigned long long)address);
	abort();
}

static void put_context(const struct reg_map *map, const struct registers *registers, uint8_t *context)
{
	for (size_t i = 0; i < map->count; i++)
		for (unsigned b = 0; b < 8; b++)
			context[map->slots[i].offset + b] = (uint8_t)(registers->value[map->slots[i].reg] >> 8 * b);
}

/* A CONTEXT; *rva and *size are its MINIDUMP_LOCATION_DESCRIPTOR. */
static void add_context(struct minidump_builder *builder, const struct registers *registers, uint32_t *rva, uint32_t *size)
{
	const struct nt_context *layout = &builder->arch->context;
	uint8_t *context = arena_alloc(builder->arena, layout->control.size);
	uint32_t flags = layout->cpu | 3;

	*rva = *size = 0;
	if (!registers)
		return;
	for (unsigned b = 0; b < 4; b++)
		context[layout->flags + b] = (uint8_t)(flags >> 8 * b);
	put_context(&layout->control, registers, context);
	put_context(&layout->integer, registers, context);
	*rva = here(builder);
	*size = (uint32_t)layout->control.size;
	put_bytes(builder, &builder->file, context, layout->control.size);
}

/* A MINIDUMP_STRING of ASCII, or of UTF-8 with two bytes for each character. */
static uint32_t add_string(struct minidump_builder *builder, const char *text)
{
	uint32_t rva = here(builder);
	size_t start = builder->file.count;
	uint32_t size;

	put(builder, &builder->file, 0, 4);
	for (const uint8_t *at = (const uint8_t *)text; *at; at++) {
		if (*at < 0x80)
			put(builder, &builder->file, *at, 2);
		else if (at++, *at)
			put(builder, &builder->file, (at[-1] & 0x1fu) << 6 | (*at & 0x3fu), 2);
	}
	size = (uint32_t)(builder->file.count - start - 4);
	for (unsigned b = 0; b < 4; b++)
		builder->file.items[start + b] = (uint8_t)(size >> 8 * b);
	put(builder, &builder->file, 0, 2);
	return rva;
}

static void add_thread(struct minidump_builder *builder, uint32_t id, uint64_t teb, const struct registers *registers,
		       const struct minidump_range *stack, uint32_t stack_rva)
{
	struct minidump_bytes *list = &builder->lists[3];
	uint32_t rva, size;

	add_context(builder, registers, &rva, &size);
	put(builder, list, id, 16); /* suspend count, priorities */
	put(builder, list, teb, 8);
	put(builder, list, stack->address, 8);
	put(builder, list, stack->size, 4);
	put(builder, list, stack_rva, 4);
	put(builder, list, size, 4);
	put(builder, list, rva, 4);
}

void minidump_add_thread(struct minidump_builder *builder, uint32_t id, uint64_t teb, const struct registers *registers)
{
	add_thread(builder, id, teb, registers, &(struct minidump_range){0}, 0);
}

void minidump_add_thread_stack(struct minidump_builder *builder, uint32_t id, uint64_t address, uint32_t size, uint8_t fill)
{
	uint32_t rva = here(builder);

	for (uint32_t i = 0; i < size; i++)
		put(builder, &builder->file, fill, 1);
	add_thread(builder, id, 0, NULL, &(struct minidump_range){address, size, NULL}, rva);
}

void minidump_add_thread_name(struct minidump_builder *builder, uint32_t id, const char *name)
{
	put(builder, &builder->lists[24], id, 4);
	put(builder, &builder->lists[24], add_string(builder, name), 8);
}

void minidump_add_thread_info(struct minidump_builder *builder, uint32_t id, uint32_t flags, uint64_t start)
{
	struct minidump_bytes *list = &builder->lists[17];

	put(builder, list, id, 4);
	put(builder, list, flags, 44); /* error, status, times */
	put(builder, list, start, 16); /* affinity */
}

static uint32_t add_codeview(struct minidump_builder *builder, uint32_t age)
{
	uint32_t rva = here(builder);

	put_bytes(builder, &builder->file, "RSDS", 4);
	for (uint8_t i = 0; i < 16; i++)
		put(builder, &builder->file, i, 1);
	put(builder, &builder->file, age, 4);
	put_bytes(builder, &builder->file, "a.pdb", 6);
	return rva;
}

void minidump_add_module(struct minidump_builder *builder, uint64_t base, uint32_t size, const char *path,
			 uint32_t timestamp, uint32_t age)
{
	struct minidump_bytes *list = &builder->lists[4];

	put(builder, list, base, 8);
	put(builder, list, size, 4);
	put(builder, list, 0, 4); /* checksum */
	put(builder, list, timestamp, 4);
	put(builder, list, add_string(builder, path), 4);
	put(builder, list, 0, 52); /* VS_FIXEDFILEINFO */
	put(builder, list, age ? 30 : 0, 4);
	put(builder, list, age ? add_codeview(builder, age) : 0, 4);
	put(builder, list, 0, 24); /* misc record, reserved */
}

void minidump_add_unloaded(struct minidump_builder *builder, uint64_t base, uint32_t size, const char *path)
{
	struct minidump_bytes *list = &builder->lists[14];

	put(builder, list, base, 8);
	put(builder, list, size, 12); /* checksum, timestamp */
	put(builder, list, add_string(builder, path), 4);
}

void minidump_add_region(struct minidump_builder *builder, uint64_t base, uint64_t size, uint32_t state,
			 uint32_t protection)
{
	struct minidump_bytes *list = &builder->lists[16];

	put(builder, list, base, 8);
	put(builder, list, base, 16); /* allocation protection */
	put(builder, list, size, 8);
	put(builder, list, state, 4);
	put(builder, list, protection, 4);
	put(builder, list, 0, 8); /* type */
}

void minidump_add_exception(struct minidump_builder *builder, uint32_t thread, uint32_t code, const uint64_t *information,
			    uint32_t count, const struct registers *registers)
{
	struct minidump_bytes stream = {0};
	uint64_t pc = 0;
	uint32_t rva, size;

	if (registers)
		reg_get(registers, builder->arch->pc, &pc);
	add_context(builder, registers, &rva, &size);
	put(builder, &stream, thread, 8);
	put(builder, &stream, code, 16); /* flags, nested record */
	put(builder, &stream, pc, 8);
	put(builder, &stream, count, 8);
	for (uint32_t i = 0; i < 15; i++)
		put(builder, &stream, i < count ? information[i] : 0, 8);
	put(builder, &stream, size, 4);
	put(builder, &stream, rva, 4);
	minidump_add_stream(builder, 6, stream.items, stream.count);
}

void minidump_add_pid(struct minidump_builder *builder, uint32_t pid)
{
	struct minidump_bytes stream = {0};

	put(builder, &stream, 24, 4);
	put(builder, &stream, 1, 4);
	put(builder, &stream, pid, 16);
	minidump_add_stream(builder, 15, stream.items, stream.count);
}

void minidump_add_comment(struct minidump_builder *builder, const char *text)
{
	minidump_add_stream(builder, 10, text, strlen(text) + 1);
}

static void enter(struct minidump_builder *builder, struct minidump_bytes *directory, uint32_t type, size_t size,
		  uint32_t rva)
{
	put(builder, directory, type, 4);
	put(builder, directory, size, 4);
	put(builder, directory, rva, 4);
	if (type < MINIDUMP_TYPES)
		builder->place[type] = rva;
}

/* Raw streams are kept as lists too, whose bytes are the whole. */
void minidump_add_stream(struct minidump_builder *builder, uint32_t type, const void *data, size_t size)
{
	put_bytes(builder, &builder->lists[type], data, size);
}

static void finish_list(struct minidump_builder *builder, struct minidump_bytes *directory, uint32_t type)
{
	const struct minidump_bytes *list = &builder->lists[type];
	struct minidump_bytes stream = {0};

	for (size_t i = 0; i < sizeof list_kinds / sizeof *list_kinds; i++) {
		size_t count = list->count / list_kinds[i].size;

		if (list_kinds[i].type != type)
			continue;
		if (list_kinds[i].header) {
			put(builder, &stream, list_kinds[i].wide ? 16 : 12, 4);
			put(builder, &stream, list_kinds[i].size, 4);
		}
		put(builder, &stream, count, list_kinds[i].wide || builder->aligned ? 8 : 4);
	}
	put_bytes(builder, &stream, list->items, list->count);
	enter(builder, directory, type, stream.count, here(builder));
	put_bytes(builder, &builder->file, stream.items, stream.count);
}

static void finish_system(struct minidump_builder *builder, struct minidump_bytes *directory)
{
	enter(builder, directory, 7, 56, here(builder));
	put(builder, &builder->file, builder->processor, 6);
	put(builder, &builder->file, 1, 14); /* processors, product, version */
	put(builder, &builder->file, builder->platform, 36);
}

/* The list of ranges, and their bytes behind it. */
static void finish_memory(struct minidump_builder *builder, struct minidump_bytes *directory)
{
	uint32_t head = builder->memory64 ? 16 : 4;
	uint64_t size = head + 16 * builder->ranges.count;
	uint64_t rva = here(builder) + size;

	enter(builder, directory, builder->memory64 ? 9 : 5, size, here(builder));
	put(builder, &builder->file, builder->ranges.count, head == 16 ? 8 : 4);
	if (builder->memory64)
		put(builder, &builder->file, rva, 8);
	for (size_t i = 0; i < builder->ranges.count; i++) {
		put(builder, &builder->file, builder->ranges.items[i].address, 8);
		put(builder, &builder->file, builder->ranges.items[i].size, builder->memory64 ? 8 : 4);
		if (!builder->memory64)
			put(builder, &builder->file, rva, 4);
		rva += builder->ranges.items[i].size;
	}
	for (size_t i = 0; i < builder->ranges.count; i++)
		put_bytes(builder, &builder->file, builder->ranges.items[i].bytes, builder->ranges.items[i].size);
}

struct span minidump_finish(struct minidump_builder *builder)
{
	struct minidump_bytes file = {0}, directory = {0};

	finish_system(builder, &directory);
	put(builder, &directory, 0, 12); /* an unused entry, as Wine leaves some */
	for (uint32_t type = 1; type < MINIDUMP_TYPES; type++)
		if (builder->lists[type].count)
			finish_list(builder, &directory, type);
	if (builder->ranges.count)
		finish_memory(builder, &directory);
	put_bytes(builder, &file, "MDMP\x93\xa7\0", 8);
	put(builder, &file, builder->entry_count ? builder->entry_count : directory.count / 12, 4);
	put(builder, &file, HEADER, 12); /* checksum, timestamp */
	put(builder, &file, builder->flags, 8);
	put_bytes(builder, &file, directory.items, directory.count);
	put(builder, &file, 0, DIRECTORY - directory.count);
	put_bytes(builder, &file, builder->file.items, builder->file.count);
	return (struct span){file.items, file.count};
}
