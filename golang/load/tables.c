/* tables.c: whether tables of functions are sound: each entry of functab has a record that names the same start, and what a
 * record points to lies in its table (runtime/symtab.go moduledataverify1 asks less). Of a file that is damaged nothing else
 * may tell: its build-id is still right. */
#include "golang/load/load.h"

#include "base/steps.h"

#include <inttypes.h>

/* What is wrong with one function; NULL: nothing. */
static const char *trouble(const struct pclntab *table, uint32_t index, uint64_t text_end)
{
	struct func func;

	if (!pclntab_func(table, index, &func))
		return "its record is another function's";
	if (func.end < func.entry || (!table->sections.count && func.end > text_end))
		return "it lies outside of the program's code";
	if (func.name >= table->funcnames.size)
		return "its name lies outside of the table of names";
	if (func.pcsp >= table->pctab.size || func.pcfile >= table->pctab.size || func.pcln >= table->pctab.size)
		return "its frame sizes or lines lie outside of their table";
	return NULL;
}

/* The runtime itself does not start where a table does not end with the code (moduledataverify1). */
static bool ends_with_code(const struct go_module *module)
{
	const struct pclntab *table = &module->pclntab;

	return table->sections.count || !table->nfunc || module->text + pclntab_max(table) == module->maxpc;
}

static void check(struct go_runtime *runtime, const struct go_module *module)
{
	const struct pclntab *table = &module->pclntab;

	if (!ends_with_code(module)) {
		runtime->tables_damaged = true;
		note_add(runtime->notes, "the program's table of functions is damaged: it does not end with the program's code, at 0x%" PRIx64,
			 module->maxpc);
		return;
	}
	for (uint32_t i = 0; i < table->nfunc; i++) {
		const char *what = trouble(table, i, module->etext > module->maxpc ? module->etext : module->maxpc);

		if (steps_used_up())
			return;
		if (!what)
			continue;
		runtime->tables_damaged = true;
		note_add(runtime->notes, "the program's table of functions is damaged: of function %" PRIu32 " of %" PRIu32 ", %s",
			 i, table->nfunc, what);
		return;
	}
}

void tables_check(struct go_runtime *runtime)
{
	for (size_t i = 0; i < runtime->modules.count && !runtime->tables_damaged; i++)
		if (runtime->modules.items[i].exe) /* a dump may hold a part of its tables only */
			check(runtime, &runtime->modules.items[i]);
}
