/* test_backlog.c: which of what the runtime printed last are its last words. */
#include "golang/load/load.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 64 << 20, LINES = 4 };

static const struct {
	const char *printed;
	const char *lines[LINES];
} cases[] = {
	{"fatal error: all goroutines are asleep - deadlock!\n", {"fatal error: all goroutines are asleep - deadlock!"}},
	{"runtime: g27: frame.sp=0x40 top=0x50\n\tstack=[0x10-0x60\nfatal error: traceback did not unwind completely\n",
	 {"runtime: g27: frame.sp=0x40 top=0x50", "stack=[0x10-0x60",
	  "fatal error: traceback did not unwind completely"}},
	/* after SIGQUIT: the tail of a traceback */
	{"onal]:\nmain.wait(...)\n\t/src/main.go:7\nruntime.goexit()\n\truntime/asm_amd64.s:1 +0x1\n", {NULL}},
	{"main.wait(0x1)\n\t/src/main.go:7 +0x1d\nfatal error: unexpected signal during runtime execution\n",
	 {"fatal error: unexpected signal during runtime execution"}},
	{"cannot read main.go:7\nfatal error: x\n", {"cannot read main.go:7", "fatal error: x"}},
};

static void last_words(struct arena *arena)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct go_builder *builder = go_new(arena, &arch_amd64, 24, 5);
		struct go_runtime *runtime;
		size_t count = 0;

		go_add_goexit(builder);
		go_print(builder, cases[i].printed);
		runtime = go_load(builder);
		for (; count < LINES && cases[i].lines[count]; count++) {
			assert_true(count < runtime->fatal_lines.count);
			assert_string_equal(runtime->fatal_lines.items[count], cases[i].lines[count]);
		}
		assert_int_equal(runtime->fatal_lines.count, count);
	}
}

/* A variable of the runtime, which is there in every process, and what is found when no code says where the ring is. */
static void constant(struct arena *arena)
{
	static const char *const printed[] = {"fatal error: cgo callback before cgo call\n",
					      "fatal error: cgo callback before cgo call\n\1fatal error: x\n"};

	for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
		struct go_builder *builder = go_new(arena, &arch_amd64, 18, 10);
		struct go_runtime *runtime;

		go_add_goexit(builder);
		go_print(builder, printed[i]);
		go_put(builder, GO_BACKLOG_INDEX, UINT32_MAX); /* no place in the ring */
		runtime = go_load(builder);
		assert_int_equal(runtime->fatal_lines.count, i);
		if (i)
			assert_string_equal(runtime->fatal_lines.items[0], "fatal error: x");
	}
}

static void test_constant(void **state)
{
	(void)state;
	scratch_arena(BUDGET, constant);
}

static void test_last_words(void **state)
{
	(void)state;
	scratch_arena(BUDGET, last_words);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_last_words), cmocka_unit_test(test_constant)};

	return cmocka_run_group_tests_name("backlog", tests, NULL, NULL);
}
