/* go_tables.c: the tables of go_builder.h, as cmd/link/internal/ld/pcln.go writes them. */
#include "tests/build/go_builder.h"

enum { HEADER = 72 };

struct bytes {
	struct arena *arena;
	VEC(uint8_t) v;
};

static void add_number(struct bytes *bytes, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		vec_push(bytes->arena, &bytes->v, (uint8_t)(value >> 8 * i));
}

static uint32_t add_string(struct bytes *bytes, const char *text)
{
	uint32_t at = (uint32_t)bytes->v.count;

	for (const char *c = text; *c; c++)
		add_number(bytes, (uint8_t)*c, 1);
	add_number(bytes, 0, 1);
	return at;
}

static void add_uvarint(struct bytes *bytes, uint32_t value)
{
	for (; value >= 0x80; value >>= 7)
		add_number(bytes, (value & 0x7f) | 0x80, 1);
	add_number(bytes, value, 1);
}

/* The pcvalue encoding: zigzag difference of values, then difference of pcs in quanta. A difference of 0 would end it. */
static uint32_t add_pcvalue(struct bytes *bytes, const struct go_stretch stretches[GO_STRETCHES], size_t size,
			    uint32_t quantum)
{
	uint32_t at = (uint32_t)bytes->v.count;
	uint32_t last = (uint32_t)-1;
	size_t next;

	for (size_t i = 0; i < GO_STRETCHES && (i == 0 || stretches[i].from); i = next) {
		uint32_t delta = (uint32_t)stretches[i].value - last;

		next = i + 1;
		while (next < GO_STRETCHES && stretches[next].from && stretches[next].value == stretches[i].value)
			next++;
		add_uvarint(bytes, delta << 1 ^ (delta >> 31 ? UINT32_MAX : 0));
		add_uvarint(bytes,
			    ((next < GO_STRETCHES && stretches[next].from ? stretches[next].from : (uint32_t)size) -
			     stretches[i].from) /
				    quantum);
		last = (uint32_t)stretches[i].value;
	}
	add_number(bytes, 0, 1);
	return at;
}

struct tables {
	struct bytes names, cu, files, pcs, functab, records;
};

/* One _func; returns its offset in the records. */
static uint32_t add_func(struct go_builder *builder, struct tables *tables, const struct go_function *function,
			 uint32_t *inline_offset)
{
	struct bytes *record = &tables->records;
	uint32_t at = (uint32_t)record->v.count;
	uint32_t quantum = builder->arch->quantum;
	uint32_t npcdata = function->inline_count ? 3 : function->unsafe_points[0].value ? 1 : 0;

	add_number(record, function->entry - GO_TEXT, 4);
	add_number(record, add_string(&tables->names, function->name), 4);
	add_number(record, 0, 8); /* args, deferreturn */
	add_number(record, add_pcvalue(&tables->pcs, function->pcsp, function->size, quantum), 4);
	add_number(record, add_pcvalue(&tables->pcs, function->file, function->size, quantum), 4);
	add_number(record, add_pcvalue(&tables->pcs, function->line, function->size, quantum), 4);
	add_number(record, npcdata, 4);
	add_number(record, 0, 4); /* cuOffset */
	if (builder->minor >= 20)
		add_number(record, 7, 4); /* startLine */
	add_number(record, function->func_id, 1);
	add_number(record, function->flags, 1);
	add_number(record, 0, 1);
	add_number(record, function->inline_count ? FUNCDATA_INL_TREE + 1 : 0, 1);
	if (npcdata)
		add_number(record,
			   function->unsafe_points[0].value
				   ? add_pcvalue(&tables->pcs, function->unsafe_points, function->size, quantum)
				   : 0,
			   4);
	if (function->inline_count) {
		add_number(record, 0, 4);
		add_number(record, add_pcvalue(&tables->pcs, function->inlined, function->size, quantum), 4);
		for (int i = 0; i < FUNCDATA_INL_TREE; i++)
			add_number(record, UINT32_MAX, 4);
		add_number(record, *inline_offset, 4);
		*inline_offset += (uint32_t)function->inline_count * (builder->minor >= 20 ? 16 : 20);
	}
	return at;
}

static void append(struct bytes *to, const struct bytes *from)
{
	for (size_t i = 0; i < from->v.count; i++)
		vec_push(to->arena, &to->v, from->v.items[i]);
	while (to->v.count % 8)
		add_number(to, 0, 1);
}

static size_t rounded(const struct bytes *bytes)
{
	return (bytes->v.count + 7) & ~(size_t)7;
}

/* Names of inlined functions follow those of functions, in order. */
static void add_inline_names(struct go_builder *builder, struct tables *tables)
{
	for (size_t i = 0; i < builder->functions.count; i++)
		for (size_t j = 0; j < builder->functions.items[i].inline_count; j++)
			add_string(&tables->names, builder->functions.items[i].inlines[j].name);
}

static void fill_tables(struct go_builder *builder, struct tables *tables)
{
	size_t count = builder->functions.count;
	uint32_t records = (uint32_t)((count * 8 + 4 + 7) & ~(size_t)7);
	uint32_t inline_offset = 0;

	add_number(&tables->pcs, 0, 1); /* offset 0 is no table */
	for (size_t i = 0; i < builder->file_count; i++)
		add_number(&tables->cu, add_string(&tables->files, builder->files[i]), 4);
	for (size_t i = 0; i < count; i++) {
		add_number(&tables->functab, builder->functions.items[i].entry - GO_TEXT, 4);
		add_number(&tables->functab,
			   records + add_func(builder, tables, &builder->functions.items[i], &inline_offset), 4);
	}
	add_number(&tables->functab, builder->text.count, 4);
	add_inline_names(builder, tables);
}

struct span go_pclntab(struct go_builder *builder)
{
	struct tables tables = {.names.arena = builder->arena,
				.cu.arena = builder->arena,
				.files.arena = builder->arena,
				.pcs.arena = builder->arena,
				.functab.arena = builder->arena,
				.records.arena = builder->arena};
	const struct bytes *parts[] = {&tables.names, &tables.cu,      &tables.files,
				       &tables.pcs,   &tables.functab, &tables.records};
	struct bytes all = {.arena = builder->arena};
	uint64_t offset = HEADER;

	fill_tables(builder, &tables);
	add_number(&all, builder->minor >= 20 ? 0xfffffff1 : 0xfffffff0, 4);
	add_number(&all, 0, 2);
	add_number(&all, builder->arch->quantum, 1);
	add_number(&all, 8, 1);
	add_number(&all, builder->functions.count, 8);
	add_number(&all, builder->file_count, 8);
	add_number(&all, builder->minor >= 26 ? 0 : GO_TEXT, 8);
	for (size_t i = 0; i < 5; i++) {
		add_number(&all, offset, 8);
		offset += rounded(parts[i]);
	}
	for (size_t i = 0; i < 6; i++)
		append(&all, parts[i]);
	return (struct span){all.v.items, all.v.count};
}

struct span go_funcdata(struct go_builder *builder)
{
	struct bytes all = {.arena = builder->arena};
	uint32_t name = 0;

	for (size_t i = 0; i < builder->functions.count; i++)
		name += (uint32_t)strlen(builder->functions.items[i].name) + 1;
	for (size_t i = 0; i < builder->functions.count; i++) {
		const struct go_function *function = &builder->functions.items[i];

		for (size_t j = 0; j < function->inline_count; j++) {
			if (builder->minor < 20)
				add_number(&all, 0xffff, 2); /* parent: not read */
			add_number(&all, function->inlines[j].func_id, builder->minor >= 20 ? 4 : 2);
			if (builder->minor < 20)
				add_number(&all, 0, 8); /* file, line */
			add_number(&all, name, 4);
			add_number(&all, function->inlines[j].parent_pc, 4);
			if (builder->minor >= 20)
				add_number(&all, 7, 4);
			name += (uint32_t)strlen(function->inlines[j].name) + 1;
		}
	}
	return (struct span){all.v.items, all.v.count};
}
