/* texts.c: a table with open addressing, hashed by FNV-1a and the key of this run (base/hash.h). */
#include "fleet/texts.h"

#include "base/hash.h"

#include <string.h>

static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ hash_key;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

static struct text_slot *place_of(const struct texts *texts, const char *text)
{
	size_t at = hash_slot(hash_of(text), texts->size);

	while (texts->slots[at].text && strcmp(texts->slots[at].text, text) != 0)
		at = (at + 1) & (texts->size - 1);
	return &texts->slots[at];
}

static void grow(struct texts *texts)
{
	enum { FIRST = 256 };
	const struct texts old = *texts;

	texts->size = old.size ? 2 * old.size : FIRST;
	texts->slots = arena_array(texts->arena, texts->size, sizeof *texts->slots);
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].text)
			*place_of(texts, old.slots[i].text) = old.slots[i];
}

struct text_slot *texts_slot(struct texts *texts, const char *text)
{
	struct text_slot *slot;

	if (2 * (texts->count + 1) > texts->size)
		grow(texts);
	slot = place_of(texts, text);
	if (!slot->text) {
		slot->text = arena_strdup(texts->arena, text);
		texts->count++;
	}
	return slot;
}

struct text_slot *texts_find(const struct texts *texts, const char *text)
{
	struct text_slot *slot = texts->size ? place_of(texts, text) : NULL;

	return slot && slot->text ? slot : NULL;
}

const char *texts_keep(struct texts *texts, const char *text)
{
	return text ? texts_slot(texts, text)->text : NULL;
}
