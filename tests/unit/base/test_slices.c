/* test_slices.c: slices cover what is to be done, each part once, however many there are. */
#include "base/slices.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 100000 };

struct counts {
	uint8_t done[MOST];
};

static void count_each(void *context, size_t slice, size_t from, size_t to)
{
	struct counts *counts = context;

	assert_true(slice < SLICES_MOST);
	for (size_t i = from; i < to; i++)
		counts->done[i]++;
}

static void check_each(unsigned workers, size_t size, size_t least)
{
	static struct counts counts;
	const size_t slices = slices_count(workers, size, least);

	assert_int_in_range(slices, 1, workers && workers < SLICES_MOST ? workers : SLICES_MOST);
	assert_true(slices == 1 || size / slices >= least);
	memset(&counts, 0, sizeof counts);
	slices_run(slices, size, count_each, &counts);
	for (size_t k = 0; k < MOST; k++)
		assert_int_equal(counts.done[k], k < size);
}

static void test_each_once(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 7, 99, 1000, MOST};
	static const size_t least[] = {0, 1, 3, 1000, MOST};
	static const unsigned workers[] = {0, 1, 2, 3, 100};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t j = 0; j < sizeof least / sizeof *least; j++)
			for (size_t k = 0; k < sizeof workers / sizeof *workers; k++)
				check_each(workers[k], sizes[i], least[j]);
	assert_int_equal(slices_count(3, MOST, 1), 3);
}

static void test_one_cpu(void **state)
{
	cpu_set_t all, one;
	size_t cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
	assert_int_equal(cpus_usable(), CPU_COUNT(&all));
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
	assert_int_equal(cpus_usable(), 1);
	assert_int_equal(slices_count(0, MOST, 1), 1);
	assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_once), cmocka_unit_test(test_one_cpu)};

	return cmocka_run_group_tests_name("slices", tests, NULL, NULL);
}
