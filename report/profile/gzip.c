/* gzip.c: see gzip.h. zlib's gzip (RFC 1952). */
#include "report/profile/gzip.h"

#include <zlib.h>

enum {
	BLOCK = 1 << 16,
	WINDOW_BITS = 15 + 16, /* the largest window, and gzip's header and trailer */
	MEMORY_LEVEL = 8,
	LEVEL = 4, /* a million stacks: a third of the time of the default, a tenth more bytes */
};

struct gzip {
	FILE *out;
	z_stream stream;
	uint8_t block[BLOCK];
};

static void release(void *object)
{
	struct gzip *gzip = object;

	deflateEnd(&gzip->stream);
}

struct gzip *gzip_start(struct arena *arena, FILE *out)
{
	struct gzip *gzip = arena_alloc(arena, sizeof *gzip);

	gzip->out = out;
	if (deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		arena_exhausted(arena);
	arena_defer(arena, release, gzip);
	return gzip;
}

/* Compresses what is given, and passes on what came of it. */
static void compress_all(struct gzip *gzip, int flush)
{
	do {
		gzip->stream.next_out = gzip->block;
		gzip->stream.avail_out = BLOCK;
		deflate(&gzip->stream, flush);
		fwrite(gzip->block, 1, BLOCK - gzip->stream.avail_out, gzip->out);
	} while (!gzip->stream.avail_out);
}

void gzip_write(struct gzip *gzip, const uint8_t *bytes, size_t size)
{
	for (size_t n; size; bytes += n, size -= n) {
		n = size < BLOCK ? size : BLOCK;
		gzip->stream.next_in = (Bytef *)(uintptr_t)bytes; /* which zlib only reads */
		gzip->stream.avail_in = (uInt)n;
		compress_all(gzip, Z_NO_FLUSH);
	}
}

void gzip_end(struct gzip *gzip)
{
	gzip->stream.avail_in = 0;
	compress_all(gzip, Z_FINISH);
}
