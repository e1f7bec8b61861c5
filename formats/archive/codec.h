/* codec.h: what decompresses one format, by the library that is the format's own. */
#ifndef FORMATS_ARCHIVE_CODEC_H
#define FORMATS_ARCHIVE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is there to be read, and room for what comes of it; both ends move on. */
struct codec_io {
	const uint8_t *in;
	size_t in_size;
	uint8_t *out;
	size_t out_size;
	bool last;           /* nothing follows what is in `in` */
	const char *trouble; /* why it is CODEC_DAMAGED */
};

enum codec_state {
	CODEC_INSIDE,  /* what has begun has not ended */
	CODEC_BETWEEN, /* it has, and the like may follow */
	CODEC_ENDED,   /* what follows, if anything does, is not of it */
	CODEC_DAMAGED,
	CODEC_NO_MEMORY,
};

struct codec {
	const char *name;
	size_t magic_size;
	unsigned char magic[6]; /* how such a file begins */
	uint64_t zeros;         /* how many of them it makes in 2 to 4 s of CPU time */
	void *(*open)(void);    /* NULL: no memory */
	/* Takes and gives what it can. Not to be called without input where nothing has begun. */
	enum codec_state (*run)(void *state, struct codec_io *io);
	void (*close)(void *state);
};

extern const struct codec codec_zstd, codec_lz4, codec_xz, codec_gzip;

#endif
