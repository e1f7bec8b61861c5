/* pc_texts.c: a hash table, open addressing. */
#include "report/json/pc_texts.h"

#include "base/hash.h"

enum { FIRST_TABLE = 1024, KEPT_LIMIT = 1 << 16, KEPT_BYTES = 1 << 25 };
enum { MAKING_BYTES = 1 << 18, MAKING_BUDGET = 1 << 30 };

struct pc_texts {
	struct pc_text **slots;
	size_t size, used;    /* size is a power of two */
	size_t bytes;         /* of the texts that are kept */
	struct arena *making; /* where texts are made; thrown away when so much is used */
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
	size_t at = hash_slot(digest_add(kind, pc), table->size);

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

struct request {
	struct writer *writer;
	struct pc_text *(*make)(struct writer *writer, const void *context);
	const void *context;
	struct pc_text *text;
};

static void run(void *object)
{
	struct request *request = object;

	request->text = request->make(request->writer, request->context);
}

static void release(void *object)
{
	struct pc_texts *table = object;

	arena_free(table->making);
	table->making = NULL;
}

/* Names may be long, and there may be many pcs: what is allocated on the way to a text is soon gone. */
static struct pc_text *make_apart(struct request *request)
{
	struct writer *writer = request->writer;
	struct pc_texts *table = writer->pc_texts;
	struct arena *arena = writer->arena;

	if (table->making && arena_used(table->making) > MAKING_BYTES)
		release(table);
	if (!table->making)
		table->making = arena_new(MAKING_BUDGET);
	writer->arena = table->making;
	if (!table->making || !arena_run(table->making, run, request))
		arena_alloc(writer->diagnosis->arena, SIZE_MAX); /* does not return */
	writer->arena = arena;
	return request->text;
}

static size_t size_of(const struct pc_text *text)
{
	size_t size = sizeof *text + text->count * sizeof *text->pieces;

	for (size_t i = 0; i < text->count; i++)
		size += text->pieces[i].size;
	return size;
}

/* In one block: the pieces' bytes follow the last of them. */
static struct pc_text *copy_of(const struct pc_text *text, size_t size, struct arena *arena)
{
	struct pc_text *copy = arena_alloc(arena, size);
	char *at = (char *)&copy->pieces[text->count];

	*copy = *text;
	for (size_t i = 0; i < text->count; i++) {
		const struct piece piece = text->pieces[i];

		memcpy(at, piece.text, piece.size);
		copy->pieces[i] = (struct piece){at, piece.size};
		at += piece.size;
	}
	return copy;
}

static const struct pc_text *keep(struct pc_texts *table, const struct pc_text *text, struct arena *arena)
{
	const size_t size = size_of(text);
	struct pc_text *copy;

	if (table->used == KEPT_LIMIT || size > KEPT_BYTES - table->bytes)
		return text;
	if (table->used * 2 >= table->size)
		grow(table, arena);
	copy = copy_of(text, size, arena);
	*slot_of(table, text->kind, text->pc) = copy;
	table->used++;
	table->bytes += size;
	return copy;
}

static struct pc_texts *table_of(struct writer *writer)
{
	struct arena *arena = writer->diagnosis->arena;

	if (!writer->pc_texts) {
		writer->pc_texts = arena_alloc(arena, sizeof *writer->pc_texts);
		arena_defer(arena, release, writer->pc_texts);
	}
	return writer->pc_texts;
}

const struct pc_text *pc_text_of(struct writer *writer, enum pc_text_kind kind, uint64_t pc,
				 struct pc_text *(*make)(struct writer *writer, const void *context),
				 const void *context)
{
	struct pc_texts *table = table_of(writer);
	struct pc_text *text = table->size ? *slot_of(table, kind, pc) : NULL;

	if (text)
		return text;
	text = make_apart(&(struct request){.writer = writer, .make = make, .context = context});
	text->pc = pc;
	text->kind = kind;
	return keep(table, text, writer->diagnosis->arena);
}
