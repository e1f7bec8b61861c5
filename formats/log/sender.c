/* sender.c: see sender.h. */
#include "formats/log/sender.h"

#include "formats/log/quotes.h"

#include <string.h>

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* Digits that are joined by what joins those of times: 2026-11-28T12:00:00.000Z. */
struct number {
	size_t end, first; /* bytes of the first run */
	size_t runs, dots, dashes;
};

static struct number number_at(struct span text, size_t at)
{
	struct number number = {.end = at};

	for (;;) {
		while (number.end < text.size && is_digit(text.data[number.end]))
			number.end++;
		if (!number.runs++)
			number.first = number.end - at;
		if (number.end + 1 >= text.size || !text.data[number.end] || !strchr(":.,/T+-", text.data[number.end]) ||
		    !is_digit(text.data[number.end + 1]))
			return number;
		number.dots += text.data[number.end] == '.';
		number.dashes += text.data[number.end] == '-';
		number.end++;
	}
}

enum { EPOCH_DIGITS = 10, QUAD = 4, YEAR_DIGITS = 4 };

/* A time, or a number that counts lines or seconds; not a process id, a replica's number or an address, as in ip-10-0-0-1. */
static bool is_time(size_t digits, const struct number *number)
{
	const bool joined = number->dots == QUAD - 1 || (number->dashes == QUAD - 1 && number->first < YEAR_DIGITS);

	return number->runs > 1 ? !(number->runs == QUAD && joined) : digits >= EPOCH_DIGITS;
}

static uint64_t hash_add(uint64_t hash, uint8_t byte)
{
	return (hash ^ byte) * 0x100000001b3; /* FNV-1a */
}

uint64_t sender_add(uint64_t hash, struct span text)
{
	for (size_t i = 0; i < text.size; i++)
		hash = hash_add(hash, text.data[i]);
	return hash;
}

uint64_t sender_rest(uint64_t hash, struct span text, enum sender_care care)
{
	size_t at = 0;

	while (at < text.size) {
		struct number number;

		if (!is_digit(text.data[at])) {
			if (text.data[at] != ' ' || !at || text.data[at - 1] != ' ')
				hash = hash_add(hash, text.data[at]);
			at++;
			continue;
		}
		number = number_at(text, at);
		if (care == SENDER_BY_NUMBERS && !is_time(number.end - at, &number))
			hash = sender_add(hash, (struct span){text.data + at, number.end - at});
		hash = hash_add(hash, '0');
		at = number.end;
	}
	return hash;
}

/* ---- words ---- */

/* The next string in quotes, or what stands up to a blank or a quote; an empty one: there is none. */
static struct span next_word(struct span text, size_t *at)
{
	size_t start, end;

	while (*at < text.size && text.data[*at] == ' ')
		++*at;
	start = end = *at;
	if (end < text.size && text.data[end] == '"') {
		end = quote_next(text, end + 1);
		end += end < text.size;
	} else {
		while (end < text.size && text.data[end] != ' ' && text.data[end] != '"')
			end++;
	}
	*at = end;
	return span_slice(text, start, end - start);
}

static size_t place_of(size_t index, bool behind)
{
	enum { HALF = SENDER_PLACES / 2 };

	return (index < HALF ? index : HALF - 1) + (behind ? HALF : 0);
}

static void mark_seen(uint64_t seen[SENDER_SEEN], struct span word, enum sender_care care)
{
	const size_t bit = (size_t)(sender_rest(0, word, care) * 0x9e3779b97f4a7c15ULL >> 56); /* the same in each run */

	seen[bit / 64] |= 1ULL << bit % 64;
}

void sender_look(struct sender_words *words, struct span text, bool behind)
{
	size_t at = 0, index = 0;

	for (struct span word; (word = next_word(text, &at)).size; index++) {
		mark_seen(words->seen[0][place_of(index, behind)], word, SENDER_BY_NUMBERS);
		mark_seen(words->seen[1][place_of(index, behind)], word, SENDER_BY_WORDS);
	}
}

static uint64_t too_many(const uint64_t seen[SENDER_PLACES][SENDER_SEEN], size_t most, size_t lines, size_t lines_of_a_sender)
{
	uint64_t unsteady = 0;

	for (size_t place = 0; place < SENDER_PLACES; place++) {
		size_t count = 0;

		for (size_t i = 0; i < SENDER_SEEN; i++)
			count += (size_t)__builtin_popcountll(seen[place][i]);
		if (count > most || (count > 1 && count * lines_of_a_sender > lines))
			unsteady |= 1ULL << place;
	}
	return unsteady;
}

struct sender_unsteady sender_unsteady(const struct sender_words *words, size_t lines, size_t lines_of_a_sender)
{
	enum { FULL = 200, FEW = 4 }; /* the letters of hexadecimal ids are few, too, in few lines */

	return (struct sender_unsteady){.numbers = too_many(words->seen[0], FULL, lines, lines_of_a_sender),
					.words = too_many(words->seen[1], FEW, lines, lines_of_a_sender)};
}

uint64_t sender_steady(uint64_t hash, struct span text, bool behind, const struct sender_unsteady *unsteady)
{
	size_t at = 0, index = 0;

	for (struct span word; (word = next_word(text, &at)).size; index++) {
		const uint64_t place = 1ULL << place_of(index, behind);

		hash = hash_add(hash, (uint8_t)index);
		if (!(unsteady->words & place))
			hash = sender_rest(hash, word, unsteady->numbers & place ? SENDER_BY_WORDS : SENDER_BY_NUMBERS);
	}
	return hash;
}
