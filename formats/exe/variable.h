/* variable.h: the name of a global variable, from the symbol table of an ELF file. Few reports ask; it is read when asked. */
#ifndef FORMATS_EXE_VARIABLE_H
#define FORMATS_EXE_VARIABLE_H

#include "base/arena.h"
#include "formats/exe/exe.h"

/* The variable that contains a file address, and how far behind its beginning that is; NULL: no symbol says so (stripped, PE).
 * The name is on the arena. System V ABI, "Symbol Table". */
const char *exe_variable(struct arena *arena, const struct exe *exe, uint64_t address, uint64_t *offset);

#endif
