/* test_demangle.c: names of C++ and Rust, and such as are made to take all memory. */
#include "formats/exe/demangle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void names_are_as_their_language_writes_them(void **state)
{
	static const char *const rows[][2] = {
		{"_ZSt9terminatev", "std::terminate"},
		{"_ZN4core9panicking9panic_fmt17h0123456789abcdefE", "core::panicking::panic_fmt"},
		{"_RNvCs1234_7mycrate3foo", "mycrate::foo"},
		{"_ZN3foo3barEiz", "foo::bar"},
		{"_ZNKSt6vectorIiSaIiEE4sizeEv", "std::vector<int, std::allocator<int> >::size"},
		{"_Z3addii.constprop.0", "add"},
		{"memcpy", "memcpy"},
		{"main.main", "main.main"},
		{"_Zapfel", "_Zapfel"},
		{"_Rust", "_Rust"},
		{"_Z", "_Z"},
		{"", ""},
	};
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(demangled(arena, rows[i][0]), rows[i][1]);
	arena_free(arena);
}

/* S_ is a, S0_ what came first, and so on: each parameter is twice as long as the one before. */
static void a_bomb_is_left_as_it_is(void **state)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct arena *arena = arena_new(1 << 20);
	char name[MANGLED_LIMIT] = "_Z1fI1aIccE";

	(void)state;
	for (size_t i = 0; i + 1 < sizeof digits; i++)
		snprintf(name + strlen(name), sizeof name - strlen(name), "S_IS%c_S%c_E", digits[i], digits[i]);
	strcat(name, "Evv");
	assert_ptr_equal(demangled(arena, name), name);
	arena_free(arena);
}

static void a_long_name_is_left_as_it_is(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	char name[2 * MANGLED_LIMIT];

	(void)state;
	memset(name, 'N', sizeof name);
	memcpy(name, "_ZN", 3);
	name[sizeof name - 1] = 0;
	assert_ptr_equal(demangled(arena, name), name);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_as_their_language_writes_them),
		cmocka_unit_test(a_bomb_is_left_as_it_is),
		cmocka_unit_test(a_long_name_is_left_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
