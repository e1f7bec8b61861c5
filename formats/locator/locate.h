/* locate.h: finds the executable that a dump belongs to. Identity is judged later, by golang/identity. */
#ifndef FORMATS_LOCATOR_LOCATE_H
#define FORMATS_LOCATOR_LOCATE_H

#include "formats/exe/exe.h"
#include "formats/dump/image.h"

enum exe_source { EXE_GIVEN, EXE_FOUND, EXE_DEBUGINFOD, EXE_MEMORY, EXE_NONE };

struct exe_search {
	const char *const *given; /* --exe, NULL-terminated; NULL: none */
	const char *symbols_dir;  /* --symbols; NULL: none */
	const struct file_options *options; /* bounds what debuginfod may send; NULL: defaults */
	const char *sysroot;      /* --sysroot: where the dump's paths begin; NULL: at the root */
	bool tells_paths;         /* notes may tell what is, or is not, at paths that the dump names: it may ask for any */
	const char *const *rejected; /* paths that were looked at and are not taken, NULL-terminated; NULL: none */
};

struct exe_candidate {
	struct exe *exe;        /* NULL with EXE_NONE */
	enum exe_source source; /* never EXE_MEMORY: what the dump itself has is for golang/runtime to see */
	uint64_t bias;          /* run-time minus file addresses; meaningful if bias_known */
	bool bias_known;
	struct exe_search search; /* where it was looked for: libraries are as well */
	bool may_tell;          /* notes may say what is wrong with it */
	const char *looked;     /* where no file was, or none that fits: a list; NULL: nowhere */
};

/* Looks, in order, at the given files, the paths that the dump names (NT_FILE, AT_EXECFN), the folder of the dump
 * (same name; also exe, exe.zst and with .zst .lz4 .xz .gz appended), and the symbols folder (by name, and
 * .build-id/xx/yyyy[.debug]); then, if DEBUGINFOD_URLS is set, it asks debuginfod. A given file that cannot be opened, or is
 * for another CPU, is an error; a found one that is unfit is skipped, with a note if that may be told. The build-id of the dump's
 * own first page decides between several. Of a log only the symbols folder and debuginfod are asked, by what its words say (image->said). */
const struct err *locate_exe(struct image *image, const struct exe_search *search, struct exe_candidate *ret);

/* The next in that order which is not among search->rejected, where those that came before turned out to be none (of a given
 * executable that is another build, the one at the dump's path); source EXE_NONE: there is none. Nothing is an error. */
void locate_other_exe(struct image *image, const struct exe_search *search, struct exe_candidate *ret);

#endif
