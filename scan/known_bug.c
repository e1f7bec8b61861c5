/* known_bug.c: bugs that the release has which built the program. */
#include "scan/rule.h"

#include <string.h>

extern const struct scan_rule rule_known_bug;

/* Places that other rules found to be exposed to it. */
static size_t exposed_to(const struct scan *scan, const struct known_bug *bug)
{
	size_t count = 0;

	for (size_t i = 0; i < scan->binary->findings.count; i++)
		count += scan->binary->findings.items[i].bug == bug && scan->binary->findings.items[i].level == SCAN_ERROR;
	return count;
}

/* Rules of the scan that see what a detector of dumps would be about. */
static bool is_looked_for(const struct known_bug *bug)
{
	return bug->rule && (!strcmp(bug->rule, "split-sp") || !strcmp(bug->rule, "late-kernel-write"));
}

static const char *found_here(struct scan *scan, const struct known_bug *bug)
{
	size_t count = exposed_to(scan, bug);

	if (!is_looked_for(bug))
		return "; code alone does not show whether this program meets it";
	if (!count)
		return "; nothing in this executable is exposed to it";
	return arena_printf(scan->results, "; %zu place%s in this executable %s exposed to it", count, count == 1 ? "" : "s",
			    count == 1 ? "is" : "are");
}

static const char *fix_of(struct scan *scan, const struct known_bug *bug)
{
	const char *fixes = scan_fixes(scan->results, bug);

	if (fixes)
		return arena_printf(scan->results, "build it with Go %s or later in its line", fixes);
	return bug->workaround ? bug->workaround : "no Go release is known that fixes it";
}

static void report(struct scan *scan, const struct known_bug *bug)
{
	bool open = !is_looked_for(bug) && bug->fixed_in[0];
	struct scan_finding *finding = scan_add(scan, &rule_known_bug, open ? SCAN_WARNING : SCAN_NOTE);

	if (!finding)
		return;
	finding->bug = bug;
	finding->message = arena_printf(scan->results, "%s has %s: %s%s%s%s", scan->binary->go_version, bug->id, bug->title,
					bug->caveat ? ". " : "", bug->caveat ? bug->caveat : "", found_here(scan, bug));
	finding->fix = fix_of(scan, bug);
}

static void run(struct scan *scan)
{
	const struct known_bug *bug;

	for (size_t i = 0; scan->runtime && (bug = known_bug_at(i)); i++)
		if (known_bug_concerns(bug, &scan->runtime->version, scan->binary->os, scan->binary->arch))
			report(scan, bug);
}

const struct scan_rule rule_known_bug = {
	.id = "known-bug",
	.title = "the Go release that built it has a known bug",
	.explanation =
		"Bugs of the Go runtime and toolchain that tear or damage stacks, by release, system and CPU. Where another rule of the scan "
		"sees what a bug needs, what it found in this executable is said: a bug that nothing is exposed to is a note. "
		"tornstack explain BUG says more of each.",
	.run = run,
};
