/* sieve.c: see sieve.h. */
#include "formats/log/sieve.h"

#include "base/mapping.h"
#include "base/utf16.h"

#include <string.h>

enum {
	WINDOW = 2 << 20,       /* bytes of the stream that are in memory … */
	MOST_WINDOW = 16 << 20, /* … at most, for the sake of a long line */
	OVERLAP = 64,           /* bytes that are searched again with what follows: more than an anchor has */
	PIECE = 1 << 16,        /* of UTF-16, that is made UTF-8 at a time */
	NEIGHBOURHOOD = 1 << 18, /* bytes before a crash that are of use, however long its line is */
};

struct log_sieve {
	struct arena *arena;
	struct log_finding finding;
	uint8_t *bytes; /* finding.window */
	size_t size, capacity;
	bool begun, wide; /* it is known what it is; it is UTF-16 */
	struct utf16_stream units;
	uint8_t *decoded;
};

/* ---- the window ---- */

/* A line that is longer than the window: only its end is kept. */
static size_t forced(const struct log_sieve *sieve)
{
	return sieve->size > NEIGHBOURHOOD + OVERLAP ? sieve->size - NEIGHBOURHOOD - OVERLAP : 0;
}

static void drop(struct log_sieve *sieve, size_t size)
{
	log_finding_drop(&sieve->finding, size);
	memmove(sieve->bytes, sieve->bytes + size, sieve->size - size);
	sieve->size -= size;
	sieve->finding.window = (struct span){sieve->bytes, sieve->size};
}

static void grow(struct log_sieve *sieve)
{
	const size_t capacity = sieve->capacity ? sieve->capacity * 2 : WINDOW;
	uint8_t *bytes = arena_alloc(sieve->arena, capacity);

	if (sieve->size)
		memcpy(bytes, sieve->bytes, sieve->size);
	sieve->bytes = bytes;
	sieve->capacity = capacity;
	sieve->finding.window = (struct span){bytes, sieve->size};
}

static void make_room(struct log_sieve *sieve)
{
	const size_t done = log_finding_done(&sieve->finding);

	if (done >= sieve->capacity / 2)
		drop(sieve, done);
	else if (sieve->capacity < MOST_WINDOW)
		grow(sieve);
	else
		drop(sieve, forced(sieve));
}

static void add(struct log_sieve *sieve, struct span part)
{
	while (part.size) {
		size_t size;

		if (sieve->size == sieve->capacity)
			make_room(sieve);
		size = part.size < sieve->capacity - sieve->size ? part.size : sieve->capacity - sieve->size;
		memcpy(sieve->bytes + sieve->size, part.data, size);
		sieve->size += size;
		sieve->finding.window.size = sieve->size;
		part = span_from(part, size);
		if (sieve->size > OVERLAP)
			log_finding_search(&sieve->finding, sieve->size - OVERLAP);
	}
}

/* ---- as archive.h asks for it ---- */

static bool accepts(struct span start)
{
	return log_probe(start);
}

static void *open_sieve(struct arena *arena, struct spool *kept)
{
	struct log_sieve *sieve = arena_alloc(arena, sizeof *sieve);

	sieve->arena = arena;
	sieve->finding = (struct log_finding){.arena = arena, .kept = kept};
	grow(sieve);
	return sieve;
}

/* How the log begins is known from the first part, which has SIEVE_START bytes if there are so many. */
static void begin(struct log_sieve *sieve, struct span part)
{
	sieve->begun = true;
	sieve->wide = log_is_wide(part);
	sieve->units.big_endian = log_is_big_endian(part);
	if (sieve->wide)
		sieve->decoded = arena_alloc(sieve->arena, UTF16_MOST * (PIECE / 2 + 2));
}

static const struct err *take(void *state, struct span part)
{
	struct log_sieve *sieve = state;

	if (!sieve->begun)
		begin(sieve, part);
	if (!sieve->wide)
		add(sieve, part);
	for (size_t at = 0; sieve->wide && at < part.size; at += PIECE) {
		const struct span piece = span_slice(part, at, part.size - at < PIECE ? part.size - at : PIECE);
		const size_t size = utf16_stream_take(&sieve->units, piece, sieve->decoded);

		add(sieve, (struct span){sieve->decoded, size});
	}
	return sieve->finding.error;
}

static const struct err *end(void *state)
{
	struct log_sieve *sieve = state;

	log_finding_end(&sieve->finding);
	return sieve->finding.error;
}

const struct sieve log_sieve = {.accepts = accepts, .open = open_sieve, .take = take, .end = end};

const struct log_regions *log_sieve_regions(const void *state)
{
	return &((const struct log_sieve *)state)->finding.regions;
}

/* ---- a log that is there ---- */

/* What has to be closed. */
struct kept {
	struct spool spool;
	struct span mapped;
};

static void release(void *object)
{
	struct kept *kept = object;

	spool_close(&kept->spool);
	mapping_release(&kept->mapped);
}

static const struct err *sift(void *state, struct span log, const struct log_options *options)
{
	enum { STEP = 1 << 20 };
	const struct err *error = NULL;

	for (size_t at = 0; at < log.size && !error; at += STEP) {
		const struct span part = span_slice(log, at, log.size - at < STEP ? log.size - at : STEP);

		if (cancelled(&options->cancel))
			return err_new(((struct log_sieve *)state)->arena, ERR_IO, "cancelled");
		error = take(state, part);
		mapping_pass(part);
		progress_report(options->progress, PROGRESS_COPYING, at, log.size);
	}
	return error ? error : end(state);
}

const struct err *log_sieve_all(struct arena *arena, struct span log, const struct log_options *options, void **ret_state, struct span *ret)
{
	struct kept *kept = arena_alloc(arena, sizeof *kept);
	const struct err *error;

	kept->spool.descriptor = -1;
	arena_defer(arena, release, kept);
	error = spool_open(arena, UTF16_MOST * (uint64_t)log.size + SIEVE_START, &kept->spool);
	if (error)
		return error;
	*ret_state = open_sieve(arena, &kept->spool);
	error = sift(*ret_state, log, options);
	if (!error)
		error = spool_map(arena, &kept->spool, &kept->mapped);
	spool_close(&kept->spool);
	*ret = kept->mapped;
	return error;
}
