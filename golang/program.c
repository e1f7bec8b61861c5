/* program.c: see program.h. */
#include "golang/program.h"

#include "golang/packages.h"
#include "golang/recorded.h"

#include <stdlib.h>
#include <string.h>

enum { NEWEST_MINOR = 27 }; /* known_bugs.def: UNFIXED */

/* Of a log without an executable: that it names. */
static bool is_recorded(const struct go_runtime *runtime, const char *prefix)
{
	const struct log_record *record = runtime->recorded->record;

	for (size_t i = 0; i < record->functions.count; i++)
		if (!strncmp(record->functions.items[i].name, prefix, strlen(prefix)))
			return true;
	return false;
}

bool program_has_function(const struct go_runtime *runtime, const char *prefix)
{
	const size_t length = strlen(prefix);

	if (runtime->recorded && !runtime->modules.count)
		return is_recorded(runtime, prefix);
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

/* "v1.18.6" in a place of a log, "…/github.com/klauspost/compress@v1.18.6/zstd/decoder.go"; NULL: no place names a release of that module. */
static const char *recorded_release(const struct go_runtime *runtime, const char *path)
{
	const struct log_record *record = runtime->recorded->record;
	const size_t length = strlen(path);

	for (size_t i = 0; i < record->places.count; i++)
		for (size_t j = 0; j < record->places.items[i].count; j++) {
			const char *file = record->places.items[i].calls[j].file, *at = file ? strstr(file, path) : NULL;

			if (at && at[length] == '@' && at[length + 1] == 'v' && (at == file || at[-1] == '/'))
				return arena_strndup(runtime->arena, at + length + 1, strcspn(at + length + 1, "/"));
		}
	return NULL;
}

static bool is_between(const char *release, const char *from, const char *below)
{
	return (!from || module_release_order(release, from) >= 0) && (!below || module_release_order(release, below) < 0);
}

bool program_has_module(const struct go_runtime *runtime, const char *path, const char *from, const char *below)
{
	const char *module = module_of_package(runtime, runtime->arena, path);
	const char *release = module ? strchr(module, ' ') : NULL;

	if (!module && runtime->recorded) {
		release = recorded_release(runtime, path);
		return release && is_between(release, from, below);
	}
	if (!release || strncmp(module, path, strlen(path)) || release[1] != 'v')
		return false;
	return is_between(release + 1, from, below);
}

/* The newest release that was looked at stands for what may have printed a log that only newer ones print. */
int program_is_affected(const struct go_runtime *runtime, const struct known_bug *bug)
{
	const int most = runtime->most_minor ? runtime->most_minor : NEWEST_MINOR;

	if (runtime->version.text || !runtime->least_minor)
		return known_bug_affects(bug, &runtime->version);
	return known_bug_affects_minors(bug, runtime->least_minor, most);
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
