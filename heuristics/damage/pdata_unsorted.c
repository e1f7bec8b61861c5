/* pdata_unsorted.c: a module whose function table is not sorted. Linkers must sort it (Microsoft, "PE Format", The .pdata
 * Section), since RtlLookupFunctionEntry searches it by halves. */
#include "heuristics/detector.h"

#include "formats/locator/paths.h"
#include "formats/unwind/pe_unwind.h"

#include <inttypes.h>

extern const struct detector detector_pdata_unsorted;

static void report(struct diagnosis *diagnosis, const struct mapping *module, uint64_t address, size_t count)
{
	struct finding *finding = finding_add(diagnosis, &detector_pdata_unsorted);
	const char *name = path_base_name(module->path);

	finding->title = arena_printf(diagnosis->arena, "the function table (.pdata) of %s is not sorted: Windows does not find "
				      "all of its functions", name);
	evidence_word(diagnosis, finding, WEIGHT_FAIR, false, address, NULL,
		      "of the function table of %s, %zu entries begin below the one before; this is the first", name, count);
}

static void run(struct diagnosis *diagnosis)
{
	struct image *image = diagnosis->analysis->image;
	uint64_t address, end = 0;
	size_t count;

	for (size_t i = 0; image->os == OS_WINDOWS && i < image->mappings.count; i++) {
		const struct mapping *module = &image->mappings.items[i];

		if (module->start < end) /* modules do not overlap; a hostile dump's could all have one huge table */
			continue;
		end = module->end;
		if (pe_table_unsorted(image, module, &address, &count))
			report(diagnosis, module, address, count);
	}
}

const struct detector detector_pdata_unsorted = {
	.id = "pdata-unsorted",
	.title = "the function table of a Windows module is not sorted",
	.explanation =
		"Windows finds the unwind data of a function by a binary search in its module's table (.pdata). Where entries are "
		"not in ascending order the search misses functions, and takes them for functions without a frame: it then reads "
		"return addresses from wrong places. Exception handlers are not found, and stacks that Windows, profilers or "
		"debuggers walk are wrong.\n"
		"Evidence: the first entry that begins below its predecessor. This damages nothing by itself: it is a hint. tornstack "
		"looks at every entry where the search fails, unless there are very many.\n"
		"What to do: link the module with another linker, or another release of it; tools that rewrite executables (packers, "
		"signers, instrumentation) are to be suspected too.",
	.symptom = true,
	.rank = 1,
	.run = run,
};
