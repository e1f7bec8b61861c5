/* pc_texts.c: a hash table, open addressing. */
#include "report/pc_texts.h"

enum { FIRST_TABLE = 1024, KEPT_LIMIT = 1 << 16 };

struct pc_texts {
	struct pc_text **slots;
	size_t size, used; /* size is a power of two */
};

struct pc_text *pc_text_new(struct writer *writer, size_t count)
{
	struct pc_text *text = arena_alloc(writer->arena, sizeof *text + count * sizeof *text->pieces);

	text->count = count;
	return text;
}

struct piece piece_of(const char *text)
{
	return (struct piece){text, strlen(text)};
}

static struct pc_text **slot_of(const struct pc_texts *table, enum pc_text_kind kind, uint64_t pc)
{
	size_t at = (size_t)digest_add(kind, pc) & (table->size - 1);

	while (table->slots[at] && (table->slots[at]->pc != pc || table->slots[at]->kind != kind))
		at = (at + 1) & (table->size - 1);
	return &table->slots[at];
}

static void grow(struct pc_texts *table, struct arena *arena)
{
	const struct pc_texts old = *table;

	table->size = old.size ? old.size * 2 : FIRST_TABLE;
	table->slots = arena_array(arena, table->size, sizeof *table->slots);
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i])
			*slot_of(table, old.slots[i]->kind, old.slots[i]->pc) = old.slots[i];
}

/* What is kept outlives the arena that one item of the report is made on. */
static const struct pc_text *keep(struct writer *writer, enum pc_text_kind kind, uint64_t pc,
				  struct pc_text *(*make)(struct writer *writer, const void *context),
				  const void *context)
{
	struct pc_texts *table = writer->pc_texts;
	struct arena *arena = writer->arena;
	struct pc_text *text;

	writer->arena = writer->diagnosis->arena;
	if (table->used * 2 >= table->size)
		grow(table, writer->arena);
	text = make(writer, context);
	text->pc = pc;
	text->kind = kind;
	*slot_of(table, kind, pc) = text;
	table->used++;
	writer->arena = arena;
	return text;
}

const struct pc_text *pc_text_of(struct writer *writer, enum pc_text_kind kind, uint64_t pc,
				 struct pc_text *(*make)(struct writer *writer, const void *context),
				 const void *context)
{
	const struct pc_text *text;

	if (!writer->pc_texts)
		writer->pc_texts = arena_alloc(writer->diagnosis->arena, sizeof *writer->pc_texts);
	text = writer->pc_texts->size ? *slot_of(writer->pc_texts, kind, pc) : NULL;
	if (text)
		return text;
	return writer->pc_texts->used < KEPT_LIMIT ? keep(writer, kind, pc, make, context) : make(writer, context);
}
