/* intern.c: a hash table, open addressing. */
#include "formats/log/intern.h"

#include "base/hash.h"

#include <string.h>

enum { FIRST_TABLE = 256, WORD = 8 };

static uint64_t digest(const char *text, size_t length)
{
	uint64_t sum = length + hash_key;

	for (size_t at = 0; at < length; at += WORD) {
		uint64_t word = 0;

		memcpy(&word, text + at, length - at < WORD ? length - at : WORD);
		sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
		sum ^= sum >> 29;
	}
	return sum;
}

static struct interned_text *slot_of(const struct interned *table, const char *text, size_t length)
{
	size_t at = hash_slot(digest(text, length), table->size);

	while (table->slots[at].text && (table->slots[at].length != length || memcmp(table->slots[at].text, text, length) != 0))
		at = (at + 1) & (table->size - 1);
	return &table->slots[at];
}

static void grow(struct interned *table, struct arena *arena)
{
	const struct interned old = *table;

	table->size = old.size ? old.size * 2 : FIRST_TABLE;
	table->slots = arena_array(arena, table->size, sizeof *table->slots);
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].text)
			*slot_of(table, old.slots[i].text, old.slots[i].length) = old.slots[i];
}

struct interned_text *intern(struct interned *table, struct arena *arena, const char *text, size_t length, uint32_t fresh)
{
	struct interned_text *slot;

	if (table->count * 2 >= table->size)
		grow(table, arena);
	slot = slot_of(table, text, length);
	if (!slot->text) {
		char *copy = arena_alloc(arena, length + 1);

		memcpy(copy, text, length);
		*slot = (struct interned_text){copy, length, fresh};
		table->count++;
	}
	return slot;
}
