/* codec_zstd.c: zstd (RFC 8878), several frames and skippable ones, by libzstd: windows of up to 128 MiB, as zstd(1) without --long. */
#include "formats/archive/codec.h"

#include <zstd.h>
#include <zstd_errors.h>

static void *begin(void)
{
	return ZSTD_createDCtx();
}

static enum codec_state run(void *state, struct codec_io *io)
{
	ZSTD_inBuffer in = {io->in, io->in_size, 0};
	ZSTD_outBuffer out = {io->out, io->out_size, 0};
	const size_t left = ZSTD_decompressStream(state, &out, &in);

	io->in += in.pos;
	io->in_size -= in.pos;
	io->out += out.pos;
	io->out_size -= out.pos;
	if (!ZSTD_isError(left))
		return left ? CODEC_INSIDE : CODEC_BETWEEN;
	io->trouble = ZSTD_getErrorName(left);
	return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation ? CODEC_NO_MEMORY : CODEC_DAMAGED;
}

static void end(void *state)
{
	ZSTD_freeDCtx(state);
}

const struct codec codec_zstd = {"zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}, UINT64_C(16) << 30, begin, run, end};
