/* codec_gzip.c: gzip (RFC 1952), several members, by zlib. What follows the last one is ignored, as gzip(1) does. */
#include "formats/archive/codec.h"

#include <stdlib.h>
#include <zlib.h>

enum { WINDOW_BITS = 15 + 16 /* gzip's header and trailer */, FIRST = 0x1f };

struct gzip {
	z_stream stream;
	bool between; /* members */
};

static void *begin(void)
{
	struct gzip *gzip = calloc(1, sizeof *gzip);

	if (gzip && inflateInit2(&gzip->stream, WINDOW_BITS) == Z_OK)
		return gzip;
	free(gzip);
	return NULL;
}

static enum codec_state state_after(struct gzip *gzip, int status, struct codec_io *io)
{
	gzip->between = status == Z_STREAM_END && inflateReset(&gzip->stream) == Z_OK;
	if (gzip->between)
		return CODEC_BETWEEN;
	if (status == Z_OK || status == Z_BUF_ERROR)
		return CODEC_INSIDE;
	io->trouble = gzip->stream.msg ? gzip->stream.msg : "the data are not as the format wants them";
	return status == Z_MEM_ERROR ? CODEC_NO_MEMORY : CODEC_DAMAGED;
}

static enum codec_state run(void *state, struct codec_io *io)
{
	struct gzip *gzip = state;
	z_stream *stream = &gzip->stream;
	int status;

	if (gzip->between && io->in_size && *io->in != FIRST)
		return CODEC_ENDED;
	stream->next_in = (Bytef *)(uintptr_t)io->in;
	stream->avail_in = (uInt)io->in_size;
	stream->next_out = io->out;
	stream->avail_out = (uInt)io->out_size;
	status = inflate(stream, Z_NO_FLUSH);
	io->in = stream->next_in;
	io->in_size = stream->avail_in;
	io->out = stream->next_out;
	io->out_size = stream->avail_out;
	return state_after(gzip, status, io);
}

static void end(void *state)
{
	struct gzip *gzip = state;

	inflateEnd(&gzip->stream);
	free(gzip);
}

const struct codec codec_gzip = {"gzip", 3, {0x1f, 0x8b, 0x08}, UINT64_C(1) << 30, begin, run, end};
