/* blocks.h: the crashes in the lines of each sender. */
#ifndef FORMATS_LOG_BLOCKS_H
#define FORMATS_LOG_BLOCKS_H

#include "formats/log/lines.h"
#include "formats/log/streams.h"

struct log_blocks {
	struct arena *arena;
	struct span log; /* texts in it are not copied */
	VEC(struct log_block) items;
};

/* What is being made of one region of the log, which comes window by window. */
struct block_makers;

/* The arena has to live until the end. */
struct block_makers *block_makers_new(struct arena *arena, struct log_blocks *blocks);

/* Goes on with the lines of a sender, which are in order. Nothing of the stream is needed afterwards, nor of the scratch arena that it is
 * on. */
void block_makers_add(struct block_makers *makers, struct arena *scratch, const struct log_stream *stream);

/* There is no more of the region. */
void block_makers_end(struct block_makers *makers);

#endif
