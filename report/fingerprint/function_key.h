/* function_key.h: a function's name without what compilers and linkers make different from build to build. */
#ifndef REPORT_FINGERPRINT_FUNCTION_KEY_H
#define REPORT_FINGERPRINT_FUNCTION_KEY_H

#include "base/arena.h"

#include <stdbool.h>

/* Of a Go function as pclntab names it; `file` is its source file, NULL: unknown. Type arguments and numbers go; a closure is known
 * by its file and the innermost function that it is written in, because what a compiler inlines changes all that stands before.
 * NULL: the compiler made it (a go statement's, a method's or cgo's wrapper), and not in every build. On the arena. */
const char *go_function_key(struct arena *arena, const char *function, const char *file, bool *closure);

/* Of a symbol of C, C++ or Rust: demangled, without the marks of parts and copies (".cold", ".constprop.0"). NULL: what cgo and the
 * C library put below and above a program's own functions. */
const char *c_function_key(struct arena *arena, const char *function);

/* Of a mapped file: its name up to its version ("libz.so" of "libz.so.1.3"). */
const char *module_key(struct arena *arena, const char *module);

/* A text in which every number is as good as any other. */
const char *without_numbers(struct arena *arena, const char *text);

/* A text without what a program puts into it at run time: words with digits, paths, addresses, and what is quoted. One line. */
const char *without_values(struct arena *arena, const char *text);

#endif
