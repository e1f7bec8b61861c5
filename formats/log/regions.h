/* regions.h: the parts of a log in which something of the runtime's is. */
#ifndef FORMATS_LOG_REGIONS_H
#define FORMATS_LOG_REGIONS_H

#include "formats/log/lines.h"
#include "formats/log/streams.h"

struct log_regions {
	VEC(struct log_region) items;
	bool stopped; /* options->cancelled said so */
};

/* Finds them in one pass; the pages behind it are handed back. */
struct log_regions log_regions_find(struct arena *arena, struct span log, const struct log_options *options);

/* Where the line ends that a region's byte `size` is in, or the region. */
size_t log_line_end(struct span log, const struct log_region *region, size_t size);

#endif
