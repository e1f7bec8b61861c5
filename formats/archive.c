/* archive.c: compressed input through libarchive's filters (with its "raw" pseudo-format), and plain files by mmap.
 *
 * Decompressed data goes into an unlinked temporary file in which pages of zeros are holes, as they were in the core,
 * so that memory and disk hold only what is really there. Compression is told by magic bytes, never by the name:
 * zstd RFC 8878 3.1.1, LZ4 frame format 1.6 "Magic Number", xz file format 2.1.1.1, gzip RFC 1952 2.3.1. */
#include "formats/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_MAX_SIZE (UINT64_C(64) << 30)

enum { HOLE = 4096, INPUT_BLOCK = 1 << 18 };

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
	int spool;
	struct archive *archive;
	void *memory;
	size_t size;
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
	close_descriptor(&source->spool);
}

static void source_release(void *object)
{
	struct source *source = object;

	source_finish(source);
	if (source->memory)
		munmap(source->memory, source->size);
	source->memory = NULL;
}

static struct source *source_new(struct arena *arena)
{
	struct source *source = arena_alloc(arena, sizeof *source);

	source->input = -1;
	source->spool = -1;
	arena_defer(arena, source_release, source);
	return source;
}

/* MAP_PRIVATE: whoever writes to the file meanwhile, this process never does. */
static const struct err *map(struct arena *arena, struct source *source, int descriptor, uint64_t size,
			     struct span *ret)
{
	void *memory;

	if (size > SIZE_MAX / 2)
		return err_new(arena, ERR_LIMIT, "the file is too large to be mapped");
	if (!size) {
		*ret = (struct span){0};
		return NULL;
	}
	memory = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	if (memory == MAP_FAILED)
		return err_new(arena, ERR_IO, "mapping it failed: %s", strerror(errno));
	source->memory = memory;
	source->size = (size_t)size;
	*ret = (struct span){memory, (size_t)size};
	return NULL;
}

static const char *compression_of(struct span start)
{
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (start.size >= magics[i].size && !memcmp(start.data, magics[i].bytes, magics[i].size))
			return magics[i].name;
	return NULL;
}

static int temporary_file(struct arena *arena)
{
	const char *folder = getenv("TMPDIR");
	char *template;
	int descriptor;

	if (!folder || !*folder)
		folder = "/tmp";
	descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	if (descriptor >= 0)
		return descriptor;
	template = arena_printf(arena, "%s/tornstack-XXXXXX", folder);
	descriptor = mkostemp(template, O_CLOEXEC);
	if (descriptor >= 0)
		unlink(template);
	return descriptor;
}

static bool all_zero(const unsigned char *data, size_t size)
{
	return !size || (!data[0] && !memcmp(data, data + 1, size - 1));
}

static bool write_all(int descriptor, const unsigned char *data, size_t size, uint64_t offset)
{
	while (size) {
		ssize_t written = pwrite(descriptor, data, size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		data += written;
		size -= (size_t)written;
		offset += (uint64_t)written;
	}
	return true;
}

/* Writes a block at an offset of the spool, leaving out what is zero, by aligned pages. */
static bool write_sparse(int descriptor, const unsigned char *data, size_t size, uint64_t offset)
{
	size_t start = 0; /* of the bytes not yet written */
	size_t at = 0;

	while (at < size) {
		size_t step = HOLE - (size_t)((offset + at) % HOLE);

		if (step > size - at)
			step = size - at;
		if (all_zero(data + at, step)) {
			if (!write_all(descriptor, data + start, at - start, offset + start))
				return false;
			start = at + step;
		}
		at += step;
	}
	return write_all(descriptor, data + start, size - start, offset + start);
}

struct spool {
	struct arena *arena;
	struct source *source;
	uint64_t max_size;
	bool (*cancelled)(void);
	uint64_t size;
	bool cut_short;
};

static const struct err *spool_block(struct spool *spool, const void *data, size_t size)
{
	if (size > spool->max_size - spool->size)
		return err_new(spool->arena, ERR_LIMIT,
			       "it holds more than %llu bytes; raise the limit with --max-size",
			       (unsigned long long)spool->max_size);
	if (!write_sparse(spool->source->spool, data, size, spool->size))
		return err_new(spool->arena, ERR_IO, "writing its contents to a temporary file (see TMPDIR) failed: %s",
			       strerror(errno));
	spool->size += size;
	return NULL;
}

static const struct err *spool_all(struct spool *spool)
{
	for (;;) {
		const struct err *err;
		const void *data;
		size_t size;
		la_int64_t offset; /* raw streams have no gaps: always the sum of the sizes */
		int status;

		if (spool->cancelled && spool->cancelled())
			return err_new(spool->arena, ERR_IO, "cancelled");
		status = archive_read_data_block(spool->source->archive, &data, &size, &offset);
		if (status == ARCHIVE_EOF)
			break;
		if (status == ARCHIVE_RETRY)
			continue;
		if (status < ARCHIVE_WARN) {
			spool->cut_short = true;
			break;
		}
		err = spool_block(spool, data, size);
		if (err)
			return err;
	}
	if (ftruncate(spool->source->spool, (off_t)spool->size))
		return err_new(spool->arena, ERR_IO, "extending a temporary file (see TMPDIR) failed: %s",
			       strerror(errno));
	return NULL;
}

static const struct err *archive_failure(struct spool *spool, const char *what)
{
	const char *text = archive_error_string(spool->source->archive);

	return err_new(spool->arena, ERR_BAD_DATA, "%s: %s", what, text ? text : "unknown reason");
}

/* Starts the stream; *ret_empty: it has no bytes at all, which libarchive's raw format does not accept. */
static const struct err *stream_open(struct spool *spool, bool *ret_empty)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	int status;

	if (!archive)
		return err_new(spool->arena, ERR_LIMIT, "no memory");
	spool->source->archive = archive;
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_lz4(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_format_raw(archive);
	archive_read_support_format_empty(archive);
	if (archive_read_open_fd(archive, spool->source->input, INPUT_BLOCK) < ARCHIVE_WARN)
		return archive_failure(spool, "it cannot be read");
	status = archive_read_next_header(archive, &entry);
	*ret_empty = status == ARCHIVE_EOF;
	if (!*ret_empty && status < ARCHIVE_WARN)
		return archive_failure(spool, "its compressed data is damaged from the start");
	return NULL;
}

/* libarchive's filter names equal ours; "none" is the plain stream of a pipe. */
static const char *filter_name(struct arena *arena, struct archive *archive)
{
	const char *name = archive_filter_name(archive, 0);

	return name && strcmp(name, "none") ? arena_strdup(arena, name) : NULL;
}

static const struct err *decompress(struct spool *spool, struct file_bytes *ret)
{
	struct source *source = spool->source;
	struct file_bytes file = {0};
	const struct err *err;
	bool empty = false;

	source->spool = temporary_file(spool->arena);
	if (source->spool < 0)
		return err_new(spool->arena, ERR_IO, "no temporary file can be made (see TMPDIR): %s", strerror(errno));
	err = stream_open(spool, &empty);
	if (!err && !empty)
		err = spool_all(spool);
	if (!err)
		err = map(spool->arena, source, source->spool, spool->size, &file.bytes);
	if (err)
		return err;
	file.compression = filter_name(spool->arena, source->archive);
	file.cut_short = spool->cut_short;
	*ret = file;
	return NULL;
}

static const struct err *read_source(struct spool *spool, const struct stat *status, struct file_bytes *ret)
{
	unsigned char start[6];
	ssize_t size;

	if (!S_ISREG(status->st_mode))
		return decompress(spool, ret);
	size = pread(spool->source->input, start, sizeof start, 0);
	if (size < 0)
		return err_new(spool->arena, ERR_IO, "%s", strerror(errno));
	if (compression_of((struct span){start, (size_t)size})) {
		lseek(spool->source->input, 0, SEEK_SET);
		return decompress(spool, ret);
	}
	*ret = (struct file_bytes){0};
	return map(spool->arena, spool->source, spool->source->input, (uint64_t)status->st_size, &ret->bytes);
}

static const struct err *open_input(struct arena *arena, const char *path, struct source *source, struct stat *status)
{
	source->input = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	if (source->input < 0 || fstat(source->input, status))
		return err_new(arena, ERR_IO, "%s", strerror(errno));
	if (S_ISDIR(status->st_mode))
		return err_new(arena, ERR_IO, "%s", strerror(EISDIR));
	if (S_ISREG(status->st_mode) || S_ISFIFO(status->st_mode) || S_ISSOCK(status->st_mode))
		return NULL;
	return err_new(arena, ERR_IO, "it is neither a file nor a pipe");
}

const struct err *file_map(struct arena *arena, const char *path, uint64_t max_size, bool (*cancelled)(void),
			   struct file_bytes *ret)
{
	struct spool spool = {
		.arena = arena,
		.max_size = max_size ? max_size : DEFAULT_MAX_SIZE,
		.cancelled = cancelled,
	};
	const struct err *err;
	struct file_bytes file;
	struct stat status;

	spool.source = source_new(arena);
	err = open_input(arena, path, spool.source, &status);
	if (!err)
		err = read_source(&spool, &status, &file);
	source_finish(spool.source);
	if (err)
		return err_because(arena, err, "%s", strcmp(path, "-") ? path : "standard input");
	*ret = file;
	return NULL;
}
