/* test_sieve.c: a log that comes as a stream, in pieces of any size, against the same log as a whole; and crashes that are larger than what
 * is looked at together. */
#include "formats/log/sieve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CRASH                                                                                                                  \
	"panic: boom\n"                                                                                                        \
	"\n"                                                                                                                   \
	"goroutine 7 [chan receive, 5 minutes]:\n"                                                                             \
	"main.(*T).Wait(0xc000012345, {0x1, 0x2})\n"                                                                           \
	"\t/src/app/main.go:12 +0x1d\n"

struct text {
	char *bytes;
	size_t size;
};

static struct text written(void (*write)(FILE *out))
{
	struct text text;
	FILE *out = open_memstream(&text.bytes, &text.size);

	write(out);
	fclose(out);
	return text;
}

static void write_lines(FILE *out, const char *format, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		fprintf(out, format, i);
}

static struct text blocks_text(const struct log_blocks *blocks)
{
	struct text text;
	FILE *out = open_memstream(&text.bytes, &text.size);

	for (size_t i = 0; i < log_blocks_count(blocks); i++) {
		const struct log_block *block = log_blocks_at(blocks, i);

		fprintf(out, "== %llu %llu\n", (unsigned long long)block->first_line, (unsigned long long)block->last_line);
		for (struct log_at at = log_block_start(block); at.line.text; log_next(&at))
			fprintf(out, "%llu %.*s\n", (unsigned long long)at.line.number, (int)at.line.length, at.line.text);
	}
	fclose(out);
	return text;
}

struct work {
	struct arena *arena;
	struct text log;
	size_t piece; /* 0: the log as a whole */
	struct text found;
	size_t kept;
};

static void sift(struct work *work, struct spool *spool, struct span *ret, void **state)
{
	const struct span log = {(uint8_t *)work->log.bytes, work->log.size};

	*state = log_sieve.open(work->arena, spool);
	for (size_t at = 0; at < log.size; at += work->piece)
		assert_null(log_sieve.take(*state, span_slice(log, at, work->piece < log.size - at ? work->piece : log.size - at)));
	assert_null(log_sieve.end(*state));
	work->kept = spool->size;
	assert_null(spool_map(work->arena, spool, ret));
}

static void find(void *context)
{
	struct work *work = context;
	struct notes notes = {.arena = work->arena};
	struct span bytes = {(uint8_t *)work->log.bytes, work->log.size};
	struct log_options options = {0};
	struct log_blocks *blocks;
	struct spool spool = {.descriptor = -1};

	if (work->piece) {
		assert_null(spool_open(work->arena, (uint64_t)1 << 32, &spool));
		sift(work, &spool, &bytes, &options.sieved);
	}
	assert_null(log_blocks_read(work->arena, &notes, bytes, &options, &blocks));
	assert_int_equal(notes.count, 0);
	work->found = blocks_text(blocks);
	spool_close(&spool);
}

static struct text found(struct text log, size_t piece, size_t *kept)
{
	struct work work = {.arena = arena_new((size_t)1 << 30), .log = log, .piece = piece};

	assert_true(arena_run(work.arena, find, &work));
	arena_free(work.arena);
	if (kept)
		*kept = work.kept;
	return work.found;
}

/* That pieces of any size give what the whole gives, and what is kept is at most so much. */
static void expect_same(void (*write)(FILE *out), size_t most)
{
	static const size_t pieces[] = {4099, 3 << 20};
	struct text log = written(write), whole = found(log, 0, NULL);

	assert_non_null(strstr(whole.bytes, "Wait("));
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		size_t kept;
		struct text got = found(log, pieces[i], &kept);

		assert_string_equal(got.bytes, whole.bytes);
		assert_int_in_range(kept, 1, most);
		free(got.bytes);
	}
	free(whole.bytes);
	free(log.bytes);
}

static void write_around(FILE *out)
{
	write_lines(out, "2026/11/28 12:00:00 request %u served\n", 150000);
	fputs(CRASH, out);
	write_lines(out, "2026/11/28 12:00:00 query %u panic: in the middle, which tells nothing\n", 40000);
	fputs(CRASH, out);
	write_lines(out, "2026/11/28 12:00:00 request %u served\n", 90000);
	fputs("[app] " CRASH, out);
}

static void test_around(void **state)
{
	(void)state;
	expect_same(write_around, 4 << 20);
}

/* The whole log is one string. */
static void write_long_line(FILE *out)
{
	fputs("{\"level\":\"error\",\"msg\":\"", out);
	write_lines(out, "something %u, ", 200000);
	fputs("\\npanic: boom\\n\\ngoroutine 7 [running]:\\nmain.Wait(0x1)\\n\\t/src/app/main.go:12 +0x1d\\n", out);
	fputs("\",\"pid\":1}\n", out);
}

static void test_long_line(void **state)
{
	(void)state;
	expect_same(write_long_line, 8 << 20);
}

static void write_crash(FILE *out)
{
	fputs(CRASH, out);
}

static void test_bytes(void **state)
{
	struct text log = written(write_crash), whole = found(log, 0, NULL), got = found(log, 1, NULL);

	(void)state;
	assert_string_equal(got.bytes, whole.bytes);
	free(got.bytes);
	free(whole.bytes);
	free(log.bytes);
}

static void test_wide(void **state)
{
	char wide[2 * (sizeof CRASH + 64)] = {0};
	size_t size = 0;

	(void)state;
	for (const char *at = "\xff" CRASH; *at; at++) {
		wide[size++] = *at;
		wide[size++] = *at == '\xff' ? '\xfe' : 0;
	}
	for (size_t piece = 2; piece < 8; piece++) {
		struct text got = found((struct text){wide, size}, piece > 2 ? piece : 0, NULL);

		assert_non_null(strstr(got.bytes, "== 1 5\n1 panic: boom\n"));
		assert_non_null(strstr(got.bytes, "\n5 \t/src/app/main.go:12 +0x1d\n"));
		free(got.bytes);
	}
}

static void write_million(FILE *out, const char *prefix)
{
	enum { GOROUTINES = 90000 };

	fprintf(out, "%spanic: boom\n%s\n", prefix, prefix);
	for (unsigned i = 1; i <= GOROUTINES; i++) {
		fprintf(out, "%sgoroutine %u [chan receive, 5 minutes]:\n%smain.(*T).Wait(0xc000012345, {0x1, 0x2})\n", prefix, i, prefix);
		fprintf(out, "%s\t/src/application/waiting/main.go:12 +0x1d\n%smain.(*T).Serve(0xc000012345, {0x1, 0x2})\n", prefix, prefix);
		fprintf(out, "%s\t/src/application/waiting/serve.go:122 +0x1d\n%screated by main.main in goroutine 1\n", prefix, prefix);
		fprintf(out, "%s\t/src/application/waiting/main.go:30 +0x25\n%s\n", prefix, prefix);
	}
}

static void write_large(FILE *out)
{
	write_million(out, "");
}

static void write_large_prefixed(FILE *out)
{
	write_million(out, "[pod/web-7d9f8b6c5-x2x4z/app] ");
}

/* One crash, of all lines that were written. */
static void expect_whole(void (*write)(FILE *out))
{
	enum { LINES = 2 + 90000 * 8 - 1 };
	struct text log = written(write), got = found(log, 1 << 18, NULL);
	size_t lines = 0;

	assert_true(log.size > 16 << 20); /* more than a window */
	assert_ptr_equal(strstr(got.bytes, "== "), got.bytes);
	assert_null(strstr(got.bytes + 1, "\n== "));
	for (const char *at = got.bytes; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 1 + LINES);
	free(got.bytes);
	free(log.bytes);
}

static void test_windows(void **state)
{
	(void)state;
	expect_whole(write_large);
	expect_whole(write_large_prefixed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_around), cmocka_unit_test(test_long_line), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_wide),   cmocka_unit_test(test_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
