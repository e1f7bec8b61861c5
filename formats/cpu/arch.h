/* arch.h: what differs between CPUs, as const tables: registers, and where the operating systems' records keep them.
 * A CPU is one file (arch_amd64.c, arch_arm64.c) and one line in arch.c. */
#ifndef FORMATS_CPU_ARCH_H
#define FORMATS_CPU_ARCH_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum { REG_LIMIT = 40, REG_NONE = 0xff };

/* A register set in which each register may be unknown; nothing is ever a silent 0. Numbered as in arch->reg_names. */
struct registers {
	uint64_t value[REG_LIMIT];
	uint64_t known; /* bit n: value[n] is known */
};

enum arch_id { ARCH_AMD64, ARCH_ARM64 };

/* Where a record of the operating system keeps one register, as 8 little-endian bytes. */
struct reg_slot {
	uint8_t reg;
	uint16_t offset;
};

struct reg_map {
	const struct reg_slot *slots;
	size_t count;
	size_t size; /* of the whole record */
};

struct arch {
	enum arch_id id;
	const char *name; /* as GOARCH */
	uint16_t elf_machine;
	uint8_t quantum;  /* smallest instruction, in bytes: pclntab's pc quantum */
	uint64_t failed_signature; /* bits of which the CPU sets one in an address whose signature does not fit it; 0: none */
	uint8_t address_bits; /* of the addresses that programs can have; the bits above are all equal */
	uint8_t tag_bits; /* at the top of a pointer to data, which the CPU ignores when it forms the address; 0: none */
	bool link_register; /* the return address is in a register at entry (arm64), else at [SP] (amd64) */
	uint8_t pc, sp, fp, lr, g, tls; /* register numbers; REG_NONE where there is none. g: Go's ABIInternal g register */
	uint8_t system_call; /* register that Linux is told the number of a system call in */
	uint8_t system_call_result; /* … which it answers in: from -4095 on the negative number of an error */
	uint8_t system_call_arguments[3]; /* … and its first arguments in; the result may replace the first */
	uint32_t audit; /* AUDIT_ARCH_* of include/uapi/linux/audit.h: si_arch of SIGSYS */
	const uint8_t *go_arguments; /* registers of integer arguments, in order (Go's cmd/compile/abi-internal.md) */
	size_t go_argument_count;
	const char *const *reg_names;
	size_t reg_count;
	struct reg_map prstatus;  /* Linux struct elf_prstatus (NT_PRSTATUS) */
	struct reg_map ucontext;  /* Linux struct ucontext_t, from its start */
	uint16_t sigframe_ucontext; /* ucontext and siginfo, from SP at the entry of a signal handler (struct rt_sigframe) */
	uint16_t sigframe_siginfo;
	struct span sigreturn;    /* instructions that a signal handler returns to: mov number of rt_sigreturn; syscall */
	struct span trap;         /* the last of them: how a system call is made */
	const uint8_t *dwarf_registers; /* register by DWARF's number for it */
	size_t dwarf_count;
	uint8_t dwarf_vector_length; /* DWARF's number for how long vectors are, in 8 bytes (SVE's VG); 0: none */
	uint64_t preserved;       /* bit n: functions preserve the register with DWARF's number n (the C calling convention) */
	uint32_t relocation_relative; /* ELF's R_*_RELATIVE */
	uint16_t prstatus_tid;    /* offset of pr_pid in NT_PRSTATUS */
	uint16_t prstatus_signal; /* offset of pr_cursig */
	uint16_t pe_machine;      /* IMAGE_FILE_MACHINE_* */
	uint16_t nt_processor;    /* PROCESSOR_ARCHITECTURE_* */
	struct nt_context {       /* Windows CONTEXT: its ContextFlags say which groups of registers it holds */
		uint32_t cpu;     /* set in the ContextFlags of this CPU */
		uint16_t flags;   /* offset of ContextFlags */
		struct reg_map control, integer; /* those of CONTEXT_CONTROL and CONTEXT_INTEGER */
	} context;
};

extern const struct arch arch_amd64;
extern const struct arch arch_arm64;

/* The table of an ELF e_machine, a PE Machine, or a minidump's ProcessorArchitecture; NULL: none. */
const struct arch *arch_of_elf(uint16_t machine);
const struct arch *arch_of_pe(uint16_t machine);
const struct arch *arch_of_nt(uint16_t processor);

/* The CPU that this program runs on. */
const struct arch *arch_of_this(void);

/* The address that the CPU accesses by a pointer to data: without the tag. */
uint64_t arch_untagged(const struct arch *arch, uint64_t pointer);

/* Whether the CPU can form an address, tag or not: its upper bits are all equal. */
bool arch_forms(const struct arch *arch, uint64_t address);

/* The number of a register, by its name in arch->reg_names; REG_NONE: there is none. */
uint8_t reg_by_name(const struct arch *arch, const char *name);

/* The value of a register; false when it is unknown (or REG_NONE). */
bool reg_get(const struct registers *registers, uint8_t reg, uint64_t *ret);
void reg_set(struct registers *registers, uint8_t reg, uint64_t value);
void reg_forget(struct registers *registers, uint8_t reg);

/* Reads the registers that a record holds whole; those cut off stay unknown. */
void reg_read(struct registers *registers, const struct reg_map *map, struct span record);

/* Reads the registers that a Windows CONTEXT holds and says it holds; false when it is of another CPU, or cut off. */
bool reg_read_context(struct registers *registers, const struct arch *arch, struct span record);

#endif
