/* members.c: see members.h. Everything is read as a stream, once; an archive in an archive reads
 * from it, so that only what is wanted is ever spooled. Magic numbers as in archive.c, and: ar(5), tar(5) "ustar",
 * cpio(5), APPNOTE.TXT 4.3.7 (zip), bzip2, the RPM file format. */
#include "formats/archive/members.h"

#include "base/files.h"
#include "base/mapping.h"
#include "formats/archive/decompressor.h"
#include "formats/archive/libarchive.h"
#include "formats/archive/spool.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_LIMIT = 4, MEMBER_LIMIT = 1 << 20, INPUT_BLOCK = 1 << 18 };

/* Of all that is decompressed: what makes much of little ends here. deflate makes at most 1,032 bytes of one; to open an archive
 * counts as so many bytes. */
#define TOTAL_LIMIT (UINT64_C(64) << 30)
enum { TOTAL_FLOOR = 256 << 20, RATIO_LIMIT = 1100, OPEN_BYTES = 1 << 18 };

static const struct {
	size_t offset, size;
	const char *bytes;
} magics[] = {
	{0, 8, "!<arch>\n"},
	{0, 4, "PK\3\4"},
	{257, 5, "ustar"},
	{0, 5, "07070"},
	{0, 4, "\xed\xab\xee\xdb"},
	{0, 4, "\x28\xb5\x2f\xfd"},
	{0, 4, "\x04\x22\x4d\x18"},
	{0, 6,
	 "\xfd"
	 "7zXZ\0"},
	{0, 3, "\x1f\x8b\x08"},
	{0, 3, "BZh"},
};

struct visit {
	struct arena *arena;
	const struct libarchive *library;
	const struct archive_search *search;
	uint64_t total, budget; /* bytes */
	size_t members;
	const struct err *limit; /* why no more is read; NULL: goes on */
};

/* An archive being read, and of its present member what was read ahead to tell what it is. */
struct level {
	struct visit *visit;
	struct archive *archive;
	const char *path;
	int depth;
	uint8_t start[ARCHIVE_START];
	struct span ahead, rest; /* in `start`, and in libarchive's block */
};

void archive_prepare(void)
{
	libarchive();
}

bool archive_magic(struct span start)
{
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		struct span part = span_slice(start, magics[i].offset, magics[i].size);

		if (part.size && !memcmp(part.data, magics[i].bytes, part.size))
			return true;
	}
	return false;
}

static void release(void *object)
{
	struct level *level = object;

	if (level->archive)
		level->visit->library->read_free(level->archive);
	level->archive = NULL;
}

/* Not all filters: some run programs. */
static void support_all(const struct libarchive *library, struct archive *archive)
{
	library->read_support_filter_bzip2(archive);
	library->read_support_filter_gzip(archive);
	library->read_support_filter_lz4(archive);
	library->read_support_filter_rpm(archive);
	library->read_support_filter_xz(archive);
	library->read_support_filter_zstd(archive);
	library->read_support_format_ar(archive);
	library->read_support_format_cpio(archive);
	library->read_support_format_tar(archive);
	library->read_support_format_zip(archive);
	library->read_support_format_raw(archive);
	library->read_support_format_empty(archive);
}

static struct level *level_new(struct visit *visit, const char *path, int depth)
{
	const struct libarchive *library = visit->library;
	struct level *level = arena_alloc(visit->arena, sizeof *level);

	arena_defer(visit->arena, release, level);
	level->visit = visit;
	level->path = path;
	level->depth = depth;
	visit->total += OPEN_BYTES;
	level->archive = library->read_new();
	if (level->archive)
		support_all(library, level->archive);
	return level;
}

static const struct err *failure(struct level *level, const char *what)
{
	const char *text = level->archive ? level->visit->library->error_string(level->archive) : "no memory";

	return err_new(level->visit->arena, ERR_BAD_DATA, "%s: %s", what, text ? text : "unknown reason");
}

static bool may_go_on(struct visit *visit)
{
	if (!visit->limit && cancelled(&visit->search->cancel))
		visit->limit = err_new(visit->arena, ERR_IO, "cancelled");
	if (!visit->limit && visit->total > visit->budget)
		visit->limit = err_new(visit->arena, ERR_LIMIT, "it decompresses to more than %llu MiB, as no honest archive of its "
							      "size does", (unsigned long long)(visit->budget >> 20));
	if (!visit->limit && visit->members > MEMBER_LIMIT)
		visit->limit = err_new(visit->arena, ERR_LIMIT, "it has more than %d members", MEMBER_LIMIT);
	return !visit->limit;
}

/* The next block of the present member; empty at its end. *damaged: it ends too early. */
static struct span next_block(struct level *level, bool *damaged)
{
	const void *data = NULL;
	size_t size = 0;
	la_int64_t offset;
	int status = ARCHIVE_RETRY;

	while (status == ARCHIVE_RETRY || (status >= ARCHIVE_WARN && status != ARCHIVE_EOF && !size)) {
		if (!may_go_on(level->visit))
			return (struct span){0};
		status = level->visit->library->read_data_block(level->archive, &data, &size, &offset);
	}
	*damaged |= status < ARCHIVE_WARN;
	if (status == ARCHIVE_EOF || status < ARCHIVE_WARN)
		return (struct span){0};
	level->visit->total += size;
	return (struct span){data, size};
}

/* Fills `start` with the member's first bytes. */
static void read_ahead(struct level *level, bool *damaged)
{
	size_t filled = 0;

	level->rest = (struct span){0};
	while (filled < ARCHIVE_START && !*damaged) {
		struct span block = next_block(level, damaged);
		size_t part = block.size < ARCHIVE_START - filled ? block.size : ARCHIVE_START - filled;

		if (!part)
			break;
		memcpy(level->start + filled, block.data, part);
		filled += part;
		level->rest = span_from(block, part);
	}
	level->ahead = (struct span){level->start, filled};
}

/* The member from its beginning, in pieces. */
static struct span next_piece(struct level *level, bool *damaged)
{
	struct span piece = level->ahead.size ? level->ahead : level->rest;

	if (level->ahead.size)
		level->ahead = (struct span){0};
	else
		level->rest = (struct span){0};
	return piece.size ? piece : next_block(level, damaged);
}

/* ---- a member that is wanted ---- */

static const struct err *spool_member(struct level *level, struct spool *spool, struct span *bytes, bool *damaged)
{
	struct visit *visit = level->visit;
	const struct err *err = spool_open(visit->arena, visit->search->max_size, spool);

	while (!err) {
		struct span piece = next_piece(level, damaged);

		if (!piece.size)
			break;
		err = spool_append(visit->arena, spool, piece.data, piece.size);
	}
	return err ? err : spool_map(visit->arena, spool, bytes);
}

static void visit_member(struct level *level, const char *path, bool damaged)
{
	const struct archive_search *search = level->visit->search;
	struct span bytes = {0};
	struct spool spool;
	const struct err *err = spool_member(level, &spool, &bytes, &damaged);

	spool_close(&spool);
	if (err)
		search->fail(search->context, path, err);
	else if (may_go_on(level->visit))
		search->visit(search->context, path, bytes, damaged);
	mapping_release(&bytes);
}

/* ---- archives in archives ---- */

static const struct err *visit_level(struct level *level);

static la_ssize_t read_outer(struct archive *archive, void *context, const void **ret)
{
	struct level *outer = context;
	bool damaged = false;
	struct span piece = next_piece(outer, &damaged);

	if (damaged) {
		outer->visit->library->set_error(archive, EIO, "the archive that holds it is damaged");
		return ARCHIVE_FATAL;
	}
	*ret = piece.data;
	return (la_ssize_t)piece.size;
}

static void visit_nested(struct level *outer, const char *path)
{
	struct level *level = level_new(outer->visit, path, outer->depth + 1);
	const struct archive_search *search = outer->visit->search;
	const struct err *err;

	if (!level->archive || outer->visit->library->read_open(level->archive, outer, NULL, read_outer, NULL) < ARCHIVE_WARN)
		err = failure(level, "it cannot be read");
	else
		err = visit_level(level);
	if (err)
		search->fail(search->context, path, err);
	release(level);
}

/* A compressed file has one member without a name of its own. */
static const char *member_path(struct level *level, struct archive_entry *entry)
{
	const struct libarchive *library = level->visit->library;
	const char *name = library->entry_pathname(entry);

	if (library->format(level->archive) == ARCHIVE_FORMAT_RAW)
		return level->path;
	if (!name)
		name = library->entry_pathname_utf8(entry);
	while (name && !strncmp(name, "./", 2))
		name += 2;
	return arena_printf(level->visit->arena, "%s/%s", level->path, name ? name : "?");
}

/* Of an ar member the mode may be permissions only: binutils' ar writes those. */
static bool is_file(struct level *level, struct archive_entry *entry)
{
	const struct libarchive *library = level->visit->library;
	const unsigned type = library->entry_filetype(entry), format = (unsigned)library->format(level->archive) & ARCHIVE_FORMAT_BASE_MASK;

	return type == AE_IFREG || (!type && format == ARCHIVE_FORMAT_AR);
}

static void visit_entry(struct level *level, struct archive_entry *entry)
{
	bool damaged = false, wanted, archive;

	if (!is_file(level, entry))
		return;
	read_ahead(level, &damaged);
	wanted = level->visit->search->wanted(level->ahead);
	archive = !wanted && archive_magic(level->ahead) && level->depth < DEPTH_LIMIT;
	if (wanted)
		visit_member(level, member_path(level, entry), damaged);
	else if (archive)
		visit_nested(level, member_path(level, entry));
}

static const struct err *visit_level(struct level *level)
{
	struct archive_entry *entry;
	int status = ARCHIVE_OK;

	while (may_go_on(level->visit)) {
		status = level->visit->library->read_next_header(level->archive, &entry);
		if (status == ARCHIVE_EOF || status < ARCHIVE_WARN)
			break;
		if (status == ARCHIVE_RETRY)
			continue;
		level->visit->members++;
		visit_entry(level, entry);
	}
	if (level->visit->limit)
		return level->depth ? NULL : level->visit->limit; /* said once */
	return status < ARCHIVE_WARN ? failure(level, "it is damaged") : NULL;
}

/* What an archive of that size may hold. */
static uint64_t budget_of(int descriptor)
{
	struct stat status;
	const uint64_t size = fstat(descriptor, &status) || status.st_size < 0 ? 0 : (uint64_t)status.st_size;

	return size > (TOTAL_LIMIT - TOTAL_FLOOR) / RATIO_LIMIT ? TOTAL_LIMIT : TOTAL_FLOOR + size * RATIO_LIMIT;
}

/* ---- without libarchive ---- */

static const struct err *absent(struct arena *arena)
{
	return err_new(arena, ERR_ABSENT, "archives are read by libarchive, which is not installed (Debian, Ubuntu: libarchive13; Fedora: libarchive)");
}

static const struct err *spool_stream(struct visit *visit, struct decompressor *decompressor, struct spool *spool, struct span *bytes)
{
	const struct err *err = spool_open(visit->arena, visit->search->max_size, spool);
	bool known = false;

	while (!err) {
		struct span block;

		err = decompressor_next(visit->arena, decompressor, &block);
		if (err || !block.size)
			break;
		visit->total += block.size;
		if (!may_go_on(visit))
			return visit->limit;
		known = known || visit->search->wanted(block);
		err = known ? spool_append(visit->arena, spool, block.data, block.size) : absent(visit->arena);
	}
	return err ? err : known ? spool_map(visit->arena, spool, bytes) : absent(visit->arena);
}

static void release_decompressor(void *decompressor)
{
	decompressor_close(decompressor);
}

/* A compressed file that is no archive needs no more than its codec. */
static const struct err *visit_compressed(struct visit *visit, const char *path, int descriptor)
{
	struct decompressor *decompressor = arena_alloc(visit->arena, sizeof *decompressor);
	struct span bytes = {0};
	struct spool spool = {.descriptor = -1};
	const struct err *err;

	arena_defer(visit->arena, release_decompressor, decompressor);
	err = decompressor_open(visit->arena, descriptor, decompressor);
	decompressor->cancel = visit->search->cancel;
	if (!err)
		err = decompressor->codec ? spool_stream(visit, decompressor, &spool, &bytes) : absent(visit->arena);
	spool_close(&spool);
	decompressor_close(decompressor);
	if (!err)
		visit->search->visit(visit->search->context, path, bytes, decompressor->cut_short);
	mapping_release(&bytes);
	return err;
}

static void close_descriptor(void *descriptor)
{
	close(*(int *)descriptor);
}

const struct err *archive_visit(struct arena *arena, const char *path, const struct archive_search *search)
{
	struct visit visit = {.arena = arena, .library = libarchive(), .search = search};
	int *descriptor = arena_alloc(arena, sizeof *descriptor);
	struct level *level;
	const struct err *err;

	*descriptor = file_open(NULL, path);
	if (*descriptor < 0)
		return err_new(arena, ERR_IO, "%s", strerror(errno));
	arena_defer(arena, close_descriptor, descriptor);
	visit.budget = budget_of(*descriptor);
	if (!visit.library)
		return visit_compressed(&visit, path, *descriptor);
	level = level_new(&visit, path, 0);
	if (!level->archive || visit.library->read_open_fd(level->archive, *descriptor, INPUT_BLOCK) < ARCHIVE_WARN)
		err = failure(level, "it cannot be read");
	else
		err = visit_level(level);
	release(level);
	return err;
}
