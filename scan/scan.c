/* scan.c: one executable: opened, its program loaded, and every rule run. */
#include "scan/scan.h"

#include "formats/dump/exe_image.h"
#include "formats/exe/elf.h"
#include "formats/exe/pe.h"
#include "golang/program.h"
#include "scan/places.h"
#include "scan/rule.h"

#include <string.h>

#define BUDGET ((size_t)2 << 30)

#define SCAN_RULE(name) extern const struct scan_rule name;
#include "scan/rules.def"
#undef SCAN_RULE

const struct scan_rule *const scan_rules[] = {
#define SCAN_RULE(name) &name,
#include "scan/rules.def"
#undef SCAN_RULE
	NULL,
};

const struct scan_rule *scan_rule_by_id(const char *id)
{
	for (size_t i = 0; scan_rules[i]; i++)
		if (!strcmp(scan_rules[i]->id, id))
			return scan_rules[i];
	return NULL;
}

const char *scan_level_name(enum scan_level level)
{
	static const char *const names[] = {[SCAN_NOTE] = "note", [SCAN_WARNING] = "warning", [SCAN_ERROR] = "error"};

	return names[level];
}

/* ---- the scan ---- */

static void say_unchecked(struct scan *scan)
{
	const struct places *places = scan->places;

	if (!scan->runtime->version.minor)
		scan_unchecked(scan, "the Go release is not known: known bugs are not looked up");
	if (places->missing)
		scan_unchecked(scan, "%zu functions: the file does not hold their code", places->missing);
	if (places->damaged)
		scan_unchecked(scan, "%zu functions: their entry in Go's tables is damaged", places->damaged);
	if (program_has_function(scan->runtime, "runtime/cgo."))
		scan_unchecked(scan, "C code in it: only Go's functions are looked at");
}

static void load_program(struct scan *scan)
{
	struct scanned *binary = scan->binary;
	struct go_runtime *runtime;

	if (!go_program_load(scan->image, scan->exe, &runtime)) {
		scan_unchecked(scan,
			       runtime->version.text ? "%s: its tables cannot be read; Go 1.18 and later are"
						     : "no Go program was found in it (Go 1.18 and later are read)",
			       runtime->version.text);
		return;
	}
	scan->runtime = runtime;
	scan->places = places_find(runtime);
	binary->is_go = true;
	binary->functions = scan->places->functions;
	binary->switching = scan->places->switching;
	if (runtime->version.text)
		binary->go_version = arena_strdup(scan->results, runtime->version.text);
	if (runtime->main_module)
		binary->main_module = arena_strdup(scan->results, runtime->main_module);
}

struct job {
	struct scan scan;
	const char *path;
	struct span bytes;
};

static void run(void *context)
{
	struct job *job = context;
	struct scan *scan = &job->scan;
	struct notes *notes = arena_alloc(scan->arena, sizeof *notes);
	struct exe *exe;
	const struct err *err = exe_from_bytes(scan->arena, job->path, job->bytes, &exe);

	notes->arena = scan->arena;
	if (err) {
		scan->binary->error_code = err_code_name(err->code);
		scan->binary->error =
			arena_strdup(scan->results, err_describe(scan->arena, err->cause ? err->cause : err));
		return;
	}
	scan->exe = exe;
	scan->image = image_of_exe(scan->arena, notes, exe);
	scan->binary->format = exe->format;
	scan->binary->os = exe->windows ? "windows" : "linux";
	scan->binary->arch = exe->arch->name;
	if (exe->build_id)
		scan->binary->build_id = arena_strdup(scan->results, exe->build_id);
	load_program(scan);
	for (size_t i = 0; scan_rules[i]; i++)
		scan_rules[i]->run(scan);
	if (scan->places)
		say_unchecked(scan);
}

void scan_bytes(struct arena *results, const char *path, struct span bytes, bool cut_short, struct scanned *ret)
{
	struct job job = {.path = path, .bytes = bytes};

	*ret = (struct scanned){.path = arena_strdup(results, path)};
	job.scan = (struct scan){.arena = arena_new(BUDGET), .results = results, .binary = ret};
	if (!job.scan.arena || !arena_run(job.scan.arena, run, &job)) {
		ret->error_code = err_code_name(ERR_LIMIT);
		ret->error = "it needs more memory than a scan may take (2 GiB), or than there is";
	}
	if (cut_short)
		scan_unchecked(&job.scan, "the archive that holds it is damaged: only its first %zu bytes were read",
			       bytes.size);
	arena_free(job.scan.arena);
}

/* Much begins with "MZ": the PE header must be there, too, where it should be seen. */
bool scan_wants(struct span start)
{
	enum { LFANEW = 0x3c };
	struct span header = span_slice(start, span_u32(start, LFANEW), 4);

	return elf_magic(start) || (pe_magic(start) && header.size && !memcmp(header.data, "PE\0\0", 4));
}
