/* demangle.h: names of functions as C++ and Rust write them. */
#ifndef FORMATS_EXE_DEMANGLE_H
#define FORMATS_EXE_DEMANGLE_H

#include "base/arena.h"

/* "std::terminate", "core::panicking::panic_fmt": the name behind a linker's symbol, without parameters, on the arena. `name` itself
 * where it is none of C++'s (Itanium ABI) or Rust's (legacy and v0), or where what it stands for is longer than DEMANGLED_LIMIT. */
const char *demangled(struct arena *arena, const char *name);

enum { MANGLED_LIMIT = 1024, DEMANGLED_LIMIT = 2048 }; /* bytes */

#endif
