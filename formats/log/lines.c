/* lines.c: see lines.h. Parts of the log that have something of the runtime's (regions), in each the lines of one sender without what
 * stands around them (streams), as they were printed (restore), and in these the crashes (blocks). */
#include "formats/log/lines.h"

#include "formats/log/blocks.h"
#include "formats/log/regions.h"
#include "formats/log/restore.h"

#include <stdlib.h>
#include <string.h>

bool log_probe(struct span bytes)
{
	enum { LOOKED_AT = 4096, SPARE = 64 };
	const size_t size = bytes.size < LOOKED_AT ? bytes.size : LOOKED_AT;
	size_t controls = 0;

	for (size_t i = 0; i < size; i++) {
		if (!bytes.data[i])
			return false;
		controls += bytes.data[i] < ' ' && !strchr("\t\n\r\033\f", bytes.data[i]);
	}
	return size && controls * SPARE <= size;
}

#define REGION_BUDGET ((size_t)3 << 29)

/* The work on one region. */
struct reading {
	struct log_blocks *blocks;
	struct arena *scratch;
	const struct log_region *region;
};

static void read_streams(void *context)
{
	const struct reading *reading = context;
	struct log_streams streams = log_streams_of(reading->scratch, reading->blocks->log, reading->region);

	for (size_t i = 0; i < streams.items.count; i++) {
		struct log_stream *stream = &streams.items.items[i];

		restore_entities(reading->scratch, stream);
		restore_indent(stream);
		restore_order(stream);
		restore_width(reading->scratch, stream);
		log_blocks_add(reading->blocks, reading->scratch, stream);
	}
}

static void read_region(struct log_blocks *blocks, struct notes *notes, const struct log_region *region)
{
	struct reading reading = {.blocks = blocks, .scratch = arena_new(REGION_BUDGET), .region = region};

	if (!reading.scratch || !arena_run(reading.scratch, read_streams, &reading))
		note_add(notes, "lines %llu and following have too much in them that looks like what the Go runtime prints: not all of it "
				"could be read", (unsigned long long)region->line);
	arena_free(reading.scratch);
}

static int by_line(const void *a, const void *b)
{
	const struct log_block *x = a, *y = b;

	if (x->first_line != y->first_line)
		return x->first_line < y->first_line ? -1 : 1;
	return x->last_line < y->last_line ? -1 : x->last_line > y->last_line;
}

static void read_regions(struct log_blocks *blocks, struct notes *notes, const struct log_regions *regions, bool faint)
{
	for (size_t i = 0; i < regions->items.count; i++)
		if (regions->items.items[i].faint == faint)
			read_region(blocks, notes, &regions->items.items[i]);
}

const struct err *log_blocks_read(struct arena *arena, struct notes *notes, struct span bytes, const struct log_options *options,
				  struct log_blocks **ret)
{
	static const struct log_options defaults = {0};
	struct log_blocks *blocks = arena_alloc(arena, sizeof *blocks);
	const struct log_regions regions = log_regions_find(arena, bytes, options ? options : &defaults);

	blocks->arena = arena;
	blocks->log = bytes;
	if (regions.stopped)
		return err_new(arena, ERR_IO, "cancelled");
	read_regions(blocks, notes, &regions, false);
	if (!blocks->items.count)
		read_regions(blocks, notes, &regions, true);
	if (regions.cut)
		note_add(notes, "what the Go runtime printed is longer than 256 MB without a break: it was read in parts, which look like "
				"crashes of their own");
	if (blocks->items.count)
		qsort(blocks->items.items, blocks->items.count, sizeof *blocks->items.items, by_line);
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
