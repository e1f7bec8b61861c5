/* packages.h: to which package and module a function belongs. */
#ifndef GOLANG_PACKAGES_H
#define GOLANG_PACKAGES_H

#include "golang/runtime.h"

/* The import path in a function's name as pclntab has it: "gopkg.in/yaml.v3" of "gopkg.in/yaml%2ev3.(*decoder).merge"
 * (cmd/internal/objabi/path.go). "" when there is none, as of assembly's local functions. */
const char *package_of_function(struct arena *arena, const char *name);

/* The module that a package is of, by the build information: "path version", or the path alone where no version is
 * recorded; NULL for the standard library, and where there is no build information. */
const char *module_of_package(const struct go_runtime *runtime, struct arena *arena, const char *package);

#endif
