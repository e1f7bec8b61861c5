/* similarity.c: see similarity.h and similarity.def. */
#include "fleet/similarity.h"

#include "fleet/incident.h"

#include <math.h>
#include <string.h>

#define PARAMETER(name, value, source) static const double name = value;
#include "fleet/similarity.def"
#undef PARAMETER

static double match(size_t i, size_t j)
{
	const double first = (double)(i < j ? i : j), apart = (double)(i < j ? j - i : i - j);

	return exp(-PDM_C * first) * exp(-PDM_O * apart);
}

/* What equal stacks of that length have. */
static double most(size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += match(i, i);
	return sum;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

double stacks_alike(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	double rows[2][INCIDENT_TEXTS + 1] = {{0}};

	a_count = a_count < INCIDENT_TEXTS ? a_count : INCIDENT_TEXTS;
	b_count = b_count < INCIDENT_TEXTS ? b_count : INCIDENT_TEXTS;
	if (!a_count || !b_count)
		return 0;
	for (size_t i = 0; i < a_count; i++) {
		const double *before = rows[i & 1];
		double *row = rows[~i & 1];

		for (size_t j = 0; j < b_count; j++)
			row[j + 1] = larger(larger(before[j + 1], row[j]), strcmp(a[i], b[j]) ? 0 : before[j] + match(i, j));
	}
	/* By the longer one: the paper's shorter one would take a part for the whole. */
	return rows[a_count & 1][b_count] / most(a_count > b_count ? a_count : b_count);
}

double stacks_alike_enough(void)
{
	return PDM_ALIKE;
}
