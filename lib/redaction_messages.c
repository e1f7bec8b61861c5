/* redaction_messages.c: see redactor.h. Strings in values of panics are the program's. Those in memory that it could write leave if they may;
 * constants are part of the program, and leave with it, but not where its names do not. */
#include "lib/redactor.h"

#include "base/broker.h"
#include "formats/dump/kept.h"
#include "lib/runtime_panics.h"

#include <string.h>

enum { WORD = 8 };

static bool is_constant(const struct redactor *redactor, uint64_t address)
{
	const struct segment *segment = image_segment(redactor->image, address);

	for (size_t i = 0; i < redactor->redaction->constants.count; i++)
		if (address >= redactor->redaction->constants.items[i].start && address < redactor->redaction->constants.items[i].end)
			return true;
	return segment && !(segment->flags & SEGMENT_WRITE);
}

/* As much of it as can be shown before it leaves. */
static const char *shown(const struct redactor *redactor, const struct kept_text *message)
{
	const uint64_t most = BROKER_TEXT - 1, size = message->size < most ? message->size : most;
	const struct span text = image_peek(redactor->image, message->address, size);

	return text.size == size ? arena_strndup(redactor->image->arena, (const char *)text.data, size) : NULL;
}

/* In whole words, which others begin or end in. */
static void erase_constant(struct redactor *redactor, const struct kept_text *message)
{
	const uint64_t start = message->address & ~(uint64_t)(WORD - 1);

	redactor_erase(redactor, start, ((message->address + message->size + WORD - 1) & ~(uint64_t)(WORD - 1)) - start);
}

/* What of a text lies in a word that may stay for what comes before it, as a length does. */
static void erase_beginning(struct redactor *redactor, const struct kept_text *message)
{
	const uint64_t in_word = message->address % WORD ? WORD - message->address % WORD : 0;

	redactor_erase(redactor, message->address, in_word < message->size ? in_word : message->size);
}

static void add(struct redactor *redactor, const struct kept_text *message)
{
	const bool constant = is_constant(redactor, message->address);
	const char *text;

	if (constant && !redactor->redaction->pseudonyms)
		return;
	text = shown(redactor, message);
	if (text && runtime_panic_is((struct span){(const uint8_t *)text, strlen(text)}))
		return;
	if (text && redactor_may_keep(redactor, text))
		redactor_text(redactor, message->address, strlen(text));
	else if (constant)
		erase_constant(redactor, message);
	else
		erase_beginning(redactor, message);
}

void redactor_add_messages(struct redactor *redactor)
{
	const struct kept *kept = redactor->image->kept;

	for (size_t i = 0; i < kept->cited.count; i++)
		if (kept->cited.items[i].kind == CITED_MESSAGE)
			add(redactor, &kept->cited.items[i]);
}
