/* load.h: the steps of go_runtime_load, for load.c and the files that implement them. Each step fills its part of the
 * runtime and leaves a note for what it could not do. */
#ifndef GOLANG_LOAD_LOAD_H
#define GOLANG_LOAD_LOAD_H

#include "formats/locator/program.h"
#include "golang/runtime.h"

/* buildinfo.c: Go version and main module, from .go.buildinfo in the executable, else in the dump's memory. */
void buildinfo_load(struct go_runtime *runtime);

/* The version from runtime.buildVersion, where a build carries no build information; needs globals. */
void build_version_load(struct go_runtime *runtime);

/* The version of a release before 1.18, whose build information only points to it; whether there is such information at all, since
 * a dump may lack the text. Needs the executable's place. */
bool old_version_load(struct go_runtime *runtime);

/* modules.c: the pclntab of a file (file addresses), if it is the one that a module in memory points at: for files whose
 * linker left moduledata to the relocations. */
bool module_table_in_exe(struct image *image, const struct go_module *module, const struct exe *exe, uint64_t bias,
			 struct pclntab *ret);

/* The words of a file's moduledata as the loader leaves them, but for the bias: what a relocation adds counts, not what
 * the linker left in its place (GNU ld on arm64 leaves other values there). */
enum { MODULEDATA_WORDS = 32 };
void module_words(const struct exe *exe, uint64_t address, uint64_t ret[static MODULEDATA_WORDS]);

/* The table of a module that memory alone describes, as far as the dump holds it. In a PIE it lies in two segments: the
 * last page of what relocation makes read-only stays writable. */
void pclntab_in_memory(struct image *image, struct go_module *module);

/* No pclntab, and nothing that its offsets reach, is larger. */
enum { PCLNTAB_LIMIT = 1 << 30 };

/* The pclntab and moduledata of the executable (file addresses); false when it holds no Go program. */
bool module_in_exe(const struct exe *exe, struct go_module *ret);

/* The first moduledata found by shape in the dump's own writable memory; false when there is none. Its pclntab is set
 * when the dump holds it. */
bool module_in_memory(struct go_runtime *runtime, struct go_module *ret);

/* Which parts of a module can be read whole. */
enum { MODULE_TABLES = 1, MODULE_CODE = 2 };
unsigned module_saved(struct image *image, const struct go_module *module);

/* Reads the fields of runtime.moduledata at module->address from memory; false when they are not there or absurd. */
bool module_read(struct image *image, uint64_t address, struct go_module *ret);

/* registered.c: a module that the process made itself, at an address of the runtime's list, with its functions; false: it is none,
 * or not whole. */
bool module_registered(struct image *image, uint64_t address, struct go_module *ret);

/* Where a search of a module's variables ends: real ones fit below 2 GB, damaged ones may claim all that the dump has. */
uint64_t module_search_end(const struct go_module *module);

/* module_list.c: completes modules once layout and memory are known: gofunc, text sections, and the modules after the first. */
void modules_complete(struct go_runtime *runtime);

/* modules.c: the functions of a module, from the file that holds it (`file`: at file addresses). */
void module_take_functions(struct go_module *module, const struct go_module *file, const struct exe *exe, uint64_t bias);

/* module_files.c: the functions of a module that lies in a plugin or shared library, from that file. */
void module_from_library(struct go_runtime *runtime, struct go_module *module);

/* A file, and where it would lie in the process. */
struct placed_exe {
	const struct exe *exe;
	uint64_t bias;        /* run-time minus file addresses */
	const char *build_id; /* that the dump's own memory holds there; NULL: none */
	const struct program_record *program; /* what the dump says of its main program, if that is what the file may be; else NULL */
};

struct identity_judgement {
	enum identity identity;
	const char *because; /* a clause on why it is not known to be the one that ran, or is none; NULL: nothing to say */
	bool tables_differ;  /* what the dump saved of its pclntab is not what the file has */
	bool misplaced;      /* its headers place its bytes elsewhere than the process had them */
	bool named_otherwise; /* unverified, and its name is another: it may be anything */
};

/* identity.c: judges whether a file is what ran. `module` is module_in_exe's answer, at file addresses; NULL: none. */
struct identity_judgement identity_judge(struct image *image, const struct placed_exe *file, const struct go_module *module);

/* A file that may be the main program, judged. */
struct judged_exe {
	struct placed_exe placed;
	struct exe *exe;
	enum exe_source source;
	bool is_go;
	struct go_module file; /* at file addresses; meaningful if is_go */
	struct identity_judgement judgement;
};

/* executable.c: judges the candidate, and where it is not known to be what ran, looks whether another is; notes what was not
 * taken. Sets exe, exe_source, bias and the identity of the runtime. */
struct judged_exe executable_settle(struct go_runtime *runtime, const struct exe_candidate *candidate);

/* tables.c: looks over the functions of all modules that files hold; what contradicts itself is noted, and tables_damaged. */
void tables_check(struct go_runtime *runtime);

/* goroutines.c: all goroutines of the list whose slice header, runtime.allgs, is at `allgs`; 0: unknown, which is noted. */
void goroutines_load(struct go_runtime *runtime, uint64_t allgs);
/* layout_fit.c: whether most goroutines, as read with the layout in use, are what goroutines must be. */
bool layout_fits(struct go_runtime *runtime);
/* goroutine_keys.c: sorts an index of goroutines by its keys; equal ones stay in order. Linear; room for as many keys is taken from
 * the arena meanwhile. */
void goroutine_keys_sort(struct arena *arena, struct goroutine_key *keys, size_t count);

/* recorded_exe.c: judges the candidate by what the log says; sets exe, exe_source, bias and identity of the runtime. True: it is to be
 * used; *entries says where the record's functions begin at run time, 0 for those that it does not tell. `program`: the candidate, as
 * go_program_load gives it; NULL: it holds no Go program. */
bool recorded_exe_settle(struct go_runtime *runtime, const struct exe_candidate *candidate, const struct go_runtime *program,
			 const uint64_t **entries);

/* recorded.c: the model of a program that a log tells of, in place of all other steps. `entries`: of the record's functions, as
 * recorded_exe_settle gives them; NULL: no executable. */
void recorded_load(struct go_runtime *runtime, const uint64_t *entries);

/* recorded_release.c: the release, or a range of them, of a log. */
void recorded_release_load(struct go_runtime *runtime);

/* recorded_module.c: the module that a log without an executable is of, as far as the paths of package main tell. */
void recorded_module_load(struct go_runtime *runtime);

/* clock.c: newest_time; needs the goroutines. */
void clock_load(struct go_runtime *runtime);

/* machines.c: every M, and which thread it is. */
void machines_load(struct go_runtime *runtime);

/* backlog.c: the runtime's printed last words. */
void backlog_load(struct go_runtime *runtime);
/* environment.c: GODEBUG from the initial stack. */
void environment_load(struct go_runtime *runtime);

/* globals_by_shape.c: allgs found by what a slice of goroutines looks like, when no code says where it is. */
uint64_t allgs_by_shape(struct go_runtime *runtime);

/* Whether memory at `address` reads as a runtime.g: bounds in order, a known status. */
bool goroutine_plausible(struct go_runtime *runtime, uint64_t address);

#endif
