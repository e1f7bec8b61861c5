/* log_sieve.c: a log that comes as a stream, in pieces of any size, repeated so that it is longer than the neighbourhood of a crash: the
 * same regions as when it comes at once, and of text that is not UTF-16 what is kept is in the log. */
#include "base/mapping.h"
#include "formats/log/sieve.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { MOST = 1 << 20, LONG_LINE = 1 << 16 };

/* The first two bytes: how large pieces are, how often it is repeated. */
static struct span repeated(struct arena *arena, struct span text, unsigned times)
{
	const size_t fit = text.size ? MOST / text.size : 0, count = times < fit ? times : fit;
	uint8_t *bytes = arena_alloc(arena, text.size * count);

	for (size_t i = 0; i < count; i++)
		memcpy(bytes + i * text.size, text.data, text.size);
	return (struct span){bytes, text.size * count};
}

static void *sift(struct arena *arena, struct span log, size_t piece, struct spool *spool)
{
	void *state;

	FUZZ_HOLDS(!spool_open(arena, 4 * (uint64_t)MOST, spool));
	state = log_sieve.open(arena, spool);
	for (size_t at = 0; at < log.size;) {
		/* The first part has what it was asked about. */
		const size_t least = at ? piece : SIEVE_START > piece ? SIEVE_START : piece;
		const size_t size = least < log.size - at ? least : log.size - at;

		FUZZ_HOLDS(!log_sieve.take(state, span_slice(log, at, size)));
		at += size;
	}
	FUZZ_HOLDS(!log_sieve.end(state));
	return state;
}

/* Where a region ends in a line that has not come to its end, it ends with what came. */
static bool has_long_line(struct span log)
{
	for (size_t at = 0; at < log.size;) {
		const uint8_t *end = memchr(log.data + at, '\n', log.size - at);
		const size_t size = end ? (size_t)(end - log.data) - at + 1 : log.size - at;

		if (size > LONG_LINE)
			return true;
		at += size;
	}
	return false;
}

static void check_same(const struct log_regions *once, const struct log_regions *parts)
{
	FUZZ_HOLDS(once->items.count == parts->items.count);
	for (size_t i = 0; i < once->items.count; i++) {
		const struct log_region *a = &once->items.items[i], *b = &parts->items.items[i];

		FUZZ_HOLDS(a->start == b->start && a->end == b->end && a->line == b->line && a->faint == b->faint);
	}
}

static void check_kept(struct arena *arena, struct span log, const struct log_regions *regions, struct spool *spool)
{
	struct span kept;
	size_t end = 0;

	FUZZ_HOLDS(!spool_map(arena, spool, &kept));
	for (size_t i = 0; i < regions->items.count; i++) {
		const struct log_region *region = &regions->items.items[i];
		const size_t size = region->end - region->start;

		FUZZ_HOLDS(region->start >= end && region->start <= region->end && region->end <= kept.size && region->line);
		FUZZ_HOLDS(log_is_wide(log) || !size || memmem(log.data, log.size, kept.data + region->start, size));
		end = region->end;
	}
	mapping_release(&kept);
}

static void run(struct arena *arena, struct span input)
{
	const size_t piece = 1 + (size_t)span_u8(input, 0) * 257;
	const struct span log = repeated(arena, span_from(input, 2), span_u8(input, 1));
	const struct log_regions *once, *parts;
	struct spool spools[2];

	if (!log.size || !log_sieve.accepts(span_slice(log, 0, log.size < SIEVE_START ? log.size : SIEVE_START)))
		return;
	once = log_sieve_regions(sift(arena, log, log.size, &spools[0]));
	parts = log_sieve_regions(sift(arena, log, piece, &spools[1]));
	if (!log_is_wide(log) && !has_long_line(log))
		check_same(once, parts);
	check_kept(arena, log, once, &spools[0]);
	check_kept(arena, log, parts, &spools[1]);
	spool_close(&spools[0]);
	spool_close(&spools[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){256 << 20, 5}, run);
}
