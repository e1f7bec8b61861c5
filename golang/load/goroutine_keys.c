/* goroutine_keys.c: a radix sort, by the bits alone in which keys differ: ids of a million goroutines in two passes, their
 * addresses in three. */
#include "golang/load/load.h"

#include <string.h>

enum { DIGIT = 11, DIGITS = 1 << DIGIT, KEY_BITS = 64 };

/* Ids nearly always do, since the runtime hands them out and lists goroutines in the same order. */
static bool ascends(const struct goroutine_key *keys, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (keys[i - 1].key > keys[i].key)
			return false;
	return true;
}

static uint64_t differences(const struct goroutine_key *keys, size_t count)
{
	uint64_t bits = 0;

	for (size_t i = 1; i < count; i++)
		bits |= keys[i].key ^ keys[0].key;
	return bits;
}

/* Equal digits stay in order. */
static void distribute(const struct goroutine_key *from, struct goroutine_key *to, size_t count, int shift)
{
	size_t next[DIGITS] = {0}, sum = 0;

	for (size_t i = 0; i < count; i++)
		next[from[i].key >> shift & (DIGITS - 1)]++;
	for (size_t digit = 0; digit < DIGITS; digit++) {
		const size_t of_digit = next[digit];

		next[digit] = sum;
		sum += of_digit;
	}
	for (size_t i = 0; i < count; i++)
		to[next[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
}

void goroutine_keys_sort(struct arena *arena, struct goroutine_key *keys, size_t count)
{
	struct goroutine_key *from = keys, *to, *room;
	uint64_t bits;

	if (ascends(keys, count))
		return;
	to = room = arena_array(arena, count, sizeof *room);
	bits = differences(keys, count);
	for (int shift = 0; shift < KEY_BITS && bits >> shift; shift += DIGIT) {
		struct goroutine_key *sorted = to;

		shift += __builtin_ctzll(bits >> shift);
		distribute(from, to, count, shift);
		to = from;
		from = sorted;
	}
	if (from != keys)
		memcpy(keys, from, count * sizeof *keys);
	arena_release(arena, room, count * sizeof *room);
}
