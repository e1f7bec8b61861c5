/* sender.c: see sender.h. */
#include "formats/log/sender.h"

#include <string.h>

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* The end of digits that are joined by what joins those of times: 2026-11-28T12:00:00.000Z. */
static size_t number_end(struct span text, size_t at, size_t *runs, size_t *dots)
{
	for (*runs = *dots = 0;; at++) {
		while (at < text.size && is_digit(text.data[at]))
			at++;
		++*runs;
		if (at + 1 >= text.size || !text.data[at] || !strchr(":.,/T+-", text.data[at]) || !is_digit(text.data[at + 1]))
			return at;
		*dots += text.data[at] == '.';
	}
}

enum { EPOCH_DIGITS = 10, QUAD = 4 };

/* A time, or a number that counts lines or seconds; not a process id, a replica's number or an address. */
static bool is_time(size_t digits, size_t runs, size_t dots)
{
	return runs > 1 ? !(runs == QUAD && dots == QUAD - 1) : digits >= EPOCH_DIGITS;
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
		size_t end = at, runs, dots;

		if (!is_digit(text.data[at])) {
			if (text.data[at] != ' ' || !at || text.data[at - 1] != ' ')
				hash = hash_add(hash, text.data[at]);
			at++;
			continue;
		}
		end = number_end(text, at, &runs, &dots);
		if (care == SENDER_BY_NUMBERS && !is_time(end - at, runs, dots))
			hash = sender_add(hash, (struct span){text.data + at, end - at});
		hash = hash_add(hash, '0');
		at = end;
	}
	return hash;
}
