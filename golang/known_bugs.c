/* known_bugs.c: the table of known_bugs.def. */
#include "golang/known_bugs.h"

#include <string.h>

#define RANGES(...) {__VA_ARGS__}
#define FIXES(...) {__VA_ARGS__}
#define KNOWN_BUG(id_, title_, rule_, symptom_, os_, arch_, affected_, fixed_, caveat_, workaround_) \
	{.id = id_, .title = title_, .rule = rule_, .symptom = symptom_, .os = os_, .arch = arch_, .affected = affected_, \
	 .fixed_in = fixed_, .caveat = caveat_, .workaround = workaround_},

static const struct known_bug bugs[] = {
#include "golang/known_bugs.def"
};

const struct known_bug *known_bug_by_id(const char *id)
{
	for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++)
		if (!strcmp(bugs[i].id, id))
			return &bugs[i];
	return NULL;
}

static int order(int minor, int patch)
{
	return minor * (ANY_PATCH + 1) + patch;
}

int known_bug_affects(const struct known_bug *bug, const struct go_version *version)
{
	int release = order(version->minor, version->patch);

	if (!version->text || !version->minor)
		return -1;
	for (size_t i = 0; i < RANGE_LIMIT && bug->affected[i].minor_first; i++)
		if (release >= order(bug->affected[i].minor_first, bug->affected[i].patch_first) &&
		    release <= order(bug->affected[i].minor_last, bug->affected[i].patch_last))
			return 1;
	return 0;
}

const struct known_bug *known_bug_at(size_t index)
{
	return index < sizeof bugs / sizeof *bugs ? &bugs[index] : NULL;
}

bool known_bug_is_of(const struct known_bug *bug, const char *os, const char *arch)
{
	return (!bug->os || !strcmp(bug->os, os)) && (!bug->arch || !strcmp(bug->arch, arch));
}
