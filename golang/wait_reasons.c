/* wait_reasons.c: wait reasons and statuses by number. Statuses: runtime/traceback.go, gStatusStrings; their numbers
 * have not changed since Go 1.14, leaked and deadextra are of 1.26 (runtime/runtime2.go, _Gidle). */
#include "golang/wait_reasons.h"

#include <stddef.h>

static const struct {
	int first, last;
	uint32_t id;
	const char *text;
} reasons[] = {
#define WAIT_REASON(first_, last_, id_, text_) {first_, last_, id_, text_},
#include "golang/wait_reasons.def"
#undef WAIT_REASON
};

enum { REASONS = sizeof reasons / sizeof *reasons };

/* The table is ascending by release. */
static int served_as(int minor)
{
	int oldest = reasons[0].first;
	int newest = reasons[REASONS - 1].last;

	return minor < oldest ? oldest : minor > newest ? newest : minor;
}

const char *wait_reason_text(int minor, uint32_t id)
{
	minor = served_as(minor);
	for (size_t i = 0; i < REASONS; i++)
		if (reasons[i].first <= minor && minor <= reasons[i].last && reasons[i].id == id)
			return reasons[i].text;
	return NULL;
}

const char *g_status_name(uint32_t status)
{
	static const char *const names[] = {
		[0] = "idle", [1] = "runnable",  [2] = "running",   [3] = "syscall", [4] = "waiting",
		[6] = "dead", [8] = "copystack", [9] = "preempted", [10] = "leaked", [11] = "deadextra",
	};

	return status < sizeof names / sizeof *names ? names[status] : NULL;
}
