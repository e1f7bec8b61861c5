/* load.c: loads the model of a Go program, step by step; a step that fails costs what it would have told, and a note
 * says so. Order matters: version → modules → identity → layout → functions → globals → goroutines and Ms. */
#include "golang/load/load.h"

#include "base/count.h"
#include "formats/dump/exe_image.h"
#include "formats/unwind/libraries.h"
#include "golang/func_role.h"
#include "golang/load/globals.h"
#include "golang/pc_memo.h"

#include <string.h>

/* The first module as the dump's memory describes it, with the functions of the executable. */
static bool module_of_exe(struct go_runtime *runtime, const struct go_module *file)
{
	struct go_module module;

	if (!module_read(runtime->image, file->address + runtime->bias, &module) ||
	    module.text != file->text + runtime->bias || module.maxpc != file->maxpc + runtime->bias)
		return false;
	module_take_functions(&module, file, runtime->exe, runtime->bias);
	vec_push(runtime->arena, &runtime->modules, module);
	return true;
}

static void place_module(struct go_runtime *runtime, const struct go_module *file)
{
	struct go_module module = *file;

	module.address += runtime->bias;
	module.text += runtime->bias;
	module.etext += runtime->bias;
	module.minpc += runtime->bias;
	module.maxpc += runtime->bias;
	module.data_start += runtime->bias;
	module.data_end += runtime->bias;
	module_take_functions(&module, file, runtime->exe, runtime->bias);
	for (size_t i = 0; i < module.pclntab.sections.count; i++)
		module.pclntab.sections.items[i].base += runtime->bias;
	vec_push(runtime->arena, &runtime->modules, module);
}

/* moduledata is not in the dump (cut short): code and tables of a verified executable still serve for names. */
static void module_from_file(struct go_runtime *runtime, const struct go_module *file)
{
	place_module(runtime, file);
	note_add(runtime->notes, "runtime.moduledata is not in the dump; its values in the executable are used instead");
}

/* A mismatching executable whose code has the same bounds still names functions; its data addresses are not believed. */
static void module_of_mismatch(struct go_runtime *runtime, const struct go_module *file)
{
	struct go_module module;

	if (!module_in_memory(runtime, &module))
		return;
	if (!module.pclntab.nfunc && file && module.text == file->text + runtime->bias &&
	    module.minpc == file->minpc + runtime->bias && module.maxpc == file->maxpc + runtime->bias)
		module_take_functions(&module, file, NULL, runtime->bias);
	vec_push(runtime->arena, &runtime->modules, module);
}

/* The main program shows no moduledata. The linker may have left it to the relocations, or a library may be Go's. */
static void load_by_memory(struct go_runtime *runtime)
{
	struct go_module module;
	struct go_module file = {0};

	if (!module_in_memory(runtime, &module))
		return;
	if (module_table_in_exe(runtime->image, &module, runtime->exe, runtime->bias, &file.pclntab))
		module_take_functions(&module, &file, runtime->exe, runtime->bias);
	else
		module_from_library(runtime, &module);
	vec_push(runtime->arena, &runtime->modules, module);
}

/* Servers of debuginfod know the build-ids of ELF files only. */
static void note_missing(struct go_runtime *runtime, const char *what)
{
	const char *id = runtime->build_id && runtime->image->os != OS_WINDOWS
				 ? arena_printf(runtime->arena, "; its build-id is %s, by which a debuginfod server (DEBUGINFOD_URLS) may have it",
						runtime->build_id) : "";

	note_add(runtime->notes, "no executable, and %s. Give the executable with --exe%s%s%s", what, id,
		 runtime->looked ? ". It was looked for at " : "", runtime->looked ? runtime->looked : "");
}

/* Without an executable, the process's own memory may hold its code and tables: the kernel and gcore save them when
 * coredump_filter says so. They cannot be of another build, so there is no identity to judge. */
static void load_from_memory(struct go_runtime *runtime)
{
	static const char *const missing[] = {
		[0] = "neither the code nor the tables of the program: functions have no names and stacks cannot be walked",
		[MODULE_TABLES] = "the program's tables, but not all of its code: some of the runtime's variables cannot be "
				  "found, and no tear can be proved",
		[MODULE_CODE] = "the program's code, but not all of its tables: functions have no names and stacks cannot be "
				"walked where they are missing",
	};
	struct go_module module;
	unsigned saved;

	if (!module_in_memory(runtime, &module)) {
		note_missing(runtime, "nothing of Go was found in the dump's memory");
		return;
	}
	vec_push(runtime->arena, &runtime->modules, module);
	saved = module_saved(runtime->image, &module);
	if (saved == (MODULE_TABLES | MODULE_CODE))
		runtime->exe_source = EXE_MEMORY;
	else
		note_missing(runtime, arena_printf(runtime->arena, "the dump holds %s. It would hold both with coredump_filter 0x7f, "
								   "see core(5)", missing[saved]));
}

static bool memory_serves(struct go_runtime *runtime)
{
	struct go_module module;

	return module_in_memory(runtime, &module) && module_saved(runtime->image, &module) == (MODULE_TABLES | MODULE_CODE);
}

/* What the process itself had mapped is better than another build's file. */
static void drop_executable(struct go_runtime *runtime)
{
	note_lead(runtime->notes, "%s is not used: it is another build than the one that was running: %s. The dump holds the program's "
				  "code and tables itself", runtime->exe->name, runtime->identity_because);
	runtime->exe = NULL;
	runtime->exe_source = EXE_NONE;
	runtime->identity = IDENTITY_NONE;
	runtime->identity_because = NULL;
	runtime->build_id = program_of_image(runtime->image).build_id;
	load_from_memory(runtime);
}

/* Its bytes serve where the dump has none, its tables and symbols for frames. */
static void add_program(struct go_runtime *runtime)
{
	image_add_backing(runtime->image, runtime->exe, runtime->bias);
	if (runtime->image->libraries)
		libraries_add_program(runtime->image->libraries, runtime->exe, runtime->bias);
}

static void load_with_exe(struct go_runtime *runtime, const struct judged_exe *judged)
{
	const struct go_module *file = judged->is_go ? &judged->file : NULL;

	if (runtime->identity == IDENTITY_MISMATCH && memory_serves(runtime)) {
		drop_executable(runtime);
		return;
	}
	if (runtime->identity == IDENTITY_MISMATCH) {
		note_lead(runtime->notes, "executable mismatch: %s is another build than the one that was running: %s; with it "
					  "nothing can be more than possible", runtime->exe->name, runtime->identity_because);
		module_of_mismatch(runtime, file);
		return;
	}
	if (judged->judgement.tables_differ || judged->judgement.misplaced) {
		runtime->tables_damaged = true;
		note_lead(runtime->notes, "%s: %s; with it nothing can be more than possible", runtime->exe->name,
			  runtime->identity_because);
	}
	add_program(runtime);
	if (!file)
		load_by_memory(runtime);
	else if (!module_of_exe(runtime, file))
		module_from_file(runtime, file);
}

static void choose_layout(struct go_runtime *runtime)
{
	bool exact = false;

	if (runtime->version.text)
		runtime->layout = layout_of_version(runtime->image->os, runtime->image->arch->id, &runtime->version, &exact);
	runtime->layout_source = !runtime->layout ? LAYOUT_SOURCE_NONE : exact ? LAYOUT_SOURCE_TABLE : LAYOUT_SOURCE_NEAREST;
}

/* DWARF of the dumped program (or library) itself, for a release without an exact row. */
static bool layout_from_exe(struct go_runtime *runtime)
{
	const struct exe *exe = runtime->modules.count ? runtime->modules.items[0].exe : NULL;
	struct layout *layout;
	const struct err *err;

	if (!exe || !exe->has_dwarf)
		return false;
	err = layout_of_dwarf(runtime->arena, exe, &layout);
	if (err && err->code == ERR_IO)
		runtime->trouble = err;
	if (err) {
		note_add(runtime->notes, "DWARF of %s could not be read: %s", exe->name, err_describe(runtime->arena, err));
		return false;
	}
	runtime->layout = layout;
	runtime->layout_source = LAYOUT_SOURCE_DWARF;
	return true;
}

static void note_layout(struct go_runtime *runtime)
{
	const char *version = runtime->version.text ? runtime->version.text : "an unknown release";

	if (runtime->layout_source == LAYOUT_SOURCE_NEAREST)
		note_add(runtime->notes, "structure offsets of %s are not in the tables; those of the nearest earlier release are "
					 "used, which makes every certain verdict at most likely", version);
	if (runtime->layout_source == LAYOUT_SOURCE_NONE)
		note_add(runtime->notes, "structure offsets of %s are unknown: goroutines cannot be listed", version);
}

static void find_functions(struct go_runtime *runtime)
{
	const struct pclntab *table;
	struct func func;

	if (!runtime->modules.count)
		return;
	table = &runtime->modules.items[0].pclntab;
	for (uint32_t i = 0; i < table->nfunc; i++) {
		enum func_role role;

		if (!pclntab_func(table, i, &func))
			continue;
		role = func_role_of_name(pclntab_name(table, func.name));
		if (role == ROLE_NONE || runtime->functions[role])
			continue;
		pclntab_cite(table, &func);
		runtime->functions[role] = arena_alloc(runtime->arena, sizeof func);
		*runtime->functions[role] = func;
	}
}

/* Where runtime.allgs is, 0: unknown. */
static uint64_t find_allgs(struct go_runtime *runtime)
{
	uint64_t found = runtime->globals.allgs;

	if (found || !runtime->layout)
		return found;
	found = allgs_by_shape(runtime);
	if (found)
		note_add(runtime->notes, "the goroutine list was found by its shape, not from code");
	return found;
}

static void load_goroutines(struct go_runtime *runtime)
{
	runtime->goroutines.count = runtime->goroutines_listed = 0;
	runtime->machines.count = runtime->machines_unlisted = 0;
	runtime->goroutines_incomplete = false;
	goroutines_load(runtime, find_allgs(runtime));
	machines_load(runtime);
	clock_load(runtime);
}

static bool state_fits(struct go_runtime *runtime)
{
	return layout_fits(runtime) && !runtime->machines_unlisted;
}

/* Functions lie where moduledata's text sections say, so modules come before anything looks at code. */
static void settle_layout(struct go_runtime *runtime)
{
	choose_layout(runtime);
	if (runtime->layout_source != LAYOUT_SOURCE_TABLE)
		layout_from_exe(runtime);
	modules_complete(runtime);
}

/* Nothing is better than nonsense. */
static void drop_layout(struct go_runtime *runtime)
{
	note_add(runtime->notes, "structure offsets for %s do not fit what the dump holds, as if another runtime bore that name: "
				 "goroutines cannot be listed", runtime->version.text ? runtime->version.text : "this runtime");
	runtime->layout = NULL;
	runtime->layout_source = LAYOUT_SOURCE_NONE;
	runtime->goroutines.count = 0;
	runtime->machines.count = 0;
	runtime->goroutines_incomplete = true;
}

static void load_state(struct go_runtime *runtime)
{
	size_t notes = runtime->notes->count;

	load_goroutines(runtime);
	if (runtime->layout_source == LAYOUT_SOURCE_TABLE && !state_fits(runtime) && layout_from_exe(runtime)) {
		runtime->notes->count = notes; /* what was said of a wrong layout */
		modules_complete(runtime);
		load_goroutines(runtime);
	}
	if (!layout_fits(runtime)) {
		drop_layout(runtime);
		return;
	}
	if (runtime->machines_unlisted)
		note_add(runtime->notes, "%s that threads run on %s not in runtime.allm: it is damaged, or another runtime bears the "
					 "name of this one", counted_text(runtime->arena, runtime->machines_unlisted, "M"),
			 runtime->machines_unlisted == 1 ? "is" : "are");
	note_layout(runtime);
}

static struct go_runtime *runtime_new(struct image *image, const struct exe_candidate *candidate)
{
	struct go_runtime *runtime = arena_alloc(image->arena, sizeof *runtime);

	runtime->arena = image->arena;
	runtime->image = image;
	runtime->notes = image->notes;
	runtime->decoder = decoder_new(image->arena, image->arch);
	runtime->exe = candidate->exe;
	runtime->exe_source = candidate->source;
	return runtime;
}

/* The linker may have left moduledata to the relocations, which the image has applied. */
static bool load_program_module(struct go_runtime *runtime)
{
	struct go_module file;
	struct go_module module;

	if (module_in_exe(runtime->exe, &file)) {
		module = file;
		module_take_functions(&module, &file, runtime->exe, 0);
	} else if (module_in_memory(runtime, &module) && module.pclntab.nfunc) {
		module.exe = runtime->exe;
	} else {
		return false;
	}
	vec_push(runtime->arena, &runtime->modules, module);
	return true;
}

bool go_program_load(struct image *image, struct exe *exe, struct go_runtime **ret)
{
	const struct exe_candidate candidate = {.exe = exe, .source = EXE_GIVEN, .bias_known = true};
	struct go_runtime *runtime = runtime_new(image, &candidate);

	*ret = runtime;
	runtime->build_id = exe->build_id;
	runtime->identity = IDENTITY_SAME;
	buildinfo_load(runtime);
	if (!load_program_module(runtime))
		return false;
	pc_memo_new(runtime);
	choose_layout(runtime);
	modules_complete(runtime);
	find_functions(runtime);
	if (runtime->version.text)
		return true;
	globals_find(runtime);
	build_version_load(runtime);
	choose_layout(runtime);
	modules_complete(runtime);
	return true;
}

/* What is no Go program that is read here: no rule, layout or table of Go's is applied to it. */
static void note_absence(struct go_runtime *runtime, size_t notes)
{
	static const char *const what[] = {
		[PRESENCE_UNKNOWN] = "whether this is a Go program cannot be told",
		[PRESENCE_OLD_GO] = "this is a Go program of a release before 1.18, whose tables are not read: signal, threads and frames "
				    "by symbols are shown, goroutines are not",
		[PRESENCE_GCCGO] = "this is a Go program built by gccgo, whose runtime is another: signal, threads and frames are shown, "
				   "goroutines are not",
		[PRESENCE_TINYGO] = "this is a Go program built by TinyGo, whose runtime is another: signal, threads and frames are shown, "
				    "goroutines are not",
		[PRESENCE_NONE] = "this is no Go program",
	};

	runtime->modules.count = 0; /* those of 1.16 and 1.17 look like later ones */
	if (runtime->identity != IDENTITY_MISMATCH)
		runtime->notes->count = notes; /* what was said of tables that are not there */
	note_add(runtime->notes, "%s: %s%s%s", what[runtime->presence], runtime->presence_because,
		 runtime->search_ended ? ", whose search ended after " : "", runtime->search_ended ? runtime->search_ended : "");
}

static void load_of_another(struct go_runtime *runtime, size_t notes)
{
	if (runtime->exe && runtime->identity != IDENTITY_MISMATCH)
		add_program(runtime);
	pc_memo_new(runtime);
	note_absence(runtime, notes);
}

/* What an executable adds to a log: code, and tables that say more of each pc. */
static void load_log(struct go_runtime *runtime, const struct exe_candidate *candidate)
{
	const uint64_t *entries = NULL;
	struct go_runtime *program = NULL;
	const bool is_go = candidate->exe && go_program_load(image_of_exe(runtime->arena, runtime->notes, candidate->exe),
							     candidate->exe, &program);

	runtime->build_id = runtime->image->said.build_id;
	if (candidate->exe && recorded_exe_settle(runtime, candidate, is_go ? program : NULL, &entries)) {
		runtime->build_id = runtime->exe->build_id;
		place_module(runtime, &program->modules.items[0]);
		add_program(runtime);
		buildinfo_load(runtime);
	}
	recorded_load(runtime, entries);
	find_functions(runtime);
}

struct go_runtime *go_runtime_load(struct image *image, const struct exe_candidate *candidate)
{
	struct go_runtime *runtime = runtime_new(image, candidate);

	const size_t notes = runtime->notes->count;
	struct judged_exe judged = {0};

	runtime->search = candidate->search;
	runtime->looked = candidate->looked;
	if (image->record) {
		load_log(runtime, candidate);
		return runtime;
	}
	if (candidate->exe)
		judged = executable_settle(runtime, candidate);
	runtime->build_id = candidate->exe ? runtime->exe->build_id : program_of_image(image).build_id;
	if (!judged.is_go && presence_of_another(runtime)) {
		load_of_another(runtime, notes);
		return runtime;
	}
	buildinfo_load(runtime);
	if (candidate->exe)
		load_with_exe(runtime, &judged);
	else
		load_from_memory(runtime);
	pc_memo_new(runtime);
	presence_judge(runtime);
	if (runtime->presence != PRESENCE_GO) {
		note_absence(runtime, notes);
		return runtime;
	}
	settle_layout(runtime);
	tables_check(runtime);
	find_functions(runtime);
	if (runtime->identity != IDENTITY_MISMATCH)
		globals_find(runtime);
	if (!runtime->version.text) {
		build_version_load(runtime);
		if (runtime->version.text)
			settle_layout(runtime);
	}
	load_state(runtime);
	backlog_load(runtime);
	environment_load(runtime);
	return runtime;
}
