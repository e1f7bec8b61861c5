/* crash_keys.c: what tells the crashes of logs from each other. A program that is started again and again may die with the same text each time:
 * then it is the time that tells, or, where lines have none, how many such crashes came before it in the log. */
#include "formats/log/crashes.h"

#include "base/vec.h"
#include "base/word_map.h"
#include "formats/log/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hashing {
	const struct log_block *block;
	const char *time;
	size_t passed; /* the time first, then runs of lines */
};

static bool next_part(void *context, struct span *ret)
{
	struct hashing *hashing = context;
	const size_t at = hashing->passed++;

	if (at > hashing->block->run_count)
		return false;
	if (at)
		*ret = (struct span){(const uint8_t *)hashing->block->runs[at - 1].text, hashing->block->runs[at - 1].size};
	else
		*ret = (struct span){(const uint8_t *)hashing->time, strlen(hashing->time)};
	return true;
}

static struct log_crash_key key_of(const struct log_block *block)
{
	const struct log_at first = log_block_start(block);
	struct log_crash_key key = {
		.seen = log_stamp_of(block->head, (struct span){(const uint8_t *)first.line.text, first.line.length}),
	};
	char time[48] = "";
	struct hashing hashing = {.block = block, .time = time};

	if (key.seen.known)
		snprintf(time, sizeof time, "%" PRId64 ".%09u", key.seen.seconds, (unsigned)key.seen.nanoseconds);
	digest_lines(next_part, &hashing, key.digest);
	return key;
}

/* How many equal ones there were so far. */
struct equals {
	struct arena *arena;
	struct word_map map; /* index in counts */
	VEC(size_t) counts;
};

static size_t count_equal(struct equals *equals, const char *digest)
{
	enum { DIGITS = 16 };
	char begin[DIGITS + 1];
	uint64_t key;
	int64_t at;

	snprintf(begin, sizeof begin, "%.*s", DIGITS, digest);
	key = strtoull(begin, NULL, 16);
	at = word_map_find(&equals->map, key);
	if (at < 0) {
		at = (int64_t)equals->counts.count;
		word_map_add(&equals->map, equals->arena, key, (uint32_t)at);
		vec_push_moving(equals->arena, &equals->counts, 0);
	}
	return ++equals->counts.items[at];
}

static void number(struct log_crash_key *key, size_t count)
{
	char text[DIGEST_TEXT + 24];
	const int size = snprintf(text, sizeof text, "%s %zu", key->digest, count);

	digest_text((struct span){(const uint8_t *)text, (size_t)size}, key->digest);
}

void log_crash_keys(struct arena *arena, const struct image *image, size_t count, struct log_crash_key *ret)
{
	struct equals equals = {.arena = arena};

	for (size_t i = log_crash_count(image); i-- > 0;) {
		struct log_crash_key key = key_of(log_crash_block(image, i));
		const size_t equal = count_equal(&equals, key.digest);

		if (i >= count)
			continue;
		if (equal > 1)
			number(&key, equal);
		ret[i] = key;
	}
}
