/* libraries.h: code that is not Go's: the C part of the program, the libraries it was linked with, the kernel's vdso. What
 * function a pc lies in, and how a frame there is unwound. Files are looked for when a pc asks for them, once. */
#ifndef FORMATS_UNWIND_LIBRARIES_H
#define FORMATS_UNWIND_LIBRARIES_H

#include "formats/unwind/cfi.h"
#include "formats/locator/library_file.h"

struct libraries;

struct libraries *libraries_new(struct image *image, const struct library_search *search);

/* The executable itself, once its identity is settled. `bias` is run-time minus file addresses. */
void libraries_add_program(struct libraries *libraries, const struct exe *exe, uint64_t bias);

/* Sees to it that what a frame at a pc needs can be read: of a Windows module that the dump does not hold, from its file. */
void libraries_prepare(struct libraries *libraries, uint64_t pc);

/* The rules for the frame at a pc; NULL: there are none, and where a library would have them, a note says why. For a
 * return address, ask for the byte before. */
const struct cfi_row *libraries_row(struct libraries *libraries, uint64_t pc);

struct c_function {
	const char *name;
	uint64_t entry; /* run-time address */
};

/* The function at a pc, by symbol; false: none is known to reach there. */
bool libraries_function(struct libraries *libraries, uint64_t pc, struct c_function *ret);

/* Whether a pc lies in code that the process made itself: memory that may be executed and belongs to no file. False where
 * the dump does not list mapped files, unless the program is linked statically. */
bool libraries_generated(struct libraries *libraries, uint64_t pc);

/* Whether the process has such code anywhere. */
bool libraries_any_generated(struct libraries *libraries);

/* The file that a pc lies in, without its folder; NULL: unknown. */
const char *libraries_module(struct libraries *libraries, uint64_t pc);

#endif
