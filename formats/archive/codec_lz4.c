/* codec_lz4.c: the LZ4 frame format 1.6, several frames and skippable ones, by liblz4. */
#include "formats/archive/codec.h"

#include <lz4frame.h>
#include <string.h>

static void *begin(void)
{
	LZ4F_dctx *context = NULL;

	return LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) ? NULL : context;
}

static enum codec_state run(void *state, struct codec_io *io)
{
	size_t in = io->in_size, out = io->out_size;
	const size_t left = LZ4F_decompress(state, io->out, &out, io->in, &in, NULL);

	if (LZ4F_isError(left)) { /* their numbers are not part of the library's stable interface */
		io->trouble = LZ4F_getErrorName(left);
		return strstr(io->trouble, "allocation") ? CODEC_NO_MEMORY : CODEC_DAMAGED;
	}
	io->in += in;
	io->in_size -= in;
	io->out += out;
	io->out_size -= out;
	return left ? CODEC_INSIDE : CODEC_BETWEEN;
}

static void end(void *state)
{
	LZ4F_freeDecompressionContext(state);
}

const struct codec codec_lz4 = {"lz4", 4, {0x04, 0x22, 0x4d, 0x18}, UINT64_C(2) << 30, begin, run, end};
