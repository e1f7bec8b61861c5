/* codec_xz.c: the .xz file format 1.1, several streams and what pads them, by liblzma. */
#include "formats/archive/codec.h"

#include <lzma.h>
#include <stdlib.h>

/* What it may take for a stream's dictionary: that of xz -9 is 64 MiB, and zstd's of codec_zstd.c 128 MiB. */
#define MEMORY_LIMIT (UINT64_C(160) << 20)

static void *begin(void)
{
	lzma_stream *stream = calloc(1, sizeof *stream);

	if (stream && lzma_stream_decoder(stream, MEMORY_LIMIT, LZMA_CONCATENATED) == LZMA_OK)
		return stream;
	free(stream);
	return NULL;
}

static const char *text_of(lzma_ret status)
{
	return status == LZMA_MEMLIMIT_ERROR  ? "it needs more than 160 MiB of memory, which xz -9 does not"
	       : status == LZMA_OPTIONS_ERROR ? "it uses what this liblzma does not know"
					      : "the data are not as the format wants them";
}

static enum codec_state run(void *state, struct codec_io *io)
{
	lzma_stream *stream = state;
	lzma_ret status;

	stream->next_in = io->in;
	stream->avail_in = io->in_size;
	stream->next_out = io->out;
	stream->avail_out = io->out_size;
	status = lzma_code(stream, io->last ? LZMA_FINISH : LZMA_RUN);
	io->in = stream->next_in;
	io->in_size = stream->avail_in;
	io->out = stream->next_out;
	io->out_size = stream->avail_out;
	if (status == LZMA_OK || status == LZMA_BUF_ERROR)
		return CODEC_INSIDE;
	io->trouble = text_of(status);
	return status == LZMA_STREAM_END ? CODEC_ENDED : status == LZMA_MEM_ERROR ? CODEC_NO_MEMORY : CODEC_DAMAGED;
}

static void end(void *state)
{
	lzma_end(state);
	free(state);
}

const struct codec codec_xz = {"xz", 6, {0xfd, '7', 'z', 'X', 'Z', 0}, UINT64_C(1) << 30, begin, run, end};
