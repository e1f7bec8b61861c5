/* programs.c: tells of dumps that Go's rules are not asked of: no Go program, Go of another toolchain or of an old release, or
 * nothing that tells. */
#include "report/narrative/telling.h"

#include "heuristics/faults/account.h"

#include <string.h>

static const char *const leads[] = {
	[PRESENCE_GO] = "",
	[PRESENCE_OLD_GO] = "A Go program of a release before 1.18",
	[PRESENCE_GCCGO] = "A Go program built by gccgo",
	[PRESENCE_TINYGO] = "A Go program built by TinyGo",
	[PRESENCE_NONE] = "No Go program",
	[PRESENCE_UNKNOWN] = "Cannot tell without the executable whether this is a Go program",
};

/* What kind of program it is, to begin a headline with. */
static const char *lead(const struct telling *telling)
{
	const struct go_runtime *runtime = telling->diagnosis->analysis->runtime;

	if (runtime->presence == PRESENCE_OLD_GO)
		return runtime->version.text ? arena_printf(telling->arena, "A Go program of release %s", runtime->version.text)
					     : leads[PRESENCE_OLD_GO];
	if (runtime->presence == PRESENCE_UNKNOWN && runtime->exe)
		return "Cannot tell whether this is a Go program";
	return leads[runtime->presence];
}

/* How it ended, to end a headline with. */
static const char *end_text(const struct telling *telling)
{
	const struct analysis *analysis = telling->diagnosis->analysis;

	if (telling->diagnosis->account->what)
		return telling->diagnosis->account->what;
	if (analysis->image->snapshot)
		return "no signal ended it, this is a snapshot of a live process";
	return "the dump does not say how it ended";
}

/* What is read of it, in plain words, and what is not; "": that need not be said. */
static const char *limits(enum go_presence presence)
{
	switch (presence) {
	case PRESENCE_OLD_GO:
		return " Of releases before Go 1.18 signal, threads and frames are read, goroutines and panics are not.";
	case PRESENCE_GCCGO:
		return " Of what gccgo builds signal, threads and frames are read, goroutines and panics are not.";
	case PRESENCE_TINYGO:
		return " Of what TinyGo builds signal, threads and frames are read, goroutines and panics are not.";
	default:
		return "";
	}
}

static void tell_limits(struct telling *telling)
{
	switch (telling->diagnosis->analysis->runtime->presence) {
	case PRESENCE_OLD_GO:
	case PRESENCE_GCCGO:
	case PRESENCE_TINYGO:
		tell(telling, "Signal, threads and the frames that symbols or unwind tables give are shown below; goroutines, panics "
			      "and messages of this runtime are not read.");
		break;
	case PRESENCE_NONE:
		tell(telling, "Rules about Go are not asked of it; signal, threads and frames are shown below.");
		break;
	default:
		tell(telling, "As long as that is open, rules about Go are not asked of it.");
		break;
	}
}

static void advise(struct telling *telling)
{
	const struct go_runtime *runtime = telling->diagnosis->analysis->runtime;

	if (runtime->presence == PRESENCE_OLD_GO)
		tell_action(telling, "Look at it with a debugger of its time (Delve for that release), or build the program with Go 1.18 or "
				     "later.");
	else if (runtime->presence != PRESENCE_UNKNOWN)
		tell_action(telling, "Open the dump in a debugger for its language, such as gdb, with the executable that ran.");
	else if (telling->diagnosis->analysis->image->truncated)
		tell_action(telling, "Get a whole dump: check the limits of whoever saved it (ulimit -c, disk space).");
}

void tell_program(struct telling *telling)
{
	const struct account *account = telling->diagnosis->account;

	tell_headline(telling, "%s: %s.%s", lead(telling), end_text(telling),
		      limits(telling->diagnosis->analysis->runtime->presence));
	tell_headline(telling, "%s.", lead(telling));
	tell_paragraph(telling, EXHIBIT_INSTRUCTIONS);
	for (size_t i = 0; i < account->facts.count; i++)
		tell(telling, "%s.", capital(telling->arena, account->facts.items[i]));
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "%s: %s.", capital(telling->arena, lead(telling)), telling->diagnosis->analysis->runtime->presence_because);
	tell_limits(telling);
	advise(telling);
}
