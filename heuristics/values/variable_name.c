/* variable_name.c: see variable_name.h. */
#include "heuristics/values/variable_name.h"

#include "formats/exe/variable.h"
#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>

static const struct go_module *module_of_data(const struct analysis *analysis, uint64_t address)
{
	const struct go_runtime *runtime = analysis->runtime;

	for (size_t i = 0; i < runtime->modules.count; i++)
		if (address >= runtime->modules.items[i].data_start && address < runtime->modules.items[i].data_end)
			return &runtime->modules.items[i];
	return NULL;
}

uint64_t offset_in_data(const struct analysis *analysis, uint64_t address)
{
	const struct go_module *module = module_of_data(analysis, address);

	return module ? address - module->data_start : 0;
}

bool is_global(const struct analysis *analysis, uint64_t address)
{
	return module_of_data(analysis, address) != NULL;
}

static const char *global_name(const struct diagnosis *diagnosis, uint64_t address)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	uint64_t offset;
	const char *name =
		runtime->exe ? exe_variable(diagnosis->arena, runtime->exe, address - runtime->bias, &offset) : NULL;

	if (!name)
		return arena_printf(diagnosis->arena, "the global variable at 0x%" PRIx64, address);
	return offset ? arena_printf(diagnosis->arena, "%s+0x%" PRIx64, name, offset) : name;
}

const char *variable_name(const struct diagnosis *diagnosis, const struct stack *stack, const struct origin *word)
{
	const struct origin *base = word->base ? origin_variable(word->base) : NULL;

	if (word->has_address && is_global(diagnosis->analysis, word->address))
		return global_name(diagnosis, word->address);
	if (word->is_own)
		return arena_printf(diagnosis->arena, "a variable of %s",
				    program_function(diagnosis->analysis, stack, word->frame));
	if (base && base->kind == ORIGIN_MEMORY && base->has_address && is_global(diagnosis->analysis, base->address))
		return arena_printf(diagnosis->arena, "the field at offset 0x%" PRIx64 " of what %s points to",
				    (uint64_t)word->offset, global_name(diagnosis, base->address));
	if (word->has_address)
		return arena_printf(diagnosis->arena, "the variable at 0x%" PRIx64 ", a field at offset 0x%" PRIx64 " for %s",
				    word->address, (uint64_t)word->offset,
				    program_function(diagnosis->analysis, stack, word->frame));
	return arena_printf(diagnosis->arena, "a variable that %s reads",
			    program_function(diagnosis->analysis, stack, word->frame));
}
