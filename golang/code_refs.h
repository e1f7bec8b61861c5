/* code_refs.h: the fixed addresses that a function's instructions name. */
#ifndef GOLANG_CODE_REFS_H
#define GOLANG_CODE_REFS_H

#include "golang/runtime.h"

enum ref_kind { REF_LOAD, REF_STORE, REF_ADDRESS, REF_CALL };

/* One reference from code to a fixed address. */
struct code_ref {
	uint64_t pc;
	uint64_t address;
	enum ref_kind kind;
	uint8_t size; /* of a load or store, bytes */
};

struct code_refs {
	struct code_ref *items;
	size_t count, capacity;
};

/* All references of a function to fixed addresses, in the order of its instructions: RIP-relative operands on amd64;
 * ADRP/ADR with the ADD, LDR, STR, LDP that use it on arm64. Linear: no control flow. At most the first 64 KiB. */
void code_refs_of(struct go_runtime *runtime, const struct func *func, struct code_refs *ret);

#endif
