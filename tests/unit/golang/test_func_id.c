/* test_func_id.c: the numbers of internal/abi/symtab.go, over releases. */
#include "golang/func_id.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void wrappers_are_known_by_release(void **state)
{
	static const uint8_t ids[] = {21, 21, 21, 21, 22, 22, 22, 23, 23, 23, 23}; /* Go 1.18 on; 1.28 as the last that is known */

	(void)state;
	for (int i = 0; i < (int)sizeof ids; i++) {
		const struct go_version version = {.minor = 18 + i};

		for (int id = 0; id <= UINT8_MAX; id++)
			assert_int_equal(func_id_is_wrapper(&version, (uint8_t)id), id == ids[i]);
	}
	for (int id = 0; id <= UINT8_MAX; id++) {
		assert_false(func_id_is_wrapper(&(struct go_version){.minor = 0}, (uint8_t)id));
		assert_false(func_id_is_wrapper(&(struct go_version){.minor = 17}, (uint8_t)id));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrappers_are_known_by_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
