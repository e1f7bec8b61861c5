/* test_without_libarchive.c: what is read where libarchive is not installed: compressed files that are no archives. */
#include "formats/archive/archive.h"
#include "formats/archive/compressed.h"
#include "formats/archive/libarchive.h"
#include "formats/archive/members.h"

#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 300000, BUDGET = 64 << 20 };

const struct libarchive *__wrap_libarchive(void); /* stands for libarchive() (Makefile) */

const struct libarchive *__wrap_libarchive(void)
{
	return NULL;
}

struct visited {
	const char *path;
	size_t count, size;
	uint8_t last;
	bool cut_short;
};

static bool is_wanted(struct span start)
{
	return start.size > 4 && !memcmp(start.data, "WANT", 4);
}

static void visit(void *context, const char *path, struct span bytes, bool cut_short)
{
	struct visited *visited = context;

	visited->path = path;
	visited->count++;
	visited->size = bytes.size;
	visited->last = bytes.data[bytes.size - 1];
	visited->cut_short = cut_short;
}

static void fail_member(void *context, const char *path, const struct err *err)
{
	(void)context;
	(void)path;
	fail_msg("%s", err->text);
}

/* Bytes that do not compress to nothing, and begin with a word. */
static struct span content(struct arena *arena, const char *word)
{
	uint8_t *bytes = arena_alloc(arena, SIZE);

	for (uint32_t i = 0, seed = 1; i < SIZE; i++, seed = seed * 1664525 + 1013904223)
		bytes[i] = (uint8_t)(seed >> 24);
	memcpy(bytes, word, 4);
	return (struct span){bytes, SIZE};
}

static struct span compressed(struct arena *arena, struct span bytes)
{
	char *text = NULL;
	size_t size = 0;
	FILE *under = open_memstream(&text, &size), *stream = compressed_open(under);
	uint8_t *copy;

	assert_non_null(stream);
	assert_int_equal(bytes.size ? fwrite(bytes.data, 1, bytes.size, stream) : 0, bytes.size);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(fclose(under), 0);
	copy = arena_alloc(arena, size);
	memcpy(copy, text, size);
	free(text);
	return (struct span){copy, size};
}

static const struct err *go_through(struct arena *arena, struct span bytes, uint64_t max_size, struct visited *visited)
{
	const struct archive_search search = {.max_size = max_size, .wanted = is_wanted, .visit = visit, .fail = fail_member, .context = visited};

	*visited = (struct visited){0};
	return archive_visit(arena, scratch_write(arena, scratch_folder(arena), "file", bytes), &search);
}

static void read_one(struct arena *arena)
{
	const struct span bytes = content(arena, "WANT"), packed = compressed(arena, bytes);
	struct visited visited;

	assert_null(go_through(arena, packed, SIZE, &visited));
	assert_int_equal(visited.count, 1);
	assert_int_equal(visited.size, SIZE);
	assert_int_equal(visited.last, bytes.data[SIZE - 1]);
	assert_false(visited.cut_short);
	assert_string_equal(strrchr(visited.path, '/'), "/file");
	assert_null(go_through(arena, span_slice(packed, 0, packed.size - 100), SIZE, &visited));
	assert_int_equal(visited.count, 1);
	assert_true(visited.cut_short);
	assert_true(visited.size < SIZE);
}

static void refuse(struct arena *arena, struct span bytes, uint64_t max_size, enum err_code code)
{
	struct visited visited;
	const struct err *err = go_through(arena, bytes, max_size, &visited);

	assert_non_null(err);
	assert_int_equal(err->code, code);
	assert_int_equal(visited.count, 0);
	if (code == ERR_ABSENT)
		assert_non_null(strstr(err->text, "libarchive13"));
}

static void refuse_others(struct arena *arena)
{
	refuse(arena, compressed(arena, content(arena, "WANT")), SIZE - 1, ERR_LIMIT);
	refuse(arena, compressed(arena, content(arena, "WONT")), SIZE, ERR_ABSENT);
	refuse(arena, content(arena, "WANT"), SIZE, ERR_ABSENT);
	refuse(arena, content(arena, "PK\3\4"), SIZE, ERR_ABSENT);
	refuse(arena, compressed(arena, (struct span){0}), SIZE, ERR_ABSENT);
}

static void a_compressed_file_is_read(void **state)
{
	(void)state;
	scratch_arena(BUDGET, read_one);
}

static void anything_else_asks_for_the_library(void **state)
{
	(void)state;
	scratch_arena(BUDGET, refuse_others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_compressed_file_is_read),
		cmocka_unit_test(anything_else_asks_for_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
