/* test_mappings.c: what a process was refused when it had no mapping left: not memory. */
#include "heuristics/limits/resource_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct arena *arena;
	struct image image;
	struct go_runtime runtime;
	struct analysis analysis;
};

static int setup(void **state)
{
	struct arena *arena = arena_new(1 << 28);
	struct fixture *f = arena_alloc(arena, sizeof *f);

	f->arena = arena;
	f->image.arena = f->runtime.arena = f->analysis.arena = arena;
	f->analysis.image = f->runtime.image = &f->image;
	f->analysis.runtime = &f->runtime;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	return 0;
}

static void map(struct fixture *f, size_t count)
{
	f->image.segments.count = 0;
	for (size_t i = 0; i < count; i++)
		vec_push(f->arena, &f->image.segments, (struct segment){.address = 0x1000 * (i + 1), .size = 0x1000});
}

/* What a panic with such a value was refused; NULL: nothing. */
static const char *panicked(struct fixture *f, const char *text)
{
	struct refusal refusal;

	f->analysis.messages = (struct messages){.line = "panic: …", .panicked = true};
	vec_push(f->arena, &f->analysis.messages.panics, (struct panic_value){.text = text});
	return refusal_find(&f->analysis, &refusal) ? refusal.resource->refused : NULL;
}

static const char *threw(struct fixture *f, const char *line)
{
	struct refusal refusal;

	f->analysis.messages = (struct messages){.line = line};
	return refusal_find(&f->analysis, &refusal) ? refusal.resource->refused : NULL;
}

static const char all[] = "the process had as many memory mappings as the system allows";
static const char memory[] = "the system refused the process memory";

/* Near one of the limits, the mappings are what is used up; between them nothing says so. */
static void mappings_are_counted(void **state)
{
	static const struct {
		size_t count;
		bool all;
	} rows[] = {{65497, false}, {65498, true}, {65532, true}, {65562, true}, {65563, false}, {100000, false}, {262143, true}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *expected = rows[i].all ? all : NULL;
		const char *thrown;

		map(f, rows[i].count);
		assert_string_equal(panicked(f, "mmap segment: cannot allocate memory"), rows[i].all ? all : memory);
		thrown = threw(f, "fatal error: runtime: out of memory");
		assert_true(expected ? thrown && !strcmp(thrown, expected) : !thrown);
		/* A child's memory is no mapping of this process. */
		assert_string_equal(panicked(f, "fork/exec /bin/true: cannot allocate memory"), memory);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(mappings_are_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
