/* test_number_text.c: floats as print writes them, held against what programs of Go 1.25.14 and 1.27.4 printed of these bits:
 * as a float64, as a float32 (NULL: too large for one), and as complex(f, -f). */
#include "analyzer/last_words/number_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 1 << 20 };

struct printed {
	uint64_t bits;
	const char *wide, *narrow, *pair;
};

static const struct printed fixed[] = { /* Go 1.25.14 */
	{0U, "+0.000000e+000", "+0.000000e+000", "(+0.000000e+000-0.000000e+000i)"},
	{9223372036854775808U, "-0.000000e+000", "-0.000000e+000", "(-0.000000e+000+0.000000e+000i)"},
	{4607182418800017408U, "+1.000000e+000", "+1.000000e+000", "(+1.000000e+000-1.000000e+000i)"},
	{13836183955189006336U, "-2.500000e+000", "-2.500000e+000", "(-2.500000e+000+2.500000e+000i)"},
	{4591870180066957722U, "+1.000000e-001", "+1.000000e-001", "(+1.000000e-001-1.000000e-001i)"},
	{4599676419421066581U, "+3.333333e-001", "+3.333333e-001", "(+3.333333e-001-3.333333e-001i)"},
	{4681608360884174848U, "+1.000000e+005", "+1.000000e+005", "(+1.000000e+005-1.000000e+005i)"},
	{4696837138094751744U, "+9.999990e+005", "+9.999990e+005", "(+9.999990e+005-9.999990e+005i)"},
	{4696837146684686336U, "+1.000000e+006", "+1.000000e+006", "(+1.000000e+006-1.000000e+006i)"},
	{4698053236609777664U, "+1.234567e+006", "+1.234567e+006", "(+1.234567e+006-1.234567e+006i)"},
	{4547007122018943789U, "+1.000000e-004", "+1.000000e-004", "(+1.000000e-004-1.000000e-004i)"},
	{4532020583610935537U, "+1.000000e-005", "+1.000000e-005", "(+1.000000e-005-1.000000e-005i)"},
	{4621819117532676525U, "+1.000000e+001", "+1.000000e+001", "(+1.000000e+001-1.000000e+001i)"},
	{1U, "+4.940656e-324", "+0.000000e+000", "(+4.940656e-324-4.940656e-324i)"},
	{9218868437227405311U, "+1.797693e+308", NULL, "(+1.797693e+308-1.797693e+308i)"},
	{4913717283795983269U, "+3.141593e+020", "+3.141593e+020", "(+3.141593e+020-3.141593e+020i)"},
	{4508321993853365645U, "+2.500000e-007", "+2.500000e-007", "(+2.500000e-007-2.500000e-007i)"},
	{4715268809856909312U, "+1.677722e+007", "+1.677722e+007", "(+1.677722e+007-1.677722e+007i)"},
	{9221120237041090561U, "NaN", "NaN", "(NaNNaNi)"},
	{9218868437227405312U, "+Inf", "+Inf", "(+Inf-Infi)"},
	{18442240474082181120U, "-Inf", "-Inf", "(-Inf+Infi)"},
};

static const struct printed shortest[] = { /* Go 1.27.4 */
	{0U, "0", "0", "(0-0i)"},
	{9223372036854775808U, "-0", "-0", "(-0+0i)"},
	{4607182418800017408U, "1", "1", "(1-1i)"},
	{13836183955189006336U, "-2.5", "-2.5", "(-2.5+2.5i)"},
	{4591870180066957722U, "0.1", "0.1", "(0.1-0.1i)"},
	{4599676419421066581U, "0.3333333333333333", "0.33333334", "(0.3333333333333333-0.3333333333333333i)"},
	{4681608360884174848U, "100000", "100000", "(100000-100000i)"},
	{4696837138094751744U, "999999", "999999", "(999999-999999i)"},
	{4696837146684686336U, "1e+06", "1e+06", "(1e+06-1e+06i)"},
	{4698053236609777664U, "1.234567e+06", "1.234567e+06", "(1.234567e+06-1.234567e+06i)"},
	{4547007122018943789U, "0.0001", "0.0001", "(0.0001-0.0001i)"},
	{4532020583610935537U, "1e-05", "1e-05", "(1e-05-1e-05i)"},
	{4621819117532676525U, "9.9999999", "10", "(9.9999999-9.9999999i)"},
	{1U, "5e-324", "0", "(5e-324-5e-324i)"},
	{9218868437227405311U, "1.7976931348623157e+308", NULL, "(1.7976931348623157e+308-1.7976931348623157e+308i)"},
	{4913717283795983269U, "3.1415926535897933e+20", "3.1415925e+20", "(3.1415926535897933e+20-3.1415926535897933e+20i)"},
	{4508321993853365645U, "2.5e-07", "2.5e-07", "(2.5e-07-2.5e-07i)"},
	{4715268809856909312U, "1.6777216e+07", "1.6777216e+07", "(1.6777216e+07-1.6777216e+07i)"},
	{9221120237041090561U, "NaN", "NaN", "(NaN+NaNi)"},
	{9218868437227405312U, "+Inf", "+Inf", "(+Inf-Infi)"},
	{18442240474082181120U, "-Inf", "-Inf", "(-Inf+Infi)"},
};

struct list {
	struct arena *arena;
	const struct printed *rows;
	size_t count;
	bool shortest;
};

static void check(void *context)
{
	const struct list *list = context;

	for (size_t i = 0; i < list->count; i++) {
		const struct printed *row = &list->rows[i];
		double value;

		memcpy(&value, &row->bits, sizeof value);
		assert_string_equal(float_text(list->arena, value, list->shortest, false), row->wide);
		assert_string_equal(complex_text(list->arena, value, -value, list->shortest, false), row->pair);
		if (row->narrow)
			assert_string_equal(float_text(list->arena, (double)(float)value, list->shortest, true), row->narrow);
	}
}

static void check_list(const struct printed *rows, size_t count, bool is_shortest)
{
	struct list list = {arena_new(BUDGET), rows, count, is_shortest};

	assert_true(arena_run(list.arena, check, &list));
	arena_free(list.arena);
}

static void seven_digits(void **state)
{
	(void)state;
	check_list(fixed, sizeof fixed / sizeof *fixed, false);
}

static void fewest_digits(void **state)
{
	(void)state;
	check_list(shortest, sizeof shortest / sizeof *shortest, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seven_digits),
		cmocka_unit_test(fewest_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
