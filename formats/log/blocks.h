/* blocks.h: the crashes in the lines of one sender. */
#ifndef FORMATS_LOG_BLOCKS_H
#define FORMATS_LOG_BLOCKS_H

#include "formats/log/lines.h"
#include "formats/log/streams.h"

struct log_blocks {
	struct arena *arena;
	VEC(struct log_block) items;
};

/* Adds those of a stream whose lines are in order. */
void log_blocks_add(struct log_blocks *blocks, const struct log_stream *stream);

#endif
