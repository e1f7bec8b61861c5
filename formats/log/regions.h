/* regions.h: the parts of a log in which something of the runtime's is, found in one pass: over a log that is mapped, or over one that
 * comes as a stream, of which only these parts are kept. */
#ifndef FORMATS_LOG_REGIONS_H
#define FORMATS_LOG_REGIONS_H

#include "formats/archive/spool.h"
#include "formats/log/lines.h"
#include "formats/log/streams.h"

struct log_regions {
	VEC(struct log_region) items;
	bool stopped; /* options->cancel said so */
};

/* The search at work. Offsets are of the window. */
struct log_finding {
	struct arena *arena;
	struct spool *kept;    /* where the bytes of regions go; NULL: they stay where they are */
	struct span window;    /* of the log: all of it, or what there is of a stream at a time */
	struct log_regions regions;
	struct log_region now; /* the open one */
	bool open, sure;
	size_t searched;       /* bytes that were */
	size_t begun;          /* the first byte of the open region, or that is not kept yet */
	size_t last;           /* the last anchor */
	size_t ended;          /* where the region before ended */
	size_t counted;        /* bytes whose lines are counted */
	uint64_t lines;        /* newlines in them, and before the window */
	size_t looked;         /* no line begins between what is counted and here */
	size_t faint;          /* regions that are */
	const struct err *error; /* the first; NULL: none */
};

/* Searches on to an offset, behind which the window has what an anchor may take unless it ends there. */
void log_finding_search(struct log_finding *finding, size_t end);

/* How many bytes at the window's start are needed no more; and that they are gone from it. */
size_t log_finding_done(const struct log_finding *finding);
void log_finding_drop(struct log_finding *finding, size_t size);

/* There is no more of the log. */
void log_finding_end(struct log_finding *finding);

/* All regions of a log that is mapped; the pages behind them are handed back. */
struct log_regions log_regions_find(struct arena *arena, struct span log, const struct log_options *options);

/* Where the line ends that a region's byte `size` is in, or the region. */
size_t log_line_end(struct span log, const struct log_region *region, size_t size);

#endif
