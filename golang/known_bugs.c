/* known_bugs.c: the table of known_bugs.def, and what releases it speaks of. */
#include "golang/known_bugs.h"

#include <string.h>

/* Words of the rows. */
#define LIST(...) {__VA_ARGS__}
#define RANGES(...) {__VA_ARGS__}
#define NEEDS(...) {__VA_ARGS__}
#define NEED(kind_) {.kind = NEED_##kind_}
#define NEED_OF(kind_, text_) {.kind = NEED_##kind_, .text = text_}
#define NEED_WITHIN(kind_, first_, last_) {.kind = NEED_##kind_, .first = first_, .last = last_}
#define NEED_RELEASE(path_, from_, below_) {.kind = NEED_MODULE, .text = path_, .from = from_, .below = below_}
#define KNOWN_BUG(id_, ...) {.id = id_, __VA_ARGS__},

static const struct known_bug bugs[] = {
#include "golang/known_bugs.def"
};

enum { BUG_COUNT = sizeof bugs / sizeof *bugs, MINORS = 100 };

const struct known_bug *known_bug_at(size_t index)
{
	return index < BUG_COUNT ? &bugs[index] : NULL;
}

const struct known_bug *known_bug_by_id(const char *id)
{
	for (size_t i = 0; i < BUG_COUNT; i++)
		if (!strcmp(bugs[i].id, id))
			return &bugs[i];
	return NULL;
}

/* An id is OWNER/NAME#NUMBER, perhaps with words behind it. */
static bool is_meant(const char *id, const char *text)
{
	const char *slash = strchr(id, '/');
	const char *hash = strchr(id, '#');

	return !strcmp(id, text) || (slash && !strcmp(slash + 1, text)) || (hash && !strcmp(hash, text)) ||
	       (hash && !strcmp(hash + 1, text));
}

const struct known_bug *known_bug_named(const char *text)
{
	for (size_t i = 0; i < BUG_COUNT; i++)
		if (is_meant(bugs[i].id, text))
			return &bugs[i];
	for (size_t i = 0; i < BUG_COUNT; i++)
		for (const char *const *other = bugs[i].also; *other; other++)
			if (is_meant(*other, text))
				return &bugs[i];
	return NULL;
}

static int order(int minor, int patch)
{
	return minor * (ANY_PATCH + 1) + patch;
}

static bool has(const struct known_bug *bug, int minor, int patch)
{
	int release = order(minor, patch);

	for (size_t i = 0; i < RANGE_LIMIT && bug->affected[i].minor_first; i++)
		if (release >= order(bug->affected[i].minor_first, bug->affected[i].patch_first) &&
		    release <= order(bug->affected[i].minor_last, bug->affected[i].patch_last))
			return true;
	return false;
}

/* What leads to 1.N.0 branched off after 1.(N-1).0: it has what both have. */
static int between(const struct known_bug *bug, int minor)
{
	bool before = has(bug, minor - 1, 0);

	return before == has(bug, minor, 0) ? before : -1;
}

int known_bug_affects(const struct known_bug *bug, const struct go_version *version)
{
	if (!bug->affected[0].minor_first)
		return 1;
	if (!version->text || !version->minor)
		return -1;
	return version->prerelease ? between(bug, version->minor) : has(bug, version->minor, version->patch);
}

/* Of a whole minor release: 1, 0, or -1 where its releases differ. */
static int has_minor(const struct known_bug *bug, int minor)
{
	const bool first = has(bug, minor, 0), last = has(bug, minor, ANY_PATCH);

	for (size_t i = 0; !first && !last && i < RANGE_LIMIT && bug->affected[i].minor_first; i++)
		if (bug->affected[i].minor_first == minor)
			return -1;
	return first == last ? first : -1;
}

int known_bug_affects_minors(const struct known_bug *bug, int least, int most)
{
	int affects = 0;

	if (!bug->affected[0].minor_first)
		return 1;
	if (most < least || most - least > MINORS)
		return -1;
	for (int minor = least; minor <= most; minor++) {
		const int one = has_minor(bug, minor);

		if (one < 0 || (minor > least && one != affects))
			return -1;
		affects = one;
	}
	return affects;
}

static bool is_listed(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (!strcmp(*list, text))
			return true;
	return false;
}

bool known_bug_is_of(const struct known_bug *bug, const char *os, const char *arch)
{
	return (!bug->os[0] || is_listed(bug->os, os)) && (!bug->arch[0] || is_listed(bug->arch, arch));
}

bool known_bug_concerns(const struct known_bug *bug, const char *rule)
{
	return is_listed(bug->rules, rule);
}

const char *known_bug_fixes(struct arena *arena, const struct known_bug *bug)
{
	const char *list = NULL;

	for (const char *const *fix = bug->fixed_in; *fix; fix++)
		list = list ? arena_printf(arena, "%s, %s", list, *fix) : *fix;
	return list;
}
