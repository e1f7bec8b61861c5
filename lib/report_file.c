/* report_file.c: see report_file.h. */
#include "lib/report_file.h"

#include <errno.h>
#include <string.h>

enum { STREAM_BUFFER = 1 << 15 };

static bool pass(struct report_file *file)
{
	file->passing = true;
	if (file->begun)
		*file->begun = true;
	return fwrite(file->waiting, 1, file->size, file->out) == file->size;
}

/* As fopencookie(3) wants it: 0 says that it failed. */
static ssize_t take(void *cookie, const char *bytes, size_t size)
{
	struct report_file *file = cookie;

	if (!file->passing && size <= REPORT_FILE_WAITS - file->size) {
		memcpy(file->waiting + file->size, bytes, size);
		file->size += size;
		return (ssize_t)size;
	}
	if (ferror(file->out) || (!file->passing && !pass(file)))
		return 0;
	return (ssize_t)fwrite(bytes, 1, size, file->out);
}

static void close_stream(void *stream)
{
	fclose(stream);
}

const struct err *report_file_open(struct arena *arena, FILE *out, struct report_file **ret)
{
	const cookie_io_functions_t functions = {.write = take};
	struct report_file *file = arena_alloc(arena, sizeof *file);

	*file = (struct report_file){.out = out, .waiting = arena_alloc(arena, REPORT_FILE_WAITS)};
	file->stream = fopencookie(file, "w", functions);
	if (!file->stream)
		return err_new(arena, ERR_IO, "cannot open a stream for the report: %s", strerror(errno));
	arena_defer(arena, close_stream, file->stream);
	setvbuf(file->stream, arena_alloc(arena, STREAM_BUFFER), _IOFBF, STREAM_BUFFER);
	*ret = file;
	return NULL;
}

void report_file_finish(struct report_file *file)
{
	if (!fflush(file->stream) && !file->passing)
		pass(file);
}
