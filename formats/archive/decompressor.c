/* decompressor.c: see decompressor.h. */
#include "formats/archive/decompressor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_BLOCK = 1 << 18, MAGIC_SIZE = sizeof((struct codec){0}).magic };

static const struct codec *const codecs[] = {&codec_zstd, &codec_lz4, &codec_xz, &codec_gzip};

const struct codec *codec_of(struct span start)
{
	for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
		if (start.size >= codecs[i]->magic_size && !memcmp(start.data, codecs[i]->magic, codecs[i]->magic_size))
			return codecs[i];
	return NULL;
}

static const struct err *no_memory(struct arena *arena)
{
	return err_new(arena, ERR_LIMIT, "no memory to decompress it");
}

/* Reads until there are `least` bytes, or no more. */
static const struct err *fill(struct arena *arena, struct decompressor *decompressor, size_t least)
{
	struct codec_io *io = &decompressor->io;

	if (cancelled(&decompressor->cancel)) /* nothing may come of much input: frames that are empty, or skipped */
		return err_new(arena, ERR_IO, "cancelled");
	if (!io->in_size)
		io->in = decompressor->buffers;
	while (!io->last && io->in_size < least) {
		ssize_t size = read(decompressor->input, decompressor->buffers + io->in_size, INPUT_BLOCK - io->in_size);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return err_new(arena, ERR_IO, "%s", strerror(errno));
		io->last = !size;
		io->in_size += (size_t)size;
		decompressor->taken += (uint64_t)size;
	}
	return NULL;
}

const struct err *decompressor_open(struct arena *arena, int input, struct decompressor *ret)
{
	const struct err *err;

	*ret = (struct decompressor){.input = input, .now = CODEC_BETWEEN, .buffers = malloc(INPUT_BLOCK + DECOMPRESSOR_BLOCK)};
	if (!ret->buffers)
		return no_memory(arena);
	err = fill(arena, ret, MAGIC_SIZE);
	if (err)
		return err;
	ret->codec = codec_of((struct span){ret->io.in, ret->io.in_size});
	ret->state = ret->codec ? ret->codec->open() : NULL;
	return ret->codec && !ret->state ? no_memory(arena) : NULL;
}

static const struct err *next_plain(struct arena *arena, struct decompressor *decompressor, struct span *ret)
{
	struct codec_io *io = &decompressor->io;
	const struct err *err = fill(arena, decompressor, 1);

	*ret = (struct span){io->in, io->in_size};
	io->in_size = 0;
	return err;
}

static bool goes_on(const struct decompressor *decompressor)
{
	const struct codec_io *io = &decompressor->io;

	return decompressor->now == CODEC_INSIDE || (decompressor->now == CODEC_BETWEEN && (io->in_size || !io->last));
}

/* One step; false: nothing moved, and nothing will. */
static bool step(struct decompressor *decompressor)
{
	struct codec_io *io = &decompressor->io;
	const size_t in = io->in_size, out = io->out_size;

	if (decompressor->now == CODEC_BETWEEN && !in)
		return true; /* the end of the input, as it should be */
	decompressor->now = decompressor->codec->run(decompressor->state, io);
	return io->in_size != in || io->out_size != out || (!in && !io->last);
}

/* What it means that there is no more. */
static const struct err *finish(struct arena *arena, struct decompressor *decompressor)
{
	if (decompressor->now == CODEC_NO_MEMORY)
		return no_memory(arena);
	decompressor->cut_short = decompressor->now == CODEC_INSIDE || decompressor->now == CODEC_DAMAGED;
	if (decompressor->now == CODEC_DAMAGED && !decompressor->given)
		return err_new(arena, ERR_BAD_DATA, "its compressed data is damaged from the start: %s", decompressor->io.trouble);
	return NULL;
}

const struct err *decompressor_next(struct arena *arena, struct decompressor *decompressor, struct span *ret)
{
	uint8_t *const start = decompressor->out ? decompressor->out : decompressor->buffers + INPUT_BLOCK;
	struct codec_io *io = &decompressor->io;
	const struct err *err = NULL;
	bool moves = true;

	*ret = (struct span){0};
	if (!decompressor->codec)
		return next_plain(arena, decompressor, ret);
	io->out = start;
	io->out_size = DECOMPRESSOR_BLOCK;
	while (!err && moves && io->out == start && goes_on(decompressor)) {
		err = fill(arena, decompressor, 1);
		if (!err)
			moves = step(decompressor);
	}
	if (err)
		return err;
	*ret = (struct span){start, DECOMPRESSOR_BLOCK - io->out_size};
	decompressor->given |= ret->size > 0;
	return ret->size ? NULL : finish(arena, decompressor);
}

void decompressor_close(struct decompressor *decompressor)
{
	if (decompressor->state)
		decompressor->codec->close(decompressor->state);
	free(decompressor->buffers);
	decompressor->state = NULL;
	decompressor->buffers = NULL;
}
