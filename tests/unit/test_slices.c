/* test_slices.c: slices cover what is to be done, each part once, however many there are. */
#include "base/slices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 100000 };

struct counts {
	uint8_t done[MOST];
};

static void count_each(void *context, size_t from, size_t to)
{
	struct counts *counts = context;

	for (size_t i = from; i < to; i++)
		counts->done[i]++;
}

static void test_each_once(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 7, 99, 1000, MOST};
	static const size_t least[] = {0, 1, 3, 1000, MOST};
	static struct counts counts;

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t j = 0; j < sizeof least / sizeof *least; j++) {
			memset(&counts, 0, sizeof counts);
			slices_run(sizes[i], least[j], count_each, &counts);
			for (size_t k = 0; k < MOST; k++)
				assert_int_equal(counts.done[k], k < sizes[i]);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_once)};

	return cmocka_run_group_tests_name("slices", tests, NULL, NULL);
}
