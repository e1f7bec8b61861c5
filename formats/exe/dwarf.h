/* dwarf.h: where DWARF says that the fields of structures lie. */
#ifndef FORMATS_EXE_DWARF_H
#define FORMATS_EXE_DWARF_H

#include "base/err.h"
#include "formats/exe/exe.h"

/* One question. `type` names a structure, or a variable with file scope (for structures that have no name). */
struct dwarf_query {
	const char *type;  /* as in DWARF, e.g. "runtime.g" */
	const char *field; /* path of member names, e.g. "sched.sp"; NULL: the structure itself, at offset 0 */
	bool found;
	uint64_t offset; /* bytes; set if found */
	uint64_t size;   /* bytes; 0 when not stated. As hostile as the file */
};

/* Answers queries, in one pass over the compilation units. What DWARF does not have stays not found, which is no error.
 * Reads the file in a child process, with limits of time and memory, since DWARF readers are crash-prone and the file
 * may be hostile. Errors: ERR_ABSENT (no DWARF), ERR_BAD_DATA (the reader refuses or dies of it), ERR_LIMIT (time),
 * ERR_IO. */
const struct err *dwarf_resolve(struct arena *arena, const struct exe *exe, struct dwarf_query *queries, size_t count);

#endif
