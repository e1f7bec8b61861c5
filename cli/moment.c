/* moment.c: see moment.h. */
#include "cli/moment.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* -1: it is no such text. */
static int64_t span_of(const char *text)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	enum { MOST = 100000 };
	char *end;
	const long number = strtol(text, &end, 10);

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (end != text && number >= 0 && number <= MOST && *end == units[i].unit && !end[1])
			return number * units[i].seconds;
	return -1;
}

static int64_t date_of(const char *text)
{
	static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm parts = {0};
		const char *end = strptime(text, forms[i], &parts);

		if (end && !*end)
			return timegm(&parts);
	}
	return -1;
}

int64_t moment_of(struct argp_state *state, const char *option, const char *arg)
{
	const int64_t ago = span_of(arg), then = ago < 0 ? date_of(arg) : (int64_t)time(NULL) - ago;

	if (then <= 0)
		argp_error(state, "--%s=%s: it must be a time, as 24h, 7d, 2026-11-29 or 2026-11-29T03:00:00Z", option, arg);
	return then;
}
