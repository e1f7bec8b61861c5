/* scratch.h: temporary files for tests, removed with the arena, and the arena itself. */
#ifndef TESTS_BUILD_SCRATCH_H
#define TESTS_BUILD_SCRATCH_H

#include "base/arena.h"
#include "base/span.h"
#include "formats/cpu/arch.h"

/* A new empty folder, removed with what scratch_write put there when the arena is freed. */
const char *scratch_folder(struct arena *arena);

/* Writes a file in a folder made by scratch_folder and returns its path; `name` may hold one level of folders, made as
 * needed. Aborts on failure. */
const char *scratch_write(struct arena *arena, const char *folder, const char *name, struct span bytes);

/* Runs body on an arena of its own, which is freed after it. Aborts when the budget (in bytes) runs out. */
void scratch_arena(size_t budget, void (*body)(struct arena *arena));

/* The same for each CPU that dumps are read of. */
void scratch_each_arch(size_t budget, void (*body)(struct arena *arena, const struct arch *arch));

/* The tests of a program, all for each CPU: TESTS(X) is X(NAME) for each test NAME, a body as above; BUDGET is theirs. */
#define EACH_ARCH_TEST(name)                                                                                           \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_each_arch(BUDGET, name);                                                                       \
	}
#define EACH_ARCH_ENTRY(name) cmocka_unit_test(test_##name),
#define EACH_ARCH_MAIN(group, TESTS)                                                                                   \
	TESTS(EACH_ARCH_TEST)                                                                                          \
	int main(void)                                                                                                 \
	{                                                                                                              \
		static const struct CMUnitTest tests[] = {TESTS(EACH_ARCH_ENTRY)};                                     \
                                                                                                                       \
		return cmocka_run_group_tests_name(group, tests, NULL, NULL);                                          \
	}

#endif
