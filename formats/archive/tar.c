/* tar.c: see tar.h. Written by libarchive; read here, since a confined process can load no library, and its parent does not know what a
 * compressed file will be. */
#include "formats/archive/tar.h"

#include "formats/archive/libarchive.h"

#include <errno.h>
#include <string.h>

/* POSIX.1-2017, pax, "ustar Interchange Format": offsets and sizes of the header's fields. */
enum {
	NAME = 100, /* bytes, at the start */
	SIZE_AT = 124, SIZE_DIGITS = 12,
	SUM_AT = 148, SUM_DIGITS = 8,
	TYPE_AT = 156,
	MAGIC_AT = 257,
	BLOCK = 512,
};
enum { READABLE = 0644, MEMBERS_MOST = 64 };

/* ---- writing ---- */

struct writing {
	const struct libarchive *library;
	struct archive *archive;
	struct archive_entry *entry;
	FILE *out;
};

static la_ssize_t pass_on(struct archive *archive, void *context, const void *bytes, size_t size)
{
	const struct writing *writing = context;

	if (fwrite(bytes, 1, size, writing->out) == size)
		return (la_ssize_t)size;
	writing->library->set_error(archive, EIO, "the stream took no more");
	return -1;
}

static bool begin(struct writing *writing)
{
	const struct libarchive *library = writing->library;
	struct archive *archive = writing->archive;

	library->write_set_bytes_in_last_block(archive, 1);
	return library->write_add_filter_zstd(archive) == ARCHIVE_OK && library->write_set_format_pax_restricted(archive) == ARCHIVE_OK &&
	       library->write_open(archive, writing, NULL, pass_on, NULL) == ARCHIVE_OK;
}

static bool add(const struct writing *writing, const struct tar_member *member, int64_t time)
{
	const struct libarchive *library = writing->library;
	struct archive_entry *entry = writing->entry;
	const size_t size = member->bytes.size;

	library->entry_clear(entry);
	library->entry_set_pathname(entry, member->name);
	library->entry_set_filetype(entry, AE_IFREG);
	library->entry_set_perm(entry, READABLE);
	library->entry_set_size(entry, (la_int64_t)size);
	library->entry_set_mtime(entry, time, 0);
	return library->write_header(writing->archive, entry) == ARCHIVE_OK &&
	       (!size || library->write_data(writing->archive, member->bytes.data, size) == (la_ssize_t)size);
}

const struct err *tar_write(struct arena *arena, const struct tar_member *members, size_t count, int64_t time, FILE *out)
{
	struct writing writing = {.library = libarchive(), .out = out};
	bool fine;

	if (!writing.library)
		return err_new(arena, ERR_LIMIT, "libarchive is not installed, and archives are made with it");
	writing.archive = writing.library->write_new();
	writing.entry = writing.library->entry_new();
	fine = writing.archive && writing.entry && begin(&writing);
	for (size_t i = 0; i < count && fine; i++)
		fine = add(&writing, &members[i], time);
	fine = fine && writing.library->write_close(writing.archive) == ARCHIVE_OK;
	writing.library->entry_free(writing.entry);
	writing.library->write_free(writing.archive);
	return fine || ferror(out) ? NULL : err_new(arena, ERR_LIMIT, "no memory for the archive");
}

/* ---- reading ---- */

/* A number in octal digits, with spaces before and a space or NUL behind. */
static bool octal(struct span header, size_t at, size_t digits, uint64_t *ret)
{
	const size_t end = at + digits;

	for (*ret = 0; at < end && header.data[at] == ' '; at++)
		;
	if (at == end || header.data[at] < '0' || header.data[at] > '7')
		return false;
	for (; at < end && header.data[at] >= '0' && header.data[at] <= '7'; at++)
		*ret = *ret << 3 | (uint64_t)(header.data[at] - '0');
	return at == end || header.data[at] == ' ' || !header.data[at];
}

/* The sum of the header's bytes, with spaces for the sum itself. */
static bool sum_fits(struct span header)
{
	uint64_t sum = 0, told;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= SUM_AT && i < SUM_AT + SUM_DIGITS ? ' ' : header.data[i];
	return octal(header, SUM_AT, SUM_DIGITS, &told) && told == sum;
}

static bool has_magic(struct span header)
{
	return header.size >= BLOCK && !memcmp(header.data + MAGIC_AT, "ustar", 5);
}

bool tar_begins(struct span bytes, const char *name)
{
	const char *first = has_magic(bytes) ? span_string(bytes, 0, NAME) : NULL;

	return first && !strcmp(first, name);
}

const struct err *tar_each(struct arena *arena, struct span bytes, void (*visit)(void *context, const char *name, struct span member),
			   void *context)
{
	const struct err *damaged = err_new(arena, ERR_BAD_DATA, "the archive is damaged or cut short");
	uint64_t at = 0, size;

	for (int count = 0; count < MEMBERS_MOST; count++) {
		const struct span header = span_slice(bytes, at, BLOCK);
		const char *name;

		if (!header.size || (!header.data[0] && at)) /* two blocks of zeros end it */
			return header.size ? NULL : damaged;
		name = span_string(header, 0, NAME);
		if (!has_magic(header) || !sum_fits(header) || !name || !octal(header, SIZE_AT, SIZE_DIGITS, &size) ||
		    size > bytes.size - at - BLOCK)
			return damaged;
		if (header.data[TYPE_AT] == '0' || !header.data[TYPE_AT])
			visit(context, name, span_slice(bytes, at + BLOCK, size));
		at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
	}
	return damaged;
}
