/* library_file.h: finds the file of a library that was mapped into the process, and proves that it is the one. */
#ifndef FORMATS_LOCATOR_LIBRARY_FILE_H
#define FORMATS_LOCATOR_LIBRARY_FILE_H

#include "formats/exe/exe.h"
#include "formats/dump/image.h"

struct library_search {
	bool tells_paths;        /* as of exe_search */
	const char *symbols_dir; /* --symbols; NULL: none */
	const char *sysroot;     /* --sysroot: where the dump's paths begin; NULL: at the root */
};

/* What the dump says of a library. */
struct library_trace {
	const char *path;   /* as in the dump */
	uint64_t first;     /* where its first page is mapped; meaningful if first_known */
	bool first_known;
	uint64_t bias;      /* run-time minus file addresses; meaningful unless first_known */
};

/* Looks at the candidates of candidates.h. A file is believed when its build-id is the one in the dump's memory of its first page; where there is none to compare,
 * when the read-only bytes and the relocated words that the dump saved are the file's, and some are there. Errors: ABSENT
 * (no file), NOT_SAVED (nothing to compare with), BAD_DATA (another build), or of opening; the text says which in a few
 * words. *bias: run-time minus file addresses. */
const struct err *library_file_find(struct image *image, const struct library_search *search,
				    const struct library_trace *trace, const struct exe **ret, uint64_t *bias);

/* The file with the symbols of a stripped library, by build-id, in the symbols folder and /usr/lib/debug below the
 * sysroot; NULL: none. */
const struct exe *library_file_symbols(struct image *image, const struct library_search *search, const struct exe *exe);

#endif
