/* envelopes.c: see envelopes.h. */
#include "formats/log/envelopes.h"

#include "formats/log/grammar.h"
#include "formats/log/search.h"

#include <stdlib.h>
#include <string.h>

enum {
	LONGEST_PREFIX = 4096,
	LONG_LINE = 512, /* as no line of the runtime's is: it may hold a whole stack, in which a place comes first */
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
			item->guessed &= envelope.guessed;
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

/* "runtime: g 18: " before "unexpected return pc for "; SIZE_MAX: something else stands there. */
static size_t unwalked_mark(struct span line, size_t at)
{
	static const char unwalked[] = "unexpected return pc for ", begin[] = "runtime: ";
	enum { FARTHEST = 40 /* "runtime: g 18446744073709551615: " */ };
	const size_t from = at > FARTHEST ? at - FARTHEST : 0;
	const uint8_t *mark;

	if (line.size - at < sizeof unwalked - 1 || memcmp(line.data + at, unwalked, sizeof unwalked - 1))
		return SIZE_MAX;
	mark = memmem(line.data + from, at - from, begin, sizeof begin - 1);
	return mark ? (size_t)(mark - line.data) : SIZE_MAX;
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
		if (at != SIZE_MAX && unwalked_mark(line, at) != SIZE_MAX && unwalked_mark(line, at) >= from)
			return unwalked_mark(line, at);
		if (at == SIZE_MAX || log_mark_begins(span_from(line, at)))
			return at;
		from = at + 1;
	}
	return SIZE_MAX;
}

/* Not where the runtime broke off in the middle of a line to say that it crashed itself. */
static bool is_separated(struct span prefix)
{
	static const char separators[] = " \t|:]>)\"'-;=#*+\xbf"; /* the last of a byte order mark, which syslog puts before texts */

	return !prefix.size || memchr(separators, prefix.data[prefix.size - 1], sizeof separators - 1);
}

/* Learns from a mark; returns where its text ends. */
static size_t learn_mark(struct envelopes *envelopes, struct span line, size_t from, size_t mark, bool guessed)
{
	size_t end;
	struct envelope envelope = envelope_learn(line, from, mark, &end);

	envelope.guessed = guessed;
	if (!envelope.key.size && !envelope.is_column && all_blank(envelope.prefix))
		envelope.prefix.size = 0;
	if (envelope.key.size || envelope.is_column || (envelope.prefix.size <= LONGEST_PREFIX && is_separated(envelope.prefix)))
		learn(envelopes, envelope);
	return end > mark ? end : mark + 1;
}

static void learn_line(struct envelopes *envelopes, struct span line)
{
	size_t from = 0, mark;

	while (from < line.size && (mark = next_mark(line, from)) != SIZE_MAX)
		from = learn_mark(envelopes, line, from, mark, false);
}

/* The tab before a path shows where the text begins, too. */
static void learn_place(struct envelopes *envelopes, struct span line, size_t at)
{
	const uint8_t *tab = memrchr(line.data, '\t', at);

	learn_mark(envelopes, line, 0, tab ? (size_t)(tab - line.data) : memchr(line.data, '"', at) ? at : 0, true);
}

/* Places stand beside what made the goroutine, which shows better where lines begin. */
static void learn_neighbours(struct envelopes *envelopes, const struct stream_line *lines, size_t count, size_t index, size_t at)
{
	if (index)
		learn_line(envelopes, lines[index - 1].text);
	learn_line(envelopes, lines[index].text);
	if (index + 1 < count)
		learn_line(envelopes, lines[index + 1].text);
	if (!envelopes->count)
		learn_place(envelopes, lines[index].text, at);
}

static const char *const openings[] = {
#define OPENING(text) text,
#include "formats/log/openings.def"
#undef OPENING
#define C_WORDS(beginning, reason) beginning,
#include "formats/log/c_words.def"
};

/* Where an opening stands in a line behind an envelope; 0: nowhere. */
static size_t opening_in(struct span line)
{
	for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
		const uint8_t *at = line.size ? memmem(line.data, line.size, openings[i], strlen(openings[i])) : NULL;

		if (at && is_separated((struct span){line.data, (size_t)(at - line.data)}) &&
		    log_kind_of(span_from(line, (size_t)(at - line.data))) != LOG_OTHER)
			return (size_t)(at - line.data);
	}
	return 0;
}

/* Before lines of the runtime without an envelope may be the first of a crash with one, in which nothing is found that is searched
 * for. */
static void learn_opening(struct envelopes *envelopes, const struct stream_line *lines, size_t index)
{
	enum { FARTHEST = 512 };
	const size_t least = index > FARTHEST ? index - FARTHEST : 0;
	size_t at;

	do
		if (!index-- || index < least || lines[index].below)
			return;
	while (log_kind_of(lines[index].text) != LOG_OTHER);
	at = opening_in(lines[index].text);
	if (at)
		learn_mark(envelopes, lines[index].text, 0, at, false);
}

static int by_use(const void *a, const void *b)
{
	const struct envelope *x = a, *y = b;

	if (!x->key.size != !y->key.size)
		return x->key.size ? -1 : 1;
	if (x->is_column != y->is_column)
		return x->is_column ? -1 : 1;
	if (x->prefix.size != y->prefix.size)
		return x->prefix.size > y->prefix.size ? -1 : 1;
	return x->prefix.data < y->prefix.data ? -1 : 1;
}

/* Whether an envelope begins with what is another one by itself. */
static bool is_longer(const struct envelope *envelope, const struct envelope *other)
{
	struct letter letter;

	return envelope != other && !envelope->key.size && !envelope->is_column && !other->key.size && !other->is_column && other->prefix.size &&
	       !other->guessed && envelope->prefix.size > other->prefix.size && envelope_open(other, envelope->prefix, SENDER_BY_KEY, &letter);
}

/* The outer envelope comes off first: what one line alone has in it begins an event, and the next ones belong to that. */
static void drop_longer(struct envelopes *envelopes)
{
	size_t kept = 0;

	for (size_t i = 0; i < envelopes->count; i++) {
		bool longer = false;

		for (size_t j = 0; j < envelopes->count && !longer; j++)
			longer = is_longer(&envelopes->items[i], &envelopes->items[j]);
		if (!longer)
			envelopes->items[kept++] = envelopes->items[i];
	}
	envelopes->count = kept;
}

struct envelopes envelopes_learn(const struct stream_line *lines, size_t count)
{
	enum { MOST_OPENED = 64 };
	struct envelopes envelopes = {.count = 0};
	size_t opened = 0;

	for (size_t i = 0; i < count; i++) {
		const struct span line = lines[i].text;
		bool sure;
		size_t at;

		if (lines[i].below) {
			learn(&envelopes, (struct envelope){.prefix = {line.data, 0}});
			continue;
		}
		at = log_search(line, 0, line.size, &sure);

		if (at == SIZE_MAX)
			continue;
		if (!at && opened++ < MOST_OPENED)
			learn_opening(&envelopes, lines, i);
		if (line.data[at] != ' ' || line.size > LONG_LINE)
			learn_line(&envelopes, line);
		else if (!envelopes.count)
			learn_neighbours(&envelopes, lines, count, i, at);
	}
	drop_longer(&envelopes);
	qsort(envelopes.items, envelopes.count, sizeof *envelopes.items, by_use);
	return envelopes;
}
