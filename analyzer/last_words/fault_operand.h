/* fault_operand.h: what the instruction at a fault did to memory, and with which registers. */
#ifndef ANALYZER_FAULT_OPERAND_H
#define ANALYZER_FAULT_OPERAND_H

#include "analyzer/analysis.h"

/* What a register held when the CPU stopped at the fault; false: the dump does not tell. */
bool register_at_fault(const struct analysis *analysis, uint8_t reg, uint64_t *ret);

/* Whether the fault's pc is at, or behind, an instruction that traps into a debugger: int3, brk. True also where its code is not
 * in the dump. */
bool fault_is_breakpoint(struct analysis *analysis);

/* What the instruction at the fault's pc does to memory; TOUCH_UNKNOWN also where its code is not there. */
enum insn_touch fault_operand(struct analysis *analysis, struct insn_operand *ret);

/* The address that such an operand had at the fault; false: a register of it is not known, or it has more than one. */
bool fault_operand_address(const struct analysis *analysis, const struct insn_operand *operand, uint64_t *ret);

/* How memory was accessed: by the kernel's record, else by the instruction. ACCESS_UNKNOWN: neither says it. */
enum fault_access fault_access_of(struct analysis *analysis);

/* "reading", "writing", "jumping to", "accessing". */
const char *access_doing(enum fault_access access);

#endif
