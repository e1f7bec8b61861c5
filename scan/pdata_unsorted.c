/* pdata_unsorted.c: a function table that Windows cannot search. */
#include "formats/unwind/pe_unwind.h"
#include "scan/rule.h"

#include <inttypes.h>

extern const struct scan_rule rule_pdata_unsorted;

static void run(struct scan *scan)
{
	struct scan_finding *finding;
	uint64_t address;
	size_t count;

	if (!scan->image->mappings.count ||
	    !pe_table_unsorted(scan->image, &scan->image->mappings.items[0], &address, &count))
		return;
	finding = scan_add(scan, &rule_pdata_unsorted, SCAN_WARNING);
	if (!finding)
		return;
	finding->has_pc = true;
	finding->pc = address;
	finding->message =
		arena_printf(scan->results,
			     "%zu entries of its function table (.pdata) begin below the one before, the first "
			     "at 0x%" PRIx64 ": Windows does not find all of its functions",
			     count, address);
	finding->fix =
		"link it with another linker, or another release of it; tools that rewrite executables (packers, "
		"signers, instrumentation) are to be suspected too";
}

const struct scan_rule rule_pdata_unsorted = {
	.id = "pdata-unsorted",
	.title = "the function table of a Windows module is not sorted",
	.explanation =
		"Windows finds the unwind data of a function by a binary search in the module's table (.pdata). "
		"Where entries are not in ascending order the search misses functions, and takes them for functions "
		"without a frame. Exception handlers are then not found, and stacks that Windows, profilers or "
		"debuggers walk are wrong.",
	.run = run,
};
