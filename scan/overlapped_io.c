/* overlapped_io.c: the kernel is told to write to a goroutine's stack (golang/go#77975). */
#include "analyzer/instructions/outparams.h"
#include "scan/rule.h"

#include <inttypes.h>

extern const struct scan_rule rule_overlapped_io;

static const char *const stored[] = {
	[STORES_LENGTH] = "the length of a socket address is",
	[STORES_COUNT] = "a number of bytes is",
	[STORES_FLAGS] = "flags are",
};

/* The one that programs have crashed from stores a length; the others are left so in later releases. */
static void report(struct scan *scan, const struct outparam *outparam)
{
	bool length = outparam->stores == STORES_LENGTH;
	struct scan_finding *finding = scan_add(scan, &rule_overlapped_io, length ? SCAN_ERROR : SCAN_NOTE);

	if (!finding)
		return;
	scan_place(scan, finding, go_pc(scan->runtime, outparam->call, false));
	finding->api = outparam->api;
	finding->parameter = outparam->parameter;
	finding->below = outparam->below;
	finding->bug = known_bug_by_id(length ? "golang/go#77975" : "golang/go#77975 (counts and flags)");
	finding->message = arena_printf(
		scan->results,
		"%s passes %s's %s by the address of a variable on its stack, %" PRId64
		" bytes below SP as execIO has it: %s written there when the operation completes, whoever owns that "
		"memory by then%s",
		finding->function, finding->api, finding->parameter, finding->below, stored[outparam->stores],
		length ? "" : "; no crash is known to come from it, and no Go release is known that changes it");
	if (length && finding->bug)
		finding->fix = arena_printf(scan->results, "build it with Go %s or later",
					    known_bug_fixes(scan->results, finding->bug));
}

static void run(struct scan *scan)
{
	const struct outparams *outparams;

	if (!scan->runtime)
		return;
	outparams = outparams_find(scan->runtime);
	for (size_t i = 0; i < outparams->items.count; i++)
		if (outparams->items.items[i].below > 0) /* else it is in execIO's own frame, which is alive */
			report(scan, &outparams->items.items[i]);
}

const struct scan_rule rule_overlapped_io = {
	.id = "overlapped-io",
	.title = "Windows is told to write the results of a socket operation to a goroutine's stack",
	.explanation =
		"Package internal/poll hands closures to execIO, which start an overlapped operation and return at "
		"once; Windows writes the results when it completes. What such a closure passed by the address of a "
		"local variable is then written to a dead frame, or over whatever lies there by then, such as a "
		"return address (golang/go#77975).\n"
		"The closures' instructions are read: the register of a parameter that Windows writes through holds "
		"an address of the stack. WSARecvFrom's lpFromlen (Go 1.26.0 and 1.26.1) has crashed programs, and "
		"is an error; counts and flags, which later releases still pass so, are notes: no crash is known "
		"from them.",
	.run = run,
};
