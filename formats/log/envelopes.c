/* envelopes.c: see envelopes.h. */
#include "formats/log/envelopes.h"

#include "formats/log/escapes.h"
#include "formats/log/grammar.h"
#include "formats/log/search.h"

#include <stdlib.h>
#include <string.h>

enum {
	LONGEST_PREFIX = 4096,
	LONG_LINE = 512, /* as no line of the runtime's is: it may hold a whole stack, in which a place comes first */
};

struct learning {
	struct arena *arena;
	struct span text;
	struct envelopes envelopes;
};

/* Metwally's SpaceSaving: when all places are taken, the newcomer gets that of the least used, with its count. */
static void learn(struct envelopes *envelopes, struct envelope envelope)
{
	struct envelope *least = &envelopes->items[0];

	for (size_t i = 0; i < envelopes->count; i++) {
		struct envelope *item = &envelopes->items[i];

		if (envelope_same(item, &envelope)) {
			item->uses++;
			item->ended += envelope.ended;
			return;
		}
		if (item->uses < least->uses)
			least = item;
	}
	envelope.uses = envelopes->count < ENVELOPES ? 1 : least->uses + 1;
	if (envelopes->count < ENVELOPES)
		least = &envelopes->items[envelopes->count++];
	*least = envelope;
}

static bool all_blank(struct span text)
{
	return !log_trim(text).size;
}

/* The line that an offset is in, without its newline. */
static struct span line_at(struct span text, size_t at)
{
	const uint8_t *before = at ? memrchr(text.data, '\n', at) : NULL;
	const size_t start = before ? (size_t)(before - text.data) + 1 : 0;
	const uint8_t *after = at < text.size ? memchr(text.data + at, '\n', text.size - at) : NULL;

	return (struct span){text.data + start, (after ? (size_t)(after - text.data) : text.size) - start};
}

/* The next mark at which a text can begin. */
static size_t next_mark(struct span line, size_t from)
{
	const char created[] = "created by ";

	while (from < line.size) {
		bool sure;
		const size_t at = log_search(line, from, line.size, &sure);
		const uint8_t *maker = memmem(line.data + from, (at < line.size ? at : line.size) - from, created, sizeof created - 1);

		if (maker)
			return (size_t)(maker - line.data);
		if (at == SIZE_MAX || log_mark_begins(span_from(line, at)))
			return at;
		from = at + 1;
	}
	return SIZE_MAX;
}

/* Not where the runtime broke off in the middle of a line to say that it crashed itself. */
static bool is_separated(struct span prefix)
{
	static const char separators[] = " \t|:]>)\"'-;=#*";

	return !prefix.size || memchr(separators, prefix.data[prefix.size - 1], sizeof separators - 1);
}

/* Learns from a mark; returns where its text ends. */
static size_t learn_mark(struct learning *learning, struct span line, size_t from, size_t mark)
{
	size_t end;
	struct envelope envelope = envelope_learn(line, from, mark, &end);

	if (!envelope.depth && all_blank(envelope.prefix))
		envelope.prefix.size = 0;
	if (envelope.depth || (envelope.prefix.size <= LONGEST_PREFIX && is_separated(envelope.prefix)))
		learn(&learning->envelopes, envelope);
	return end > mark ? end : mark + 1;
}

static void learn_line(struct learning *learning, struct span raw)
{
	const struct span line = escapes_tidy(learning->arena, raw);
	size_t from = 0, mark;

	while (from < line.size && (mark = next_mark(line, from)) != SIZE_MAX)
		from = learn_mark(learning, line, from, mark);
}

/* The tab before a path shows where the text begins, too. */
static void learn_place(struct learning *learning, struct span raw)
{
	const struct span line = escapes_tidy(learning->arena, raw);
	bool sure;
	const size_t at = log_search(line, 0, line.size, &sure);
	const uint8_t *tab = at != SIZE_MAX ? memrchr(line.data, '\t', at) : NULL;

	if (at != SIZE_MAX)
		learn_mark(learning, line, 0, tab ? (size_t)(tab - line.data) : memchr(line.data, '"', at) ? at : 0);
}

/* Places stand beside what made the goroutine, which shows better where lines begin. */
static void learn_neighbours(struct learning *learning, struct span line)
{
	const size_t start = (size_t)(line.data - learning->text.data), end = start + line.size;

	if (start)
		learn_line(learning, line_at(learning->text, start - 1));
	learn_line(learning, line);
	if (end + 1 < learning->text.size)
		learn_line(learning, line_at(learning->text, end + 1));
	if (!learning->envelopes.count)
		learn_place(learning, line);
}

static int by_use(const void *a, const void *b)
{
	const struct envelope *x = a, *y = b;

	if (!x->depth != !y->depth)
		return x->depth ? -1 : 1;
	if (x->prefix.size != y->prefix.size)
		return x->prefix.size > y->prefix.size ? -1 : 1;
	return x->prefix.data < y->prefix.data ? -1 : 1;
}

struct envelopes envelopes_learn(struct arena *arena, struct span text)
{
	struct learning learning = {.arena = arena, .text = text};
	size_t at = 0;
	bool sure;

	while ((at = log_search(text, at, text.size, &sure)) != SIZE_MAX) {
		const struct span line = line_at(text, at);
		const bool place = text.data[at] == ' ';

		if (place && !learning.envelopes.count)
			learn_neighbours(&learning, line);
		else if (!place || line.size > LONG_LINE)
			learn_line(&learning, line);
		at = (size_t)(line.data - text.data) + line.size;
	}
	qsort(learning.envelopes.items, learning.envelopes.count, sizeof *learning.envelopes.items, by_use);
	return learning.envelopes;
}
