/* decompressor.h: what comes from a descriptor, compressed or not, as a sequence of blocks. */
#ifndef FORMATS_ARCHIVE_DECOMPRESSOR_H
#define FORMATS_ARCHIVE_DECOMPRESSOR_H

#include "base/cancel.h"
#include "base/err.h"
#include "base/span.h"
#include "formats/archive/codec.h"

enum { DECOMPRESSOR_BLOCK = 1 << 18 }; /* no block is larger */

struct decompressor {
	int input;
	const struct codec *codec; /* NULL: what is read is given as it is */
	void *state;               /* the codec's */
	uint8_t *buffers;          /* for what is read, and for what comes of it */
	uint8_t *out;              /* where blocks go that are decompressed, DECOMPRESSOR_BLOCK bytes; NULL: to the buffers */
	struct codec_io io;
	enum codec_state now;
	struct cancel cancel;      /* polled, to be set behind decompressor_open */
	uint64_t taken;            /* bytes of the input */
	bool given;                /* a block */
	bool cut_short;            /* it ended before what had begun did, or is damaged from there on */
};

/* The format that begins so, told by magic bytes, never by the name: zstd RFC 8878 3.1.1, LZ4 frame format 1.6 "Magic Number", xz
 * file format 2.1.1.1, gzip RFC 1952 2.3.1. NULL: none of these. */
const struct codec *codec_of(struct span start);

/* Reads from where `input` stands. To be closed, also when it failed. Errors: IO, LIMIT (no memory). */
const struct err *decompressor_open(struct arena *arena, int input, struct decompressor *ret);

/* The next block, good until the next call; empty: there are no more. Errors: IO (also: cancelled), LIMIT (no memory), BAD_DATA (damaged before
 * anything came of it). */
const struct err *decompressor_next(struct arena *arena, struct decompressor *decompressor, struct span *ret);

/* Frees all but the input, which is whoever's it was. */
void decompressor_close(struct decompressor *decompressor);

#endif
