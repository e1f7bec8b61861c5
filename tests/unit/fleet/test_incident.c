/* test_incident.c: a line says what it was made of, and anything else is no line. */
#include "fleet/incident.h"
#include "fleet/similarity.h"
#include "fleet/state.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#define BUDGET ((size_t)64 << 20)

static void in_arena(void (*body)(void *context))
{
	struct arena *arena = arena_new(BUDGET);

	assert_true(arena_run(arena, body, arena));
	arena_free(arena);
}

static bool read_text(struct arena *arena, const char *text, struct incident *ret)
{
	return incident_read(arena, text, strlen(text), ret);
}

static void go_round(void *arena)
{
	static const struct incident one = {
		.path = "a\nb\"c\xff", .size = 7, .modified = 1795922214743831199, .seen = 1795922214, .host = "h", .certainty = "likely", .rule = "nil-deref",
		.fingerprint = "0123456789abcdef", .exact = "fedcba9876543210", .cause = {{"p", "nil-deref"}, 2}, .functions = {{"main.f"}, 1}, .died_in = 1, .said = "00112233445566aa", .program = "p",
		.other = true, .number = 2, .total = 3, .crash_seen = 1795922200,
		.crash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	};
	struct incident other;
	char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	assert_true(incident_write(arena, &one, out));
	fclose(out);
	assert_ptr_equal(strchr(line, '\n'), line + size - 1);
	assert_true(incident_read(arena, line, size, &other));
	assert_string_equal(other.path, "a\nb\"c\\xff");
	assert_int_equal(other.modified, one.modified);
	assert_int_equal(other.seen, one.seen);
	assert_string_equal(other.fingerprint, one.fingerprint);
	assert_int_equal(other.cause.count, 2);
	assert_string_equal(other.functions.items[0], "main.f");
	assert_int_equal(other.died_in, 1);
	assert_string_equal(other.said, "00112233445566aa");
	assert_null(other.place);
	assert_true(other.other);
	assert_int_equal(other.number, 2);
	assert_int_equal(other.total, 3);
	assert_string_equal(other.crash, one.crash);
	assert_int_equal(other.crash_seen, one.crash_seen);
	free(line);
}

static void test_round_trip(void **state)
{
	(void)state;
	in_arena(go_round);
}

static void refuse(void *arena)
{
	static const char *const wrong[] = {
		"", "{", "[]", "1", "null", "{}", "\"text\"",
		"{\"fingerprint\":\"0123456789abcdef\"}",
		"{\"fingerprint\":\"0123456789ABCDEF\",\"fingerprint_exact\":\"0123456789abcdef\",\"verdict\":{\"certainty\":\"likely\"}}",
		"{\"fingerprint\":\"../../etc/passwd\",\"fingerprint_exact\":\"0123456789abcdef\",\"verdict\":{\"certainty\":\"likely\"}}",
		"{\"fingerprint\":1,\"fingerprint_exact\":\"0123456789abcdef\",\"verdict\":{\"certainty\":\"likely\"}}",
		"{\"error\":\"io\"}",
	};
	struct incident incident;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(read_text(arena, wrong[i], &incident));
	assert_true(read_text(arena, "{\"error\":{\"code\":\"io\",\"text\":7},\"cause\":[1,null,\"x\",[[]]],\"size\":\"many\"}", &incident));
	assert_null(incident.error);
	assert_int_equal(incident.cause.count, 1);
	assert_int_equal(incident.size, 0);
}

static void test_what_is_none(void **state)
{
	(void)state;
	in_arena(refuse);
}

static void too_many(void *arena)
{
	const char *text = "{\"error\":{\"code\":\"io\"},\"functions\":[\"f\"";
	struct incident incident;
	char *line;

	for (size_t i = 0; i < 200; i++)
		text = arena_printf(arena, "%s,\"f\"", text);
	assert_true(read_text(arena, arena_printf(arena, "%s]}", text), &incident));
	assert_int_equal(incident.functions.count, INCIDENT_TEXTS);
	line = arena_alloc(arena, INCIDENT_LINE + 2);
	memset(line, ' ', INCIDENT_LINE + 1);
	memcpy(line, "{\"error\":{\"code\":\"io\"}}", 23);
	assert_false(incident_read(arena, line, INCIDENT_LINE + 1, &incident));
}

static void test_limits(void **state)
{
	(void)state;
	in_arena(too_many);
}

/* What is read is written as the same: times of which the year has more digits, or that lie before 1970, are none. */
static void keep_times(void *arena)
{
	int64_t seconds = 7;

	assert_true(incident_time_parse("9999-12-31T23:59:59Z", &seconds));
	assert_string_equal(incident_time(arena, seconds), "9999-12-31T23:59:59Z");
	assert_false(incident_time_parse("9999-12-31T23:59:60Z", &seconds));
	assert_false(incident_time_parse("1969-12-31T23:59:59Z", &seconds));
	assert_false(incident_time_parse("2026-11-29T03:00:00Z ", &seconds));
	assert_string_equal(incident_time(arena, seconds + 1), "1970-01-01T00:00:00Z");
	assert_string_equal(incident_time(arena, INT64_MIN), "1970-01-01T00:00:00Z");
}

static void test_times(void **state)
{
	(void)state;
	in_arena(keep_times);
}

static bool count_line(void *count, const char *text, size_t size)
{
	++*(int *)count;
	return size && text[0] == '{';
}

/* What is there behind a state was opened; -1: it was refused, and is as before. */
static long size_after(struct arena *arena, const char *folder, const char *text, size_t size, int *lines)
{
	const char *path = scratch_write(arena, folder, "state", (struct span){(const uint8_t *)text, size});
	struct arena *own = arena_new(BUDGET);
	struct state *state;
	const struct err *err = state_open(own, path, count_line, lines, &state);
	struct stat status;

	arena_free(own);
	assert_int_equal(stat(path, &status), 0);
	assert_true(!err || (size_t)status.st_size == size);
	return err ? -1 : (long)status.st_size;
}

static void open_states(void *arena)
{
	static const char two[] = "{1}\n{2}\n{\"schema\":\"torn", one[] = "{1}\n{\"schema\":\"tornstack.triage/1\",\"kind";
	const char *folder = scratch_folder(arena);
	char *longer = arena_alloc(arena, 2 * INCIDENT_LINE);
	int lines = 0;

	assert_int_equal(size_after(arena, folder, two, strlen(two), &lines), 8);
	assert_int_equal(lines, 2);
	assert_int_equal(size_after(arena, folder, one, strlen(one), &lines), 4);
	assert_int_equal(size_after(arena, folder, "", strlen(""), &lines), 0);
	assert_int_equal(size_after(arena, folder, "somebody's", strlen("somebody's"), &lines), -1); /* no line end, and not ours */
	assert_int_equal(size_after(arena, folder, "{1}\nx", strlen("{1}\nx"), &lines), -1);
	memset(longer, '{', 2 * INCIDENT_LINE);
	assert_int_equal(size_after(arena, folder, longer, 2 * INCIDENT_LINE, &lines), -1);
}

static void test_states(void **state)
{
	(void)state;
	in_arena(open_states);
}

static void test_similarity(void **state)
{
	static const char *const a[] = {"f", "g", "h", "i"}, *const b[] = {"f", "g", "h", "j"}, *const c[] = {"x", "g", "h", "i"};

	(void)state;
	assert_true(stacks_alike(a, 4, a, 4) > 0.999);
	assert_true(stacks_alike(a, 4, b, 4) == stacks_alike(b, 4, a, 4));
	assert_true(stacks_alike(a, 4, b, 4) > stacks_alike(a, 4, c, 4)); /* the top counts more */
	assert_true(stacks_alike(a, 1, c, 1) == 0);
	assert_true(stacks_alike(a, 0, a, 0) == 0);
	assert_true(stacks_alike_enough() > 0 && stacks_alike_enough() < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_similarity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
