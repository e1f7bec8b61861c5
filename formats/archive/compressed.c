/* compressed.c: see compressed.h, by libzstd. */
#include "formats/archive/compressed.h"

#include <stdbool.h>
#include <stdlib.h>
#include <zstd.h>

/* Of a slim dump, mostly zeros, level 5 leaves a seventh less than 3, the default, and takes as long again, which is little. */
enum { BUFFER = 1 << 17, LEVEL = 5 };

struct compressed {
	ZSTD_CCtx *context;
	FILE *under;
	unsigned char out[BUFFER];
};

/* Compresses bytes, and with ZSTD_e_end all that is held back. False: `under` took no more, or there was no memory. */
static bool pass_on(struct compressed *compressed, const char *bytes, size_t size, ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = {bytes, size, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {compressed->out, sizeof compressed->out, 0};

		left = ZSTD_compressStream2(compressed->context, &out, &in, how);
		if (ZSTD_isError(left) || fwrite(out.dst, 1, out.pos, compressed->under) != out.pos)
			return false;
	} while (in.pos < in.size || (how == ZSTD_e_end && left));
	return true;
}

/* As fopencookie(3) wants it: 0 says that it failed. */
static ssize_t take(void *cookie, const char *bytes, size_t size)
{
	return pass_on(cookie, bytes, size, ZSTD_e_continue) ? (ssize_t)size : 0;
}

static void release(struct compressed *compressed)
{
	ZSTD_freeCCtx(compressed->context);
	free(compressed);
}

static int finish(void *cookie)
{
	const bool passed = pass_on(cookie, "", 0, ZSTD_e_end);

	release(cookie);
	return passed ? 0 : EOF;
}

FILE *compressed_open(FILE *under)
{
	const cookie_io_functions_t functions = {.write = take, .close = finish};
	struct compressed *compressed = calloc(1, sizeof *compressed);
	FILE *stream = NULL;

	if (!compressed)
		return NULL;
	compressed->under = under;
	compressed->context = ZSTD_createCCtx();
	if (compressed->context && !ZSTD_isError(ZSTD_CCtx_setParameter(compressed->context, ZSTD_c_compressionLevel, LEVEL)))
		stream = fopencookie(compressed, "w", functions);
	if (!stream) {
		release(compressed);
		return NULL;
	}
	setvbuf(stream, NULL, _IOFBF, BUFFER);
	return stream;
}
