/* program.c: see program.h. */
#include "golang/program.h"

#include "golang/packages.h"

#include <stdlib.h>
#include <string.h>

bool program_has_function(const struct go_runtime *runtime, const char *prefix)
{
	const size_t length = strlen(prefix);

	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct pclntab *table = &runtime->modules.items[i].pclntab;

		for (uint32_t at = 0; at < table->nfunc; at++) {
			struct func func;
			const char *name = pclntab_func(table, at, &func) ? pclntab_name(table, func.name) : NULL;

			if (!name || strncmp(name, prefix, length))
				continue;
			pclntab_cite(table, &func);
			return true;
		}
	}
	return false;
}

bool program_has_cgo(const struct go_runtime *runtime)
{
	return program_has_function(runtime, "crosscall2");
}

/* The number at *at, which is moved past it and the dot behind it. */
static unsigned long number_next(const char **at)
{
	char *end;
	unsigned long value = strtoul(*at, &end, 10);

	*at = *end == '.' ? end + 1 : end;
	return value;
}

/* Of equal numbers, what has a suffix is older: "v1.0.0-rc.1" leads to "v1.0.0". Suffixes of pseudo-versions begin with
 * their time and order as texts do; "+incompatible" counts for nothing. */
static int suffix_order(const char *a, const char *b)
{
	if (*a != '-' || *b != '-')
		return (*b == '-') - (*a == '-');
	return (strcmp(a, b) > 0) - (strcmp(a, b) < 0);
}

int module_release_order(const char *a, const char *b)
{
	a += *a == 'v';
	b += *b == 'v';
	for (int i = 0; i < 3; i++) {
		unsigned long x = number_next(&a), y = number_next(&b);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return suffix_order(a, b);
}

bool program_has_module(const struct go_runtime *runtime, const char *path, const char *from, const char *below)
{
	const char *module = module_of_package(runtime, runtime->arena, path);
	const char *release = module ? strchr(module, ' ') : NULL;

	if (!release || strncmp(module, path, strlen(path)) || release[1] != 'v')
		return false;
	return (!from || module_release_order(release + 1, from) >= 0) &&
	       (!below || module_release_order(release + 1, below) < 0);
}

bool program_can_have(const struct go_runtime *runtime, const struct known_bug *bug)
{
	bool code_needed = false, code = false;

	for (const struct bug_need *need = bug->needs; need->kind; need++) {
		if (need->kind == NEED_MODULE && !program_has_module(runtime, need->text, need->from, need->below))
			return false;
		if (need->kind == NEED_CODE && !code) {
			code_needed = true;
			code = program_has_function(runtime, need->text);
		}
	}
	return code || !code_needed;
}
