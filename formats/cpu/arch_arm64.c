/* arch_arm64.c: AArch64.
 *
 * NT_PRSTATUS: struct elf_prstatus of Linux <linux/elfcore.h> (pr_reg at 112), whose pr_reg is struct user_pt_regs of
 * <asm/ptrace.h>: x0..x30, sp, pc, pstate. Signal frame: struct rt_sigframe of arch/arm64/kernel/signal.c, i.e. siginfo
 * (128 bytes), then struct ucontext of <asm/ucontext.h> with mcontext (struct sigcontext of <asm/sigcontext.h>:
 * fault_address, regs[31], sp, pc, pstate) at 176. Windows: struct ARM64_NT_CONTEXT of <winnt.h>. */
#include "formats/cpu/arch.h"

/* x0..x30 are registers 0..30. */
enum { X8 = 8, X28 = 28, X29 = 29, X30 = 30, SP, PC, PSTATE, TPIDR, COUNT };

static const char *const names[COUNT] = {
	"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",    "x11",
	"x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22",    "x23",
	"x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",  "pc",  "pstate", "tpidr",
};

/* Both records hold the 34 words in the same order. */
#define SLOTS(base)                                                                                                    \
	{0, (base)}, {1, (base) + 8}, {2, (base) + 16}, {3, (base) + 24}, {4, (base) + 32}, {5, (base) + 40},          \
		{6, (base) + 48}, {7, (base) + 56}, {8, (base) + 64}, {9, (base) + 72}, {10, (base) + 80},             \
		{11, (base) + 88}, {12, (base) + 96}, {13, (base) + 104}, {14, (base) + 112}, {15, (base) + 120},      \
		{16, (base) + 128}, {17, (base) + 136}, {18, (base) + 144}, {19, (base) + 152}, {20, (base) + 160},    \
		{21, (base) + 168}, {22, (base) + 176}, {23, (base) + 184}, {24, (base) + 192}, {25, (base) + 200},    \
		{26, (base) + 208}, {27, (base) + 216}, {X28, (base) + 224}, {X29, (base) + 232}, {X30, (base) + 240}, \
		{SP, (base) + 248}, {PC, (base) + 256}, {PSTATE, (base) + 264}

static const struct reg_slot prstatus_slots[] = {SLOTS(112)};

static const struct reg_slot ucontext_slots[] = {SLOTS(184)}; /* behind fault_address at 176 */

/* DWARF for the Arm 64-bit Architecture, 4.1: 31 is sp. */
static const uint8_t dwarf_registers[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,  14,  15,
					  16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, X28, X29, X30, SP};

static const uint8_t go_arguments[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static const uint8_t sigreturn[] = {0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};

static const struct reg_slot control_slots[] = {{X29, 240}, {X30, 248}, {SP, 256}, {PC, 264}}; /* Cpsr, at 4, has 4 bytes */

static const struct reg_slot integer_slots[] = {
	{0, 8},    {1, 16},   {2, 24},   {3, 32},   {4, 40},   {5, 48},   {6, 56},   {7, 64},   {8, 72},   {9, 80},
	{10, 88},  {11, 96},  {12, 104}, {13, 112}, {14, 120}, {15, 128}, {16, 136}, {17, 144}, {18, 152}, {19, 160},
	{20, 168}, {21, 176}, {22, 184}, {23, 192}, {24, 200}, {25, 208}, {26, 216}, {27, 224}, {X28, 232},
};

enum { CONTEXT_SIZE = 912 };

const struct arch arch_arm64 = {
	.id = ARCH_ARM64,
	.name = "arm64",
	.elf_machine = 183, /* EM_AARCH64 */
	.quantum = 4,
	/* Arm ARM, Auth(): an error code of two bits, at 54:53 where the top byte is ignored, else at 62:61 */
	.failed_signature = UINT64_C(3) << 53 | UINT64_C(3) << 61,
	.address_bits = 52, /* with LVA; 48 without, and kernels give no more to a program that does not ask for it */
	.tag_bits = 8,      /* Linux has top byte ignore on for all programs (Documentation/arch/arm64/tagged-pointers.rst) */
	.link_register = true,
	.pc = PC,
	.sp = SP,
	.fp = X29,
	.lr = X30,
	.g = X28,
	.tls = TPIDR, /* from NT_ARM_TLS, which qemu-user does not write: usually unknown */
	.system_call = X8,
	.system_call_result = 0, /* x0 */
	.system_call_arguments = {0, 1, 2} /* x0, x1, x2 */,
	.audit = 0xc00000b7,
	.go_arguments = go_arguments,
	.go_argument_count = sizeof go_arguments,
	.reg_names = names,
	.reg_count = COUNT,
	.prstatus = {prstatus_slots, sizeof prstatus_slots / sizeof *prstatus_slots, 392},
	.ucontext = {ucontext_slots, sizeof ucontext_slots / sizeof *ucontext_slots, 456},
	.sigframe_ucontext = 128,
	.sigframe_siginfo = 0,
	.sigreturn = {sigreturn, sizeof sigreturn},
	.trap = {sigreturn + 4, 4},
	.dwarf_registers = dwarf_registers,
	.dwarf_count = sizeof dwarf_registers,
	.dwarf_vector_length = 46, /* VG */
	.preserved = UINT64_C(0x7ff) << 19 | UINT64_C(1) << 31, /* x19…x29, sp */
	.relocation_relative = 1027,
	.prstatus_tid = 32,
	.prstatus_signal = 12,
	.pe_machine = 0xaa64, /* IMAGE_FILE_MACHINE_ARM64 */
	.nt_processor = 12,   /* PROCESSOR_ARCHITECTURE_ARM64 */
	.context = {.cpu = 0x400000, /* CONTEXT_ARM64 */
		    .flags = 0,
		    .control = {control_slots, sizeof control_slots / sizeof *control_slots, CONTEXT_SIZE},
		    .integer = {integer_slots, sizeof integer_slots / sizeof *integer_slots, CONTEXT_SIZE}},
};
