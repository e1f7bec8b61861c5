/* report_file.c: see report_file.h. */
#include "lib/report_file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { COPY_BLOCK = 1 << 16 };

static void close_stream(void *stream)
{
	fclose(stream);
}

const struct err *report_file_open(struct arena *arena, FILE **ret)
{
	FILE *file = tmpfile();
	int descriptor;

	if (!file) {
		descriptor = memfd_create("tornstack-report", MFD_CLOEXEC);
		file = descriptor < 0 ? NULL : fdopen(descriptor, "w+");
		if (!file && descriptor >= 0)
			close(descriptor);
	}
	if (!file)
		return err_new(arena, ERR_IO, "cannot make a temporary file for the report: %s", strerror(errno));
	arena_defer(arena, close_stream, file);
	*ret = file;
	return NULL;
}

bool report_file_copy(FILE *file, FILE *out)
{
	char block[COPY_BLOCK];
	size_t size;

	rewind(file);
	while ((size = fread(block, 1, sizeof block, file)) > 0)
		if (fwrite(block, 1, size, out) != size)
			return true;
	return !ferror(file);
}
