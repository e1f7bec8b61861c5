/* program.h: what was built into a Go program: functions by name, modules by release. Both are in every executable that
 * carries its tables and build information, stripped or not. */
#ifndef GOLANG_PROGRAM_H
#define GOLANG_PROGRAM_H

#include "golang/known_bugs.h"
#include "golang/runtime.h"

/* Whether it has a function whose name begins so. Looks at every name. */
bool program_has_function(const struct go_runtime *runtime, const char *prefix);

/* Whether C code of the program's own is linked into it (cgo): every such program has the assembly by which C calls Go
 * (runtime/cgo/asm_ARCH.s). Functions of Go in package runtime/cgo it has only since Go 1.21. */
bool program_has_cgo(const struct go_runtime *runtime);

/* Whether it was built with a release of a module from `from` to before `below`; NULL: no such limit. False where the
 * build information tells no release. */
bool program_has_module(const struct go_runtime *runtime, const char *path, const char *from, const char *below);

/* What known_bug_affects says of the program's release; of a log that does not tell it, of all that print such. */
int program_is_affected(const struct go_runtime *runtime, const struct known_bug *bug);

/* Whether the functions and modules that a bug needs are in it. */
bool program_can_have(const struct go_runtime *runtime, const struct known_bug *bug);

/* -1, 0, 1: which of two releases of modules ("v1.18.6", "v1.0.0-rc.1") is the older one (golang.org/ref/mod#versions). */
int module_release_order(const char *a, const char *b);

#endif
