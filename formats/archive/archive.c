/* archive.c: plain files by mmap; compressed ones and pipes spooled (spool.h): pages of zeros are holes, as they were in the core. */
#include "formats/archive/archive.h"

#include "base/files.h"
#include "base/mapping.h"
#include "base/slices.h"
#include "formats/archive/ahead.h"
#include "formats/archive/decompressor.h"
#include "formats/archive/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_MAX_SIZE (UINT64_C(64) << 30)

/* Where the user sets no limit: how many bytes one may become. Zeros of a dump cost neither memory nor disk, and do not count as FULL. Dumps that
 * are known have 50 at most; the formats make up to 32,768 of one. But zeros cost time: beyond what its codec makes of them in a few seconds
 * (codec.h), a dump may become ALL_RATIO times as large. */
enum { FULL_FLOOR = 256 << 20, FULL_RATIO = 512, ALL_RATIO = 128 };

enum { THREAD_FROM = 8 << 20 }; /* bytes of input: less takes no time, or is made to take much, which two threads would only add to */

/* Everything that must be closed, registered with the arena before it is opened, since arena_alloc may not return. */
struct source {
	int input;
	struct spool spool;
	struct decompressor decompressor;
	struct ahead *ahead; /* who has it; NULL: nobody */
	struct span mapped;
	bool in_memory; /* it is of a block */
	unsigned workers;
};

static void close_descriptor(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

/* What is needed only while reading. */
static void source_finish(struct source *source)
{
	ahead_end(source->ahead);
	source->ahead = NULL;
	decompressor_close(&source->decompressor);
	close_descriptor(&source->input);
	spool_close(&source->spool);
}

static void source_release(void *object)
{
	struct source *source = object;

	source_finish(source);
	if (source->in_memory)
		block_empty(source->mapped, source->workers);
	mapping_release(&source->mapped);
}

static struct source *source_new(struct arena *arena)
{
	struct source *source = arena_alloc(arena, sizeof *source);

	source->input = -1;
	source->spool.descriptor = -1;
	arena_defer(arena, source_release, source);
	return source;
}

bool file_compressed(struct span start)
{
	return codec_of(start) != NULL;
}

/* A stream being decompressed. */
struct stream {
	struct arena *arena;
	const char *path;
	struct source *source;
	const struct file_options *options;
	uint64_t input_size; /* 0: unknown */
	uint64_t taken;      /* bytes of the input so far */
	uint64_t size;       /* of what came of them */
	uint8_t *start;      /* … its first bytes, until there are enough of them to ask the sieve; NULL: there is none, or it was asked */
	void *sieved;        /* the state of the sieve; NULL: all is kept */
};

static void show_progress(const struct stream *stream)
{
	progress_report(stream->options->progress, stream->source->decompressor.codec ? PROGRESS_DECOMPRESSING : PROGRESS_COPYING, stream->taken,
			stream->input_size);
}

static const struct err *keep(struct stream *stream, struct span part)
{
	const struct sieve *sieve = stream->options->sieve;

	return stream->sieved ? sieve->take(stream->sieved, part) : spool_append(stream->arena, &stream->source->spool, part.data, part.size);
}

/* Whether it is a stream that the sieve knows is known by its first bytes, which may come one by one. */
static const struct err *ask_sieve(struct stream *stream)
{
	const struct sieve *sieve = stream->options->sieve;
	const struct span start = {stream->start, stream->size < SIEVE_START ? (size_t)stream->size : SIEVE_START};

	if (!stream->start)
		return NULL;
	stream->start = NULL;
	if (sieve->accepts(start))
		stream->sieved = sieve->open(stream->arena, &stream->source->spool);
	return keep(stream, start);
}

static const struct err *take(struct stream *stream, struct span part)
{
	const struct err *err = NULL;

	if (part.size > stream->source->spool.max_size - stream->size)
		return spool_too_long(stream->arena, &stream->source->spool);
	if (stream->start) {
		const size_t room = SIEVE_START - (size_t)stream->size, size = part.size < room ? part.size : room;

		memcpy(stream->start + stream->size, part.data, size);
		stream->size += size;
		part = span_from(part, size);
		if (stream->size < SIEVE_START)
			return NULL;
		err = ask_sieve(stream);
	}
	stream->size += part.size;
	return err || !part.size ? err : keep(stream, part);
}

static const struct err *end(struct stream *stream)
{
	const struct err *err = ask_sieve(stream);

	return err || !stream->sieved ? err : stream->options->sieve->end(stream->sieved);
}

static const struct err *too_much(const struct stream *stream, uint64_t most, const char *of_what)
{
	return err_new(stream->arena, ERR_LIMIT, "%llu KiB of it become more than %llu MiB%s; to read it all the same, set a limit with --max-size",
		       (unsigned long long)(stream->taken >> 10), (unsigned long long)(most >> 20), of_what);
}

/* A sieve looks at every byte. */
static const struct err *check_ratio(const struct stream *stream)
{
	const struct source *source = stream->source;
	const struct codec *codec = source->decompressor.codec;
	const uint64_t full = FULL_FLOOR + stream->taken * FULL_RATIO, all = codec ? codec->zeros + stream->taken * ALL_RATIO : UINT64_MAX;

	if (stream->options->max_size)
		return NULL;
	if (stream->sieved)
		return stream->size > full ? too_much(stream, full, ", as no dump and no log does") : NULL;
	if (source->spool.written > full)
		return too_much(stream, full, " that are not zero, as no dump and no log does");
	return stream->size > all ? too_much(stream, all, ", nearly all of them zeros") : NULL;
}

/* Not of a pipe: a thread may wait for one longer than anybody waits for what it has. */
static void work_ahead(const struct stream *stream)
{
	struct source *source = stream->source;
	const uint64_t least = stream->options->thread_from ? stream->options->thread_from : THREAD_FROM;

	if (source->decompressor.codec && stream->input_size >= least && slices_count(stream->options->workers, 2, 1) > 1)
		source->ahead = ahead_start(&source->decompressor);
}

static const struct err *next_block(struct stream *stream, struct span *ret)
{
	struct decompressor *decompressor = &stream->source->decompressor;
	const struct err *err;

	if (stream->source->ahead)
		return ahead_next(stream->arena, stream->source->ahead, ret, &stream->taken);
	err = decompressor_next(stream->arena, decompressor, ret);
	stream->taken = decompressor->taken;
	return err;
}

static const struct err *spool_all(struct stream *stream)
{
	for (;;) {
		const struct err *err;
		struct span block;

		err = next_block(stream, &block);
		if (err || !block.size)
			return err;
		err = take(stream, block);
		if (!err)
			err = check_ratio(stream);
		if (err)
			return err;
		show_progress(stream);
	}
}

static const struct err *decompress(struct stream *stream, struct file_bytes *ret)
{
	const uint64_t max_size = stream->options->max_size ? stream->options->max_size : DEFAULT_MAX_SIZE;
	struct source *source = stream->source;
	struct decompressor *decompressor = &source->decompressor;
	struct file_bytes file = {0};
	const struct err *err;

	stream->start = stream->options->sieve ? arena_alloc(stream->arena, SIEVE_START) : NULL;
	err = spool_open(stream->arena, max_size, &source->spool);
	if (!err)
		err = decompressor_open(stream->arena, source->input, decompressor);
	decompressor->cancel = stream->options->cancel;
	if (!err) {
		work_ahead(stream);
		err = spool_all(stream);
	}
	if (!err)
		err = end(stream);
	source->in_memory = source->spool.block.start;
	source->workers = stream->options->workers;
	if (!err)
		err = spool_map(stream->arena, &source->spool, &source->mapped);
	if (err)
		return err;
	file.bytes = source->mapped;
	file.compression = decompressor->codec ? decompressor->codec->name : NULL;
	file.cut_short = decompressor->cut_short;
	file.size = stream->size;
	file.sieved = stream->sieved;
	*ret = file;
	return NULL;
}

ssize_t file_start(int descriptor, void *start, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t part = pread(descriptor, (char *)start + done, size - done, (off_t)done);

		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return -1;
		if (!part)
			break;
		done += (size_t)part;
	}
	return (ssize_t)done;
}

static const struct err *read_source(struct stream *stream, const struct stat *status, struct file_bytes *ret)
{
	unsigned char start[6];
	const struct err *err;
	ssize_t size;

	if (!S_ISREG(status->st_mode))
		return decompress(stream, ret);
	size = file_start(stream->source->input, start, sizeof start);
	if (size < 0)
		return err_new(stream->arena, ERR_IO, "%s", strerror(errno));
	if (file_compressed((struct span){start, (size_t)size})) {
		lseek(stream->source->input, 0, SEEK_SET);
		stream->input_size = (uint64_t)status->st_size;
		return decompress(stream, ret);
	}
	err = mapping_new(stream->arena, arena_strdup(stream->arena, stream->path), stream->source->input,
			  (uint64_t)status->st_size, &stream->source->mapped);
	*ret = (struct file_bytes){.bytes = stream->source->mapped, .size = stream->source->mapped.size};
	return err;
}

static const struct err *open_input(struct stream *stream, struct stat *status)
{
	struct arena *arena = stream->arena;
	struct source *source = stream->source;
	const char *path = stream->path;

	source->input = strcmp(path, "-") ? file_open(stream->options->root, path) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	if (source->input < 0 || fstat(source->input, status))
		return err_new(arena, ERR_IO, "%s", strerror(errno));
	if (S_ISDIR(status->st_mode))
		return err_new(arena, ERR_IO, "%s", strerror(EISDIR));
	if (S_ISREG(status->st_mode) || S_ISFIFO(status->st_mode) || S_ISSOCK(status->st_mode))
		return NULL;
	return err_new(arena, ERR_IO, "it is neither a file nor a pipe");
}

const struct err *file_map(struct arena *arena, const char *path, const struct file_options *options, struct file_bytes *ret)
{
	const struct file_options defaults = {0};
	struct stream stream = {.arena = arena, .path = path, .options = options ? options : &defaults};
	const struct err *err;
	struct file_bytes file;
	struct stat status;

	stream.source = source_new(arena);
	err = open_input(&stream, &status);
	if (!err)
		err = read_source(&stream, &status, &file);
	source_finish(stream.source);
	if (err)
		return err_because(arena, err, "%s", strcmp(path, "-") ? path : "standard input");
	*ret = file;
	return NULL;
}
