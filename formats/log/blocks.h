/* blocks.h: the crashes in the lines of one sender. */
#ifndef FORMATS_LOG_BLOCKS_H
#define FORMATS_LOG_BLOCKS_H

#include "formats/log/lines.h"
#include "formats/log/streams.h"

struct log_blocks {
	struct arena *arena;
	struct span log; /* texts in it are not copied */
	VEC(struct log_block) items;
};

/* Adds those of a stream whose lines are in order. Nothing of the stream, nor of the scratch arena, is needed afterwards. */
void log_blocks_add(struct log_blocks *blocks, struct arena *scratch, const struct log_stream *stream);

#endif
