/* types.h: type descriptors in the dump (internal/abi/type.go, Go 1.18 to 1.27): what values of interfaces are. */
#ifndef GOLANG_TYPES_H
#define GOLANG_TYPES_H

#include "golang/runtime.h"

enum type_kind {
	KIND_BOOL = 1, KIND_INT, KIND_INT8, KIND_INT16, KIND_INT32, KIND_INT64, KIND_UINT, KIND_UINT8, KIND_UINT16, KIND_UINT32,
	KIND_UINT64, KIND_UINTPTR, KIND_FLOAT32, KIND_FLOAT64, KIND_COMPLEX64, KIND_COMPLEX128, KIND_POINTER = 22,
	KIND_SLICE = 23, KIND_STRING = 24, KIND_STRUCT = 25, KIND_MASK = 31,
};

/* Whether an address lies where a module has its type descriptors. */
bool go_type_is(const struct go_runtime *runtime, uint64_t type);

/* The type as Go prints it, e.g. "*fs.PathError"; NULL when it cannot be read. On the runtime's arena. */
const char *go_type_name(struct go_runtime *runtime, uint64_t type);

/* The import path of the package that declares a type with methods, or a pointer to one ("io/fs"); NULL: it has none. */
const char *go_type_package(struct go_runtime *runtime, uint64_t type);

/* enum type_kind, other kinds among them; 0 when it cannot be read. */
uint8_t go_type_kind(struct go_runtime *runtime, uint64_t type);

/* Whether a type is predeclared, or made of such: its name has no package. */
bool go_type_name_is_predeclared(const char *name);

/* A Go string, whose header is at an address, on the runtime's arena. Of one longer than `limit` bytes the beginning, and
 * *cut is set (NULL: such a string is not wanted). NULL when it cannot be read. */
const char *go_string_at(struct go_runtime *runtime, uint64_t address, uint64_t limit, bool *cut);

#endif
