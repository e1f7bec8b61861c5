/* archive.c: compressed input through libarchive's filters (with its "raw" pseudo-format), and plain files by mmap.
 *
 * Decompressed data is spooled (spool.h): pages of zeros are holes, as they were in the core. Compression is told by
 * magic bytes, never by the name: zstd RFC 8878 3.1.1, LZ4 frame format 1.6 "Magic Number", xz file format 2.1.1.1, gzip
 * RFC 1952 2.3.1. */
#include "formats/archive/archive.h"

#include "base/files.h"
#include "base/mapping.h"
#include "formats/archive/spool.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_MAX_SIZE (UINT64_C(64) << 30)

enum { INPUT_BLOCK = 1 << 18 };

struct magic {
	const char *name;
	size_t size;
	unsigned char bytes[6];
};

static const struct magic magics[] = {
	{"zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}},
	{"lz4", 4, {0x04, 0x22, 0x4d, 0x18}},
	{"xz", 6, {0xfd, '7', 'z', 'X', 'Z', 0}},
	{"gzip", 3, {0x1f, 0x8b, 0x08}},
};

/* Everything that must be closed, registered with the arena before it is opened, since arena_alloc may not return. */
struct source {
	int input;
	struct spool spool;
	struct archive *archive;
	struct span mapped;
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
	if (source->archive)
		archive_read_free(source->archive);
	source->archive = NULL;
	close_descriptor(&source->input);
	spool_close(&source->spool);
}

static void source_release(void *object)
{
	struct source *source = object;

	source_finish(source);
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

static const char *compression_of(struct span start)
{
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (start.size >= magics[i].size && !memcmp(start.data, magics[i].bytes, magics[i].size))
			return magics[i].name;
	return NULL;
}

bool file_compressed(struct span start)
{
	return compression_of(start) != NULL;
}

/* A stream being decompressed. */
struct stream {
	struct arena *arena;
	const char *path;
	struct source *source;
	const struct file_options *options;
	uint64_t input_size; /* 0: unknown */
	bool cut_short;
	uint64_t size;       /* of what came so far */
	uint8_t *start;      /* … its first bytes, until there are enough of them to ask the sieve; NULL: there is none, or it was asked */
	void *sieved;        /* the state of the sieve; NULL: all is kept */
};

static void show_progress(const struct stream *stream)
{
	struct archive *archive = stream->source->archive;
	const bool plain = archive_filter_code(archive, 0) == ARCHIVE_FILTER_NONE;
	const la_int64_t taken = archive_filter_bytes(archive, -1); /* from the file itself */

	progress_report(stream->options->progress, plain ? PROGRESS_COPYING : PROGRESS_DECOMPRESSING,
			taken > 0 ? (uint64_t)taken : 0, stream->input_size);
}

/* Why reading failed, when it was not what was read: the disk, or memory. NULL: the stream is damaged or ends too early. */
static const struct err *trouble(const struct stream *stream)
{
	const int number = archive_errno(stream->source->archive);

	if (number == ENOMEM)
		return err_new(stream->arena, ERR_LIMIT, "no memory to decompress it");
	if (number <= 0 || number == EILSEQ || number == EINVAL) /* ARCHIVE_ERRNO_FILE_FORMAT, _PROGRAMMER */
		return NULL;
	return err_new(stream->arena, ERR_IO, "%s", strerror(number));
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

static const struct err *spool_all(struct stream *stream)
{
	for (;;) {
		const struct err *err;
		const void *data;
		size_t size;
		la_int64_t offset; /* raw streams have no gaps: always the sum of the sizes */
		int status;

		if (stream->options->cancelled && stream->options->cancelled())
			return err_new(stream->arena, ERR_IO, "cancelled");
		status = archive_read_data_block(stream->source->archive, &data, &size, &offset);
		if (status == ARCHIVE_EOF)
			break;
		if (status == ARCHIVE_RETRY)
			continue;
		if (status < ARCHIVE_WARN) {
			stream->cut_short = true;
			return trouble(stream);
		}
		err = take(stream, (struct span){data, size});
		if (err)
			return err;
		show_progress(stream);
	}
	return NULL;
}

static const struct err *archive_failure(struct stream *stream, const char *what)
{
	const char *text = archive_error_string(stream->source->archive);
	const struct err *err = trouble(stream);

	return err ? err_because(stream->arena, err, "%s", what) : err_new(stream->arena, ERR_BAD_DATA, "%s: %s", what, text ? text : "unknown reason");
}

/* Starts the stream; *ret_empty: it has no bytes at all, which libarchive's raw format does not accept. */
static const struct err *stream_open(struct stream *stream, bool *ret_empty)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	int status;

	if (!archive)
		return err_new(stream->arena, ERR_LIMIT, "no memory");
	stream->source->archive = archive;
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_lz4(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_format_raw(archive);
	archive_read_support_format_empty(archive);
	if (archive_read_open_fd(archive, stream->source->input, INPUT_BLOCK) < ARCHIVE_WARN)
		return archive_failure(stream, "it cannot be read");
	status = archive_read_next_header(archive, &entry);
	*ret_empty = status == ARCHIVE_EOF;
	if (!*ret_empty && status < ARCHIVE_WARN)
		return archive_failure(stream, "its compressed data is damaged from the start");
	return NULL;
}

/* libarchive's filter names equal ours; "none" is the plain stream of a pipe. */
static const char *filter_name(struct arena *arena, struct archive *archive)
{
	const char *name = archive_filter_name(archive, 0);

	return name && strcmp(name, "none") ? arena_strdup(arena, name) : NULL;
}

static const struct err *decompress(struct stream *stream, struct file_bytes *ret)
{
	const uint64_t max_size = stream->options->max_size ? stream->options->max_size : DEFAULT_MAX_SIZE;
	struct source *source = stream->source;
	struct file_bytes file = {0};
	const struct err *err;
	bool empty = false;

	stream->start = stream->options->sieve ? arena_alloc(stream->arena, SIEVE_START) : NULL;
	err = spool_open(stream->arena, max_size, &source->spool);
	if (!err)
		err = stream_open(stream, &empty);
	if (!err && !empty)
		err = spool_all(stream);
	if (!err)
		err = end(stream);
	if (!err)
		err = spool_map(stream->arena, &source->spool, &source->mapped);
	if (err)
		return err;
	file.bytes = source->mapped;
	file.compression = filter_name(stream->arena, source->archive);
	file.cut_short = stream->cut_short;
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

static const struct err *open_input(struct arena *arena, const char *path, struct source *source, struct stat *status)
{
	source->input = strcmp(path, "-") ? file_open(path) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
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
	err = open_input(arena, path, stream.source, &status);
	if (!err)
		err = read_source(&stream, &status, &file);
	source_finish(stream.source);
	if (err)
		return err_because(arena, err, "%s", strcmp(path, "-") ? path : "standard input");
	*ret = file;
	return NULL;
}
