/* compressed.c: see compressed.h: libarchive's raw pseudo-format with one filter. */
#include "formats/archive/compressed.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 1 << 17 };

struct compressed {
	struct archive *archive;
	FILE *under;
};

static la_ssize_t pass_on(struct archive *archive, void *context, const void *bytes, size_t size)
{
	struct compressed *compressed = context;

	if (fwrite(bytes, 1, size, compressed->under) == size)
		return (la_ssize_t)size;
	archive_set_error(archive, EIO, "the stream below took no more");
	return -1;
}

/* As fopencookie(3) wants it: 0 says that it failed. */
static ssize_t take(void *cookie, const char *bytes, size_t size)
{
	struct compressed *compressed = cookie;

	return archive_write_data(compressed->archive, bytes, size) == (la_ssize_t)size ? (ssize_t)size : 0;
}

static int finish(void *cookie)
{
	struct compressed *compressed = cookie;
	const int status = archive_write_close(compressed->archive);

	archive_write_free(compressed->archive);
	free(compressed);
	return status == ARCHIVE_OK ? 0 : EOF;
}

static bool begin(struct compressed *compressed)
{
	struct archive *archive = compressed->archive;
	struct archive_entry *entry = archive_entry_new();
	bool begun;

	if (!entry)
		return false;
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_write_set_bytes_in_last_block(archive, 1);
	begun = archive_write_add_filter_zstd(archive) == ARCHIVE_OK && archive_write_set_format_raw(archive) == ARCHIVE_OK &&
		archive_write_open(archive, compressed, NULL, pass_on, NULL) == ARCHIVE_OK &&
		archive_write_header(archive, entry) == ARCHIVE_OK;
	archive_entry_free(entry);
	return begun;
}

FILE *compressed_open(FILE *under)
{
	const cookie_io_functions_t functions = {.write = take, .close = finish};
	struct compressed *compressed = calloc(1, sizeof *compressed);
	FILE *stream = NULL;

	if (!compressed)
		return NULL;
	compressed->under = under;
	compressed->archive = archive_write_new();
	if (compressed->archive && begin(compressed))
		stream = fopencookie(compressed, "w", functions);
	if (stream) {
		setvbuf(stream, NULL, _IOFBF, BUFFER);
		return stream;
	}
	archive_write_free(compressed->archive);
	free(compressed);
	return NULL;
}
