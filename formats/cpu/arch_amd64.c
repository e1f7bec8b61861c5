/* arch_amd64.c: x86-64.
 *
 * NT_PRSTATUS: struct elf_prstatus of Linux <linux/elfcore.h> (pr_reg at 112), whose pr_reg is struct user_regs_struct
 * of <asm/user_64.h>. Signal frame: struct rt_sigframe of arch/x86/include/asm/sigframe.h, i.e. the return address,
 * then struct ucontext of <asm-generic/ucontext.h> (mcontext at 40), whose mcontext is struct sigcontext_64 of
 * <asm/sigcontext.h>, then siginfo. Windows: struct CONTEXT of <winnt.h> (_M_AMD64). */
#include "formats/cpu/arch.h"

enum {
	RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15,
	RIP, EFLAGS, FS_BASE, GS_BASE, COUNT
};

static const char *const names[COUNT] = {
	[RAX] = "rax", [RBX] = "rbx", [RCX] = "rcx", [RDX] = "rdx", [RSI] = "rsi", [RDI] = "rdi", [RBP] = "rbp",
	[RSP] = "rsp", [R8] = "r8",   [R9] = "r9",   [R10] = "r10", [R11] = "r11", [R12] = "r12", [R13] = "r13",
	[R14] = "r14", [R15] = "r15", [RIP] = "rip", [EFLAGS] = "eflags", [FS_BASE] = "fs_base", [GS_BASE] = "gs_base",
};

enum { PR_REG = 112 };

static const struct reg_slot prstatus_slots[] = {
	{R15, PR_REG},       {R14, PR_REG + 8},   {R13, PR_REG + 16},  {R12, PR_REG + 24},
	{RBP, PR_REG + 32},  {RBX, PR_REG + 40},  {R11, PR_REG + 48},  {R10, PR_REG + 56},
	{R9, PR_REG + 64},   {R8, PR_REG + 72},   {RAX, PR_REG + 80},  {RCX, PR_REG + 88},
	{RDX, PR_REG + 96},  {RSI, PR_REG + 104}, {RDI, PR_REG + 112}, /* orig_rax at 120 */
	{RIP, PR_REG + 128}, /* cs at 136 */
	{EFLAGS, PR_REG + 144}, {RSP, PR_REG + 152}, /* ss at 160 */
	{FS_BASE, PR_REG + 168}, {GS_BASE, PR_REG + 176}, /* ds, es, fs, gs follow */
};

static const struct reg_slot ucontext_slots[] = {
	{R8, 40},   {R9, 48},   {R10, 56},  {R11, 64},  {R12, 72},  {R13, 80},  {R14, 88},  {R15, 96},  {RDI, 104},
	{RSI, 112}, {RBP, 120}, {RBX, 128}, {RDX, 136}, {RAX, 144}, {RCX, 152}, {RSP, 160}, {RIP, 168}, {EFLAGS, 176},
};

/* System V psABI for AMD64, figure 3.36; 16 is the return address. */
static const uint8_t dwarf_registers[] = {RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, RIP};

static const uint8_t go_arguments[] = {RAX, RBX, RCX, RDI, RSI, R8, R9, R10, R11};

static const uint8_t sigreturn[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};

static const struct reg_slot control_slots[] = {{RSP, 152}, {RIP, 248}}; /* EFlags, at 68, has 4 bytes */

static const struct reg_slot integer_slots[] = {
	{RAX, 120}, {RCX, 128}, {RDX, 136}, {RBX, 144}, {RBP, 160}, {RSI, 168}, {RDI, 176}, {R8, 184},
	{R9, 192},  {R10, 200}, {R11, 208}, {R12, 216}, {R13, 224}, {R14, 232}, {R15, 240},
};

enum { CONTEXT_SIZE = 1232 };

const struct arch arch_amd64 = {
	.id = ARCH_AMD64,
	.name = "amd64",
	.elf_machine = 62, /* EM_X86_64 */
	.quantum = 1,
	.address_bits = 47,
	.link_register = false,
	.pc = RIP,
	.sp = RSP,
	.fp = RBP,
	.lr = REG_NONE,
	.g = R14,
	.tls = FS_BASE,
	.system_call = RAX,
	.system_call_result = RAX,
	.system_call_arguments = {RDI, RSI, RDX},
	.audit = 0xc000003e,
	.go_arguments = go_arguments,
	.go_argument_count = sizeof go_arguments,
	.reg_names = names,
	.reg_count = COUNT,
	.prstatus = {prstatus_slots, sizeof prstatus_slots / sizeof *prstatus_slots, 336},
	.ucontext = {ucontext_slots, sizeof ucontext_slots / sizeof *ucontext_slots, 304},
	.sigframe_ucontext = 8, /* behind the return address */
	.sigframe_siginfo = 8 + 304,
	.sigreturn = {sigreturn, sizeof sigreturn},
	.trap = {sigreturn + 7, 2},
	.dwarf_registers = dwarf_registers,
	.dwarf_count = sizeof dwarf_registers,
	.preserved = 1 << 3 | 1 << 6 | 1 << 7 | 0xf << 12, /* rbx, rbp, rsp, r12…r15 */
	.relocation_relative = 8,
	.prstatus_tid = 32,
	.prstatus_signal = 12,
	.pe_machine = 0x8664, /* IMAGE_FILE_MACHINE_AMD64 */
	.nt_processor = 9,    /* PROCESSOR_ARCHITECTURE_AMD64 */
	.context = {.cpu = 0x100000, /* CONTEXT_AMD64 */
		    .flags = 48,
		    .control = {control_slots, sizeof control_slots / sizeof *control_slots, CONTEXT_SIZE},
		    .integer = {integer_slots, sizeof integer_slots / sizeof *integer_slots, CONTEXT_SIZE}},
};
