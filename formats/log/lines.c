/* lines.c: see lines.h. Parts of the log that have something of the runtime's (regions), in each the lines of one sender without what
 * stands around them (streams), as they were printed (restore), and in these the crashes (blocks). */
#include "formats/log/lines.h"

#include "base/mapping.h"
#include "formats/log/blocks.h"
#include "formats/log/regions.h"
#include "formats/log/restore.h"
#include "formats/log/search.h"
#include "formats/log/sieve.h"

#include <stdlib.h>
#include <string.h>

#define REGION_BUDGET ((size_t)3 << 29)

enum { WINDOW = 16 << 20, WINDOW_LINES = 400000 }; /* bytes and lines of a region that are looked at together, at most */

/* The work on one region. */
struct reading {
	struct block_makers *makers;
	struct span log;
	struct log_region rest; /* what is still to be read */
	struct arena *arena, *scratch; /* of the region, of a window */
	struct log_blocks *blocks;
	uint64_t section; /* the file that the last window ended in (sections.h) */
	bool parts, reversed; /* it has several windows; one of them shows its lines in reverse order */
};

/* The next window, and how many lines it has. */
static struct log_region next_window(const struct reading *reading, size_t *lines)
{
	struct log_region window = {.start = reading->rest.start, .line = reading->rest.line};

	for (size_t size = WINDOW;; size /= 2) {
		window.end = log_line_end(reading->log, &reading->rest, size);
		*lines = log_newlines(span_slice(reading->log, window.start, window.end - window.start));
		if (*lines <= WINDOW_LINES)
			return window;
	}
}

static void read_streams(void *context)
{
	struct reading *reading = context;
	size_t lines;
	const struct log_region window = next_window(reading, &lines);
	struct log_streams streams = log_streams_of(reading->scratch, reading->log, &window, &reading->section);

	reading->parts |= window.end < reading->rest.end;
	for (size_t i = 0; i < streams.items.count; i++) {
		struct log_stream *stream = &streams.items.items[i];

		restore_entities(reading->scratch, stream);
		restore_indent(stream);
		restore_blanks(stream);
		reading->reversed |= restore_order(stream) && reading->parts;
		restore_width(reading->scratch, stream);
		block_makers_add(reading->makers, reading->scratch, stream);
	}
	reading->rest.line += lines;
	reading->rest.start = window.end;
	mapping_pass(span_slice(reading->log, window.start, window.end - window.start));
}

static bool read_window(struct reading *reading)
{
	bool done;

	reading->scratch = arena_new(REGION_BUDGET);
	done = reading->scratch && arena_run(reading->scratch, read_streams, reading);
	arena_free(reading->scratch);
	reading->scratch = NULL;
	return done;
}

static void read_windows(void *context)
{
	struct reading *reading = context;

	reading->makers = block_makers_new(reading->arena, reading->blocks);
	while (reading->rest.start < reading->rest.end && read_window(reading))
		;
	block_makers_end(reading->makers);
}

static void read_region(struct log_blocks *blocks, struct notes *notes, const struct log_region *region)
{
	struct reading reading = {.blocks = blocks, .log = blocks->log, .rest = *region, .arena = arena_new(REGION_BUDGET)};

	if (!reading.arena || !arena_run(reading.arena, read_windows, &reading) || reading.rest.start < reading.rest.end)
		note_add(notes, "lines %llu and following have too much in them that looks like what the Go runtime prints: not all of it "
				"could be read", (unsigned long long)reading.rest.line);
	if (reading.reversed)
		note_add(notes, "lines %llu and following come in reverse order, and are too many to be put in order at once: stacks may be "
				"torn apart where they were divided", (unsigned long long)region->line);
	arena_free(reading.scratch); /* there is one if the region's arena had no more room */
	arena_free(reading.arena);
}

static int by_line(const void *a, const void *b)
{
	const struct log_block *x = a, *y = b;

	if (x->first_line != y->first_line)
		return x->first_line < y->first_line ? -1 : 1;
	return x->last_line < y->last_line ? -1 : x->last_line > y->last_line;
}

/* The line that the runtime printed first stands last. */
static bool is_backward(const struct log_block *block)
{
	const struct log_run *last = &block->runs[block->run_count - 1];

	return block->runs[0].number > last->number + (last->count - 1) * (uint64_t)last->step;
}

/* Browsers of logs export the newest line first: then the crash that comes first in the file came last. */
static bool is_newest_first(const struct log_blocks *blocks)
{
	size_t backward = 0;

	for (size_t i = 0; i < blocks->items.count; i++)
		backward += is_backward(&blocks->items.items[i]);
	return backward > blocks->items.count / 2;
}

static void put_in_order(struct log_blocks *blocks)
{
	struct log_block *items = blocks->items.items;
	const size_t count = blocks->items.count;
	const bool turned = is_newest_first(blocks);

	if (!count)
		return;
	qsort(items, count, sizeof *items, by_line);
	for (size_t i = 0; turned && i < count / 2; i++) {
		const struct log_block kept = items[i];

		items[i] = items[count - 1 - i];
		items[count - 1 - i] = kept;
	}
}

static void read_regions(struct log_blocks *blocks, struct notes *notes, const struct log_regions *regions, bool faint)
{
	for (size_t i = 0; i < regions->items.count; i++)
		if (regions->items.items[i].faint == faint)
			read_region(blocks, notes, &regions->items.items[i]);
}

/* *bytes become those that the regions are parts of. */
static const struct err *find_regions(struct arena *arena, struct span *bytes, const struct log_options *options, struct log_regions *ret)
{
	void *sieved = options->sieved;
	const struct err *error = NULL;

	if (!sieved && log_is_wide(*bytes))
		error = log_sieve_all(arena, *bytes, options, &sieved, bytes);
	if (error)
		return error;
	*ret = sieved ? *log_sieve_regions(sieved) : log_regions_find(arena, *bytes, options);
	return ret->stopped ? err_new(arena, ERR_IO, "cancelled") : NULL;
}

const struct err *log_blocks_read(struct arena *arena, struct notes *notes, struct span bytes, const struct log_options *options,
				  struct log_blocks **ret)
{
	static const struct log_options defaults = {0};
	struct log_blocks *blocks = arena_alloc(arena, sizeof *blocks);
	struct log_regions regions;
	const struct err *error;

	error = find_regions(arena, &bytes, options ? options : &defaults, &regions);
	if (error)
		return error;
	blocks->arena = arena;
	blocks->log = bytes;
	read_regions(blocks, notes, &regions, false);
	if (!blocks->items.count)
		read_regions(blocks, notes, &regions, true);
	put_in_order(blocks);
	*ret = blocks;
	return NULL;
}

size_t log_blocks_count(const struct log_blocks *blocks)
{
	return blocks->items.count;
}

const struct log_block *log_blocks_at(const struct log_blocks *blocks, size_t index)
{
	return index < blocks->items.count ? &blocks->items.items[index] : NULL;
}
