/* test_c_deaths.c: functions by which C, C++ and Rust end their process, by the symbols that compilers give them. */
#include "heuristics/faults/c_frames.h"

#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void deaths(struct arena *arena)
{
	static const char *const names[] = {
		"abort", "__pthread_kill_implementation.constprop.0", "_ZN9__gnu_cxx27__verbose_terminate_handlerEv.cold",
		"_ZSt24__throw_out_of_range_fmtPKcz", /* std::__throw_out_of_range_fmt */
		"_RNvCsfLfy6EI15iL_7___rustc10rust_panic", "_RINvNtCsjrHSEGnQ3l9_3std9panicking11begin_panicReEB4_",
		"_ZN4core9panicking9panic_fmt17h0123456789abcdefE", "rust_begin_unwind",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!c_function_is_death(arena, names[i]))
			fail_msg("%s", names[i]);
}

static void near_misses(struct arena *arena)
{
	static const char *const names[] = {
		"abortive", "aborts.cold", "_ZN3app9panicking3runEv", "_ZN4core3fmt5write17h0123456789abcdefE", "main", "",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (c_function_is_death(arena, names[i]))
			fail_msg("%s", names[i]);
}

static void test_deaths(void **state)
{
	(void)state;
	scratch_arena(1 << 20, deaths);
}

static void test_near_misses(void **state)
{
	(void)state;
	scratch_arena(1 << 20, near_misses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deaths),
		cmocka_unit_test(test_near_misses),
	};

	return cmocka_run_group_tests_name("c_deaths", tests, NULL, NULL);
}
