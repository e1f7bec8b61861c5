/* exe.h: everything that is asked of an executable or library before Go is looked for. */
#ifndef TESTS_FUZZ_EXE_H
#define TESTS_FUZZ_EXE_H

#include "base/span.h"
#include "base/arena.h"

/* Opens and reads it at every edge. It is a find where it is not what exe.h of formats/ says that executables are. */
void fuzz_exe_read(struct arena *arena, struct span bytes);

#endif
