/* known_bug.c: bugs that the release has which built the program. */
#include "golang/program.h"
#include "scan/rule.h"

extern const struct scan_rule rule_known_bug;

/* Places that other rules found of it, of a level. */
static size_t found_of(const struct scan *scan, const struct known_bug *bug, enum scan_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < scan->binary->findings.count; i++) {
		const struct scan_finding *finding = &scan->binary->findings.items[i];

		count += finding->rule != &rule_known_bug && finding->bug == bug && finding->level == level;
	}
	return count;
}

static const char *found_here(struct scan *scan, const struct known_bug *bug)
{
	size_t exposed = found_of(scan, bug, SCAN_ERROR), noted = found_of(scan, bug, SCAN_NOTE);

	if (bug->scan == SCANNED_BY_PROGRAM)
		return "code alone does not show whether this program meets it";
	if (exposed)
		return arena_printf(scan->results, "%zu place%s in this executable %s exposed to it", exposed,
				    exposed == 1 ? "" : "s", exposed == 1 ? "is" : "are");
	if (noted)
		return arena_printf(scan->results,
				    "%zu place%s in this executable %s like it, but not known to do damage", noted,
				    noted == 1 ? "" : "s", noted == 1 ? "is" : "are");
	return "nothing in this executable is exposed to it";
}

static const char *fix_of(struct scan *scan, const struct known_bug *bug)
{
	const char *fixes = known_bug_fixes(scan->results, bug);

	if (fixes)
		return arena_printf(scan->results, "build it with Go %s or later in its line", fixes);
	return bug->workaround ? bug->workaround : "no Go release is known that fixes it";
}

/* Bugs of modules are no matter of the release. */
static const char *bearer(const struct scan *scan, const struct known_bug *bug)
{
	return bug->affected[0].minor_first ? scan->binary->go_version : "a module of it";
}

static const char *reason_of(struct scan *scan, const struct known_bug *bug)
{
	const char *reason = bug->title;

	if (bug->caveat)
		reason = arena_printf(scan->results, "%s. %s", reason, bug->caveat);
	if (bug->unverified)
		reason = arena_printf(scan->results, "%s%s Not verified: %s.", reason, bug->caveat ? "" : ".", bug->unverified);
	return reason;
}

static void report(struct scan *scan, const struct known_bug *bug)
{
	bool open = bug->scan == SCANNED_BY_PROGRAM;
	struct scan_finding *finding = scan_add(scan, &rule_known_bug, open ? SCAN_WARNING : SCAN_NOTE);

	if (!finding)
		return;
	finding->bug = bug;
	finding->message =
		arena_printf(scan->results, "%s has %s; %s", bearer(scan, bug), bug->id, found_here(scan, bug));
	finding->reason = reason_of(scan, bug);
	finding->fix = fix_of(scan, bug);
}

/* Whether the executable alone shows that its program has the bug. */
static bool is_shown(const struct scan *scan, const struct known_bug *bug)
{
	return bug->scan != SCANNED_NOT && known_bug_is_of(bug, scan->binary->os, scan->binary->arch) &&
	       known_bug_affects(bug, &scan->runtime->version) == 1 && program_can_have(scan->runtime, bug);
}

static void run(struct scan *scan)
{
	const struct known_bug *bug;

	for (size_t i = 0; scan->runtime && (bug = known_bug_at(i)); i++)
		if (is_shown(scan, bug))
			report(scan, bug);
}

const struct scan_rule rule_known_bug = {
	.id = "known-bug",
	.title = "the Go release that built it has a known bug",
	.explanation =
		"Bugs of the Go runtime and toolchain that tear or damage stacks, by release, system and CPU. Where "
		"another rule of the scan sees what a bug needs, what it found in this executable is said: a bug "
		"that nothing is exposed to is a note. tornstack explain BUG says more of each.",
	.run = run,
};
