/* intern.c: a hash table, open addressing, and the entries apart from it, so that it costs little where it is empty. */
#include "formats/log/intern.h"

#include "base/hash.h"

#include <string.h>

enum { FIRST_TABLE = 256, WORD = 8, CHUNK = 1024 };

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

static struct interned_text *entry_of(const struct interned *table, size_t number)
{
	return &table->chunks[number / CHUNK][number % CHUNK];
}

static struct interned_slot *slot_of(const struct interned *table, const char *text, size_t length, uint64_t sum)
{
	const uint32_t mark = (uint32_t)(sum >> 32);
	size_t at = hash_slot(mark, table->size);

	for (; table->slots[at].entry; at = (at + 1) & (table->size - 1)) {
		const struct interned_text *entry = table->slots[at].digest == mark ? entry_of(table, table->slots[at].entry - 1) : NULL;

		if (entry && entry->length == length && !memcmp(entry->text, text, length))
			break;
	}
	return &table->slots[at];
}

static void grow(struct interned *table, struct arena *arena)
{
	const struct interned old = *table;

	table->size = old.size ? old.size * 2 : FIRST_TABLE;
	table->slots = arena_array(arena, table->size, sizeof *table->slots);
	for (size_t i = 0; i < old.size; i++) {
		size_t at = hash_slot(old.slots[i].digest, table->size);

		while (old.slots[i].entry && table->slots[at].entry)
			at = (at + 1) & (table->size - 1);
		if (old.slots[i].entry)
			table->slots[at] = old.slots[i];
	}
	arena_release(arena, old.slots, old.size * sizeof *old.slots);
}

/* Room for one more entry. */
static struct interned_text *add(struct interned *table, struct arena *arena)
{
	const size_t chunks = table->count / CHUNK;

	if (table->count % CHUNK == 0) {
		if (!(chunks & (chunks - 1))) { /* the list of chunks is full at each power of two */
			struct interned_text **more = arena_array(arena, chunks ? chunks * 2 : 1, sizeof(struct interned_text *));

			if (chunks)
				memcpy(more, table->chunks, chunks * sizeof(struct interned_text *));
			table->chunks = more;
		}
		table->chunks[chunks] = arena_array(arena, CHUNK, sizeof **table->chunks);
	}
	return entry_of(table, table->count++);
}

struct interned_text *intern(struct interned *table, struct arena *arena, const char *text, size_t length, uint32_t fresh)
{
	const uint64_t sum = digest(text, length);
	struct interned_text *entry;
	struct interned_slot *slot;

	if (table->count * 4 >= table->size * 3)
		grow(table, arena);
	slot = slot_of(table, text, length, sum);
	if (slot->entry)
		return entry_of(table, slot->entry - 1);
	entry = add(table, arena);
	*entry = (struct interned_text){arena_strndup(arena, text, length), (uint32_t)length, fresh};
	*slot = (struct interned_slot){(uint32_t)(sum >> 32), (uint32_t)table->count};
	return entry;
}
