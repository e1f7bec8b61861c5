/* wait_reasons.c: wait reasons and statuses by number. Statuses: runtime/traceback.go, gStatusStrings; their numbers
 * have not changed since Go 1.14, leaked and deadextra are of 1.26 (runtime/runtime2.go, _Gidle). */
#include "golang/wait_reasons.h"

#include <string.h>
#include <strings.h>

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

bool wait_reason_minors(const char *text, int *first, int *last)
{
	bool found = false;

	for (size_t i = 0; i < REASONS; i++) {
		if (strcmp(reasons[i].text, text) != 0)
			continue;
		*first = found && *first < reasons[i].first ? *first : reasons[i].first;
		*last = found && *last > reasons[i].last ? *last : reasons[i].last;
		found = true;
	}
	if (found && *first == reasons[0].first)
		*first = 0;
	if (found && *last == reasons[REASONS - 1].last)
		*last = INT16_MAX;
	return found;
}

const char *g_status_name(uint32_t status)
{
	static const char *const names[] = {
		[0] = "idle", [1] = "runnable",  [2] = "running",   [3] = "syscall", [4] = "waiting",
		[6] = "dead", [8] = "copystack", [9] = "preempted", [10] = "leaked", [11] = "deadextra",
	};

	return status < sizeof names / sizeof *names ? names[status] : NULL;
}

static const uint32_t live[] = {1, 2, 3, 4, 8, 9, 10};

enum { LIVE = sizeof live / sizeof *live, NAMES = LIVE + REASONS };

static const char *name_at(size_t index)
{
	const char *name = index < LIVE ? g_status_name(live[index]) : reasons[index - LIVE].text;

	return name ? name : "";
}

static bool is_repeated(size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (!strcmp(name_at(i), name_at(index)))
			return true;
	return false;
}

const char *goroutine_state_name(size_t index)
{
	for (size_t i = 0; i < NAMES; i++)
		if (!is_repeated(i) && !index--)
			return name_at(i);
	return NULL;
}

bool goroutine_state_means(const char *word, const char *state)
{
	if (!strcasecmp(word, state))
		return true;
	for (size_t i = 0; i < NAMES; i++)
		if (!strcasecmp(word, name_at(i)))
			return false;
	return *word && !strncasecmp(word, state, strlen(word));
}
