/* test_report_file.c: a report waits until it is whole, or longer than can wait; what its reader cannot take is noticed. */
#include "lib/report_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BUDGET ((size_t)1 << 24)

enum { PIECE = 1000 };

/* What comes out, on a stream that takes at most `room` bytes. */
struct reader {
	char *bytes;
	size_t size, room;
};

static ssize_t take(void *cookie, const char *bytes, size_t size)
{
	struct reader *reader = cookie;

	if (size > reader->room - reader->size) {
		errno = ENOSPC;
		return 0;
	}
	memcpy(reader->bytes + reader->size, bytes, size);
	reader->size += size;
	return (ssize_t)size;
}

struct scene {
	struct arena *arena;
	struct reader reader;
	FILE *out;
	struct report_file *file;
	size_t written;
};

static char byte_at(size_t index)
{
	return (char)('a' + index * 31 % 26);
}

static void open_scene(void *context)
{
	struct scene *scene = context;

	assert_null(report_file_open(scene->arena, scene->out, &scene->file));
}

static void begin(struct scene *scene, size_t room)
{
	const cookie_io_functions_t functions = {.write = take};

	*scene = (struct scene){.arena = arena_new(BUDGET), .reader = {.bytes = malloc(room + 1), .room = room}};
	scene->out = fopencookie(&scene->reader, "w", functions);
	assert_non_null(scene->out);
	assert_true(arena_run(scene->arena, open_scene, scene));
}

static void add(struct scene *scene, size_t size)
{
	char piece[PIECE];

	for (size_t n; size; size -= n) {
		n = size < PIECE ? size : PIECE;
		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(scene->written + i);
		scene->written += fwrite(piece, 1, n, scene->file->stream);
	}
}

/* Lets go of the report and of the stream that it went to. */
static void end(struct scene *scene)
{
	arena_free(scene->arena);
	fclose(scene->out);
	for (size_t i = 0; i < scene->reader.size; i++)
		assert_int_equal(scene->reader.bytes[i], byte_at(i));
	free(scene->reader.bytes);
}

static void finished(size_t size)
{
	struct scene scene;

	begin(&scene, size);
	add(&scene, size);
	report_file_finish(scene.file);
	assert_false(ferror(scene.out));
	assert_int_equal(fflush(scene.out), 0);
	assert_int_equal(scene.reader.size, size);
	end(&scene);
	assert_int_equal(scene.reader.size, size);
}

static void whole_reports(void **state)
{
	(void)state;
	finished(0);
	finished(1);
	finished(REPORT_FILE_WAITS);
	finished(REPORT_FILE_WAITS + 1);
	finished(3 * REPORT_FILE_WAITS + 17);
}

static void given_up(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, REPORT_FILE_WAITS);
	add(&scene, REPORT_FILE_WAITS);
	end(&scene);
	assert_int_equal(scene.reader.size, 0);
}

static void long_ones_pass(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, 3 * REPORT_FILE_WAITS);
	add(&scene, 2 * REPORT_FILE_WAITS);
	assert_true(scene.reader.size > REPORT_FILE_WAITS);
	end(&scene);
}

static void full_disk(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, REPORT_FILE_WAITS + PIECE);
	add(&scene, 2 * REPORT_FILE_WAITS);
	assert_true(ferror(scene.file->stream));
	assert_true(ferror(scene.out));
	report_file_finish(scene.file);
	end(&scene);

	begin(&scene, PIECE);
	add(&scene, 2 * PIECE);
	assert_false(ferror(scene.out));
	report_file_finish(scene.file);
	fflush(scene.out);
	assert_true(ferror(scene.out));
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_reports),
		cmocka_unit_test(given_up),
		cmocka_unit_test(long_ones_pass),
		cmocka_unit_test(full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
