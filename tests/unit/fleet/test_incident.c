/* test_incident.c: a line says what it was made of, and anything else is no line. */
#include "fleet/incident.h"
#include "fleet/similarity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

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
		.fingerprint = "0123456789abcdef", .exact = "fedcba9876543210", .cause = {{"p", "nil-deref"}, 2}, .functions = {{"main.f"}, 1}, .program = "p",
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
	assert_null(other.place);
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
		cmocka_unit_test(test_similarity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
