/* fault_operand.h: what the instruction at a fault did to memory, and with which registers. */
#ifndef ANALYZER_FAULT_OPERAND_H
#define ANALYZER_FAULT_OPERAND_H

#include "analyzer/analysis.h"

/* What a register held when the CPU stopped at the fault; false: the dump does not tell. */
bool register_at_fault(const struct analysis *analysis, uint8_t reg, uint64_t *ret);

/* What a register held where a thread was stopped, by its oldest signal frame, or by the dump; false: that is not known. */
bool register_at_stop(const struct analysis *analysis, size_t thread, uint8_t reg, uint64_t *ret);

/* Whether the fault's pc is at, or behind, an instruction that traps into a debugger: int3, brk. True also where its code is not
 * in the dump. */
bool fault_is_breakpoint(struct analysis *analysis);

/* What the instruction at the fault's pc does to memory; TOUCH_UNKNOWN also where its code is not there. */
enum insn_touch fault_operand(struct analysis *analysis, struct insn_operand *ret);

/* The address that such an operand had at the fault; false: a register of it is not known, or it has more than one. */
bool fault_operand_address(const struct analysis *analysis, const struct insn_operand *operand, uint64_t *ret);

/* The address that the instruction at the fault was to access, by the registers before it: that of its operand, of the stack for a push
 * or a call, or where a repeated store had come to. False: it makes no access or more than one, or a register is not known. */
bool fault_implied_address(struct analysis *analysis, uint64_t *ret, bool *write);

/* Whether an access to an address faults, as far as the dump tells. */
bool access_is_closed(struct image *image, uint64_t address, bool write);

/* Whether the instruction at which a thread was stopped makes such an access, to *ret. */
bool stop_is_closed_access(struct analysis *analysis, size_t thread, uint64_t *ret);

/* Whether the fault's address, 0, may have been told for want of a better one: by an emulator of the CPU (qemu-user), which reports 0 also
 * of an address that the CPU cannot form. Its dumps have no siginfo of their own (NT_SIGINFO), and no register confirms it. */
bool fault_zero_is_doubtful(struct analysis *analysis);

/* How memory was accessed: by the kernel's record, else by the instruction. ACCESS_UNKNOWN: neither says it. */
enum fault_access fault_access_of(struct analysis *analysis);

/* "reading", "writing", "jumping to", "accessing". */
const char *access_doing(enum fault_access access);

#endif
