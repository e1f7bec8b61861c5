/* tear_forms.h: functions whose SP adjustments test_tear.c executes. Those named after releases are what Go's arm64
 * assembler emits (cmd/internal/obj/arm64/obj7.go) for a frame of 0x11180 bytes; the others are what no Go compiler does.
 * Each row is an instruction, the distance from SP to the frame's top before it, and what pcsp says there; where the two
 * differ is a tear. Assembled by GNU as. */
#ifndef TESTS_UNIT_ANALYZER_INSTRUCTIONS_TEAR_FORMS_H
#define TESTS_UNIT_ANALYZER_INSTRUCTIONS_TEAR_FORMS_H

#include "formats/cpu/arch.h"

#define UNKNOWN INT64_MIN

enum calls { CALLS_NONE, CALLS_OTHER, CALLS_MORESTACK };

struct row {
	uint32_t word;
	const char *bytes; /* NULL: word */
	uint8_t size;
	int64_t distance;
	int32_t pcsp;
	enum calls call;
	bool assumed;
};

#define A64(code) .word = code, .size = 4
#define X86(code) .bytes = code, .size = sizeof code - 1
#define AT(true_distance, table) .distance = true_distance, .pcsp = table

static const struct row nonleaf_old[] = {
	{A64(0xf9400b90), AT(0, 0)}, /* ldr x16, [x28, #16] */
	{A64(0xd14047f1), AT(0, 0)}, /* sub x17, sp, #0x11, lsl #12 */
	{A64(0xeb10023f), AT(0, 0)}, /* cmp x17, x16 */
	{A64(0x54000169), AT(0, 0)}, /* b.ls 1f */
	{A64(0xd10603f4), AT(0, 0)}, /* sub x20, sp, #0x180 */
	{A64(0xd1404694), AT(0, 0)}, /* sub x20, x20, #0x11, lsl #12 */
	{A64(0xa93ffa9d), AT(0, 0)}, /* stp x29, x30, [x20, #-8] */
	{A64(0x9100029f), AT(0, 0)}, /* mov sp, x20 */
	{A64(0xd10023fd), AT(0x11180, 0x11180)}, /* sub x29, sp, #8 */
	{A64(0x94000000), AT(0x11180, 0x11180), .call = CALLS_OTHER}, /* bl other */
	{A64(0xa97ffbfd), AT(0x11180, 0x11180)}, /* ldp x29, x30, [sp, #-8] */
	{A64(0x910603ff), AT(0x11180, 0x11180)}, /* add sp, sp, #0x180 */
	{A64(0x914047ff), AT(0x11000, 0x11180)}, /* add sp, sp, #0x11, lsl #12 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
	{A64(0xaa1e03e3), AT(0, 0)}, /* 1: mov x3, x30 */
	{A64(0x94000000), AT(0, 0), .call = CALLS_MORESTACK}, /* bl runtime.morestack_noctxt */
	{A64(0x17fffff0), AT(0, 0)}, /* b entry */
};

static const struct row nonleaf_fixed[] = {
	{A64(0xd10603f4), AT(0, 0)}, /* sub x20, sp, #0x180 */
	{A64(0xd1404694), AT(0, 0)}, /* sub x20, x20, #0x11, lsl #12 */
	{A64(0xa93ffa9d), AT(0, 0)}, /* stp x29, x30, [x20, #-8] */
	{A64(0x9100029f), AT(0, 0)}, /* mov sp, x20 */
	{A64(0xd10023fd), AT(0x11180, 0x11180)}, /* sub x29, sp, #8 */
	{A64(0x94000000), AT(0x11180, 0x11180), .call = CALLS_OTHER}, /* bl other */
	{A64(0xa97ffbfd), AT(0x11180, 0x11180)}, /* ldp x29, x30, [sp, #-8] */
	{A64(0xd282301b), AT(0x11180, 0x11180)}, /* mov x27, #0x1180 */
	{A64(0xf2a0003b), AT(0x11180, 0x11180)}, /* movk x27, #1, lsl #16 */
	{A64(0x8b3b63ff), AT(0x11180, 0x11180)}, /* add sp, sp, x27 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row leaf_121[] = {
	{A64(0xd10603f4), AT(0, 0)}, /* sub x20, sp, #0x180 */
	{A64(0xd1404694), AT(0, 0)}, /* sub x20, x20, #0x11, lsl #12 */
	{A64(0xa93ffa9d), AT(0, 0)}, /* stp x29, x30, [x20, #-8] */
	{A64(0x9100029f), AT(0, 0)}, /* mov sp, x20 */
	{A64(0xd10023fd), AT(0x11180, 0x11180)}, /* sub x29, sp, #8 */
	{A64(0x9105e3fd), AT(0x11180, 0x11180)}, /* add x29, sp, #0x178 */
	{A64(0x914047bd), AT(0x11180, 0x11180)}, /* add x29, x29, #0x11, lsl #12 */
	{A64(0x910603ff), AT(0x11180, 0x11180)}, /* add sp, sp, #0x180 */
	{A64(0x914047ff), AT(0x11000, 0x11180)}, /* add sp, sp, #0x11, lsl #12 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row leaf_120[] = {
	{A64(0xd10603f4), AT(0, 0)}, /* sub x20, sp, #0x180 */
	{A64(0xd1404694), AT(0, 0)}, /* sub x20, x20, #0x11, lsl #12 */
	{A64(0xa93ffa9d), AT(0, 0)}, /* stp x29, x30, [x20, #-8] */
	{A64(0x9100029f), AT(0, 0)}, /* mov sp, x20 */
	{A64(0xd10023fd), AT(0x11180, 0x11180)}, /* sub x29, sp, #8 */
	{A64(0x910603ff), AT(0x11180, 0x11180)}, /* add sp, sp, #0x180 */
	{A64(0x914047ff), AT(0x11000, 0x11180)}, /* add sp, sp, #0x11, lsl #12 */
	{A64(0xd10023fd), AT(0, 0)}, /* sub x29, sp, #8 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row prologue_117[] = {
	{A64(0xd10603fb), AT(0, 0)}, /* sub x27, sp, #0x180 */
	{A64(0xd140477b), AT(0, 0)}, /* sub x27, x27, #0x11, lsl #12 */
	{A64(0xf900037e), AT(0, 0)}, /* str x30, [x27] */
	{A64(0x9100037f), AT(0, 0)}, /* mov sp, x27 */
	{A64(0xf81f83fd), AT(0x11180, 0x11180)}, /* stur x29, [sp, #-8] */
	{A64(0xd10023fd), AT(0x11180, 0x11180)}, /* sub x29, sp, #8 */
	{A64(0x94000000), AT(0x11180, 0x11180), .call = CALLS_OTHER}, /* bl other */
	{A64(0xf85f83fd), AT(0x11180, 0x11180)}, /* ldur x29, [sp, #-8] */
	{A64(0xf94003fe), AT(0x11180, 0x11180)}, /* ldr x30, [sp] */
	{A64(0x910603ff), AT(0x11180, 0x11180)}, /* add sp, sp, #0x180 */
	{A64(0x914047ff), AT(0x11000, 0x11180)}, /* add sp, sp, #0x11, lsl #12 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row small_writeback[] = {
	{A64(0xf8110ffe), AT(0, 0)}, /* str x30, [sp, #-0xf0]! */
	{A64(0xf81f83fd), AT(0xf0, 0xf0)}, /* stur x29, [sp, #-8] */
	{A64(0xd10023fd), AT(0xf0, 0xf0)}, /* sub x29, sp, #8 */
	{A64(0x94000000), AT(0xf0, 0xf0), .call = CALLS_OTHER}, /* bl other */
	{A64(0xf85f83fd), AT(0xf0, 0xf0)}, /* ldur x29, [sp, #-8] */
	{A64(0xf84f07fe), AT(0xf0, 0xf0)}, /* ldr x30, [sp], #0xf0 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row constant_frame[] = {
	{A64(0xd2938a1b), AT(0, 0)}, /* mov x27, #0x9c50 */
	{A64(0xcb3b63f4), AT(0, 0)}, /* sub x20, sp, x27 */
	{A64(0xa93ffa9d), AT(0, 0)}, /* stp x29, x30, [x20, #-8] */
	{A64(0x9100029f), AT(0, 0)}, /* mov sp, x20 */
	{A64(0xd10023fd), AT(0x9c50, 0x9c50)}, /* sub x29, sp, #8 */
	{A64(0x94000000), AT(0x9c50, 0x9c50), .call = CALLS_OTHER}, /* bl other */
	{A64(0xa97ffbfd), AT(0x9c50, 0x9c50)}, /* ldp x29, x30, [sp, #-8] */
	{A64(0xd2938a1b), AT(0x9c50, 0x9c50)}, /* mov x27, #0x9c50 */
	{A64(0x8b3b63ff), AT(0x9c50, 0x9c50)}, /* add sp, sp, x27 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row three_steps[] = {
	{A64(0xd10183ff), AT(0, 0)}, /* sub sp, sp, #0x60 */
	{A64(0xd503201f), AT(0x60, 0x60)}, /* nop */
	{A64(0x910043ff), AT(0x60, 0x60)}, /* add sp, sp, #0x10 */
	{A64(0x910083ff), AT(0x50, 0x60)}, /* add sp, sp, #0x20 */
	{A64(0x9100c3ff), AT(0x30, 0x60)}, /* add sp, sp, #0x30 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row mov_movk_split[] = {
	{A64(0xd280601b), AT(0, 0)}, /* mov x27, #0x300 */
	{A64(0xf2a0003b), AT(0, 0)}, /* movk x27, #1, lsl #16 */
	{A64(0xcb3b63ff), AT(0, 0)}, /* sub sp, sp, x27 */
	{A64(0xd280301b), AT(0x10300, 0x10300)}, /* mov x27, #0x180 */
	{A64(0x8b3b63ff), AT(0x10300, 0x10300)}, /* add sp, sp, x27 */
	{A64(0xf2a0003b), AT(0x10180, 0x10300)}, /* movk x27, #1, lsl #16 */
	{A64(0xaa1b03e9), AT(0x10180, 0x10300)}, /* mov x9, x27 */
	{A64(0x8b2963ff), AT(0x10180, 0x10300)}, /* add sp, sp, x9 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row branches_agree[] = {
	{A64(0xd100c3ff), AT(0, 0)}, /* sub sp, sp, #0x30 */
	{A64(0xb4000080), AT(0x30, 0x30)}, /* cbz x0, 1f */
	{A64(0x910043ff), AT(0x30, 0x30)}, /* add sp, sp, #0x10 */
	{A64(0x910083ff), AT(0x20, 0x30)}, /* add sp, sp, #0x20 */
	{A64(0x14000003), AT(0, 0x30)}, /* b 2f */
	{A64(0x910083ff), AT(0x30, 0x30)}, /* 1: add sp, sp, #0x20 */
	{A64(0x910043ff), AT(0x10, 0x30)}, /* add sp, sp, #0x10 */
	{A64(0xd65f03c0), AT(0, 0)}, /* 2: ret */
};

static const struct row branches_disagree[] = {
	{A64(0xd100c3ff), AT(0, 0)}, /* sub sp, sp, #0x30 */
	{A64(0xb4000060), AT(0x30, 0x30)}, /* cbz x0, 1f */
	{A64(0x910043ff), AT(0x30, 0x30)}, /* add sp, sp, #0x10 */
	{A64(0x14000002), AT(0x20, 0x30)}, /* b 2f */
	{A64(0x910083ff), AT(0x30, 0x30)}, /* 1: add sp, sp, #0x20 */
	{A64(0xd503201f), AT(UNKNOWN, 0x30)}, /* 2: nop */
	{A64(0x910043ff), AT(UNKNOWN, 0x30)}, /* add sp, sp, #0x10 */
	{A64(0xd65f03c0), AT(UNKNOWN, 0x30)}, /* ret */
};

static const struct row split_prologue[] = {
	{A64(0xd10603ff), AT(0, 0)}, /* sub sp, sp, #0x180 */
	{A64(0xd14047ff), AT(0x180, 0)}, /* sub sp, sp, #0x11, lsl #12 */
	{A64(0xf90003fe), AT(0x11180, 0x11180)}, /* str x30, [sp] */
	{A64(0x94000000), AT(0x11180, 0x11180), .call = CALLS_OTHER}, /* bl other */
	{A64(0xf94003fe), AT(0x11180, 0x11180)}, /* ldr x30, [sp] */
	{A64(0xd282301b), AT(0x11180, 0x11180)}, /* mov x27, #0x1180 */
	{A64(0xf2a0003b), AT(0x11180, 0x11180)}, /* movk x27, #1, lsl #16 */
	{A64(0x8b3b63ff), AT(0x11180, 0x11180)}, /* add sp, sp, x27 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row after_indirect_jump[] = {
	{A64(0xf81d0ffe), AT(0, 0)}, /* str x30, [sp, #-0x30]! */
	{A64(0xf81f83fd), AT(0x30, 0x30)}, /* stur x29, [sp, #-8] */
	{A64(0xd61f00a0), AT(0x30, 0x30)}, /* br x5 */
	{A64(0x910043ff), AT(0x30, 0x30), .assumed = true}, /* add sp, sp, #0x10 */
	{A64(0x910083ff), AT(0x20, 0x30), .assumed = true}, /* add sp, sp, #0x20 */
	{A64(0xd65f03c0), AT(0, 0), .assumed = true}, /* ret */
	{A64(0xf94003fe), AT(0x30, 0x30), .assumed = true}, /* ldr x30, [sp] */
	{A64(0x9100c3ff), AT(0x30, 0x30), .assumed = true}, /* add sp, sp, #0x30 */
	{A64(0xd65f03c0), AT(0, 0), .assumed = true}, /* ret */
};

static const struct row balanced_loop[] = {
	{A64(0xd10083ff), AT(0, 0)}, /* sub sp, sp, #0x20 */
	{A64(0xd10043ff), AT(0x20, 0x20)}, /* 1: sub sp, sp, #0x10 */
	{A64(0x910043ff), AT(0x30, 0x20)}, /* add sp, sp, #0x10 */
	{A64(0xb5ffffc0), AT(0x20, 0x20)}, /* cbnz x0, 1b */
	{A64(0x910083ff), AT(0x20, 0x20)}, /* add sp, sp, #0x20 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row growing_loop[] = {
	{A64(0xd503201f), AT(0, 0)}, /* nop */
	{A64(0xd10043ff), AT(UNKNOWN, 0)}, /* 1: sub sp, sp, #0x10 */
	{A64(0xf1000400), AT(UNKNOWN, 0)}, /* subs x0, x0, #1 */
	{A64(0x54ffffc1), AT(UNKNOWN, 0)}, /* b.ne 1b */
	{A64(0x910003bf), AT(UNKNOWN, 0)}, /* mov sp, x29 */
	{A64(0xd65f03c0), AT(UNKNOWN, 0)}, /* ret */
};

static const struct row nested_loops[] = {
	{A64(0xd10103ff), AT(0, 0)}, /* sub sp, sp, #0x40 */
	{A64(0xb4000061), AT(0x40, 0x40)}, /* 1: cbz x1, 2f */
	{A64(0x94000000), AT(0x40, 0x40), .call = CALLS_OTHER}, /* bl other */
	{A64(0x17fffffe), AT(0x40, 0x40)}, /* b 1b */
	{A64(0x361fffa2), AT(0x40, 0x40)}, /* 2: tbz x2, #3, 1b */
	{A64(0x910103ff), AT(0x40, 0x40)}, /* add sp, sp, #0x40 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row undecodable[] = {
	{A64(0xffffffff), AT(0, 0)}, /* .word 0xffffffff */
	{A64(0xffffffff), AT(UNKNOWN, 0)}, /* .word 0xffffffff */
	{A64(0xffffffff), AT(UNKNOWN, 0)}, /* .word 0xffffffff */
};

static const struct row sp_from_memory[] = {
	{A64(0xd10083ff), AT(0, 0)}, /* sub sp, sp, #0x20 */
	{A64(0xf9400009), AT(0x20, 0x20)}, /* ldr x9, [x0] */
	{A64(0x9100013f), AT(0x20, 0x20)}, /* mov sp, x9 */
	{A64(0xd65f03c0), AT(UNKNOWN, 0x20)}, /* ret */
};

static const struct row sp_through_register[] = {
	{A64(0x910003f3), AT(0, 0)}, /* mov x19, sp */
	{A64(0xd14007ff), AT(0, 0)}, /* sub sp, sp, #0x1000 */
	{A64(0x92400d29), AT(0x1000, 0x1000)}, /* and x9, x9, #0xf */
	{A64(0x9100027f), AT(0x1000, 0x1000)}, /* mov sp, x19 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
};

static const struct row call_clobbers[] = {
	{A64(0x910003f3), AT(0, 0)}, /* mov x19, sp */
	{A64(0xd10083ff), AT(0, 0)}, /* sub sp, sp, #0x20 */
	{A64(0x94000000), AT(0x20, 0x20), .call = CALLS_OTHER}, /* bl other */
	{A64(0x9100027f), AT(0x20, 0x20)}, /* mov sp, x19 */
	{A64(0xd65f03c0), AT(UNKNOWN, 0)}, /* ret */
};

static const struct row ordinary[] = {
	{X86("\x55"), AT(0, 0)}, /* push rbp */
	{X86("\x48\x89\xe5"), AT(8, 8)}, /* mov rbp, rsp */
	{X86("\x48\x83\xec\x40"), AT(8, 8)}, /* sub rsp, 0x40 */
	{X86("\xe8\xfb\xff\xff\xff"), AT(0x48, 0x48), .call = CALLS_OTHER}, /* call other */
	{X86("\x48\x83\xc4\x40"), AT(0x48, 0x48)}, /* add rsp, 0x40 */
	{X86("\x5d"), AT(8, 8)}, /* pop rbp */
	{X86("\xc3"), AT(0, 0)}, /* ret */
};

static const struct row add_pair[] = {
	{X86("\x48\x83\xec\x48"), AT(0, 0)}, /* sub rsp, 0x48 */
	{X86("\x90"), AT(0x48, 0x48)}, /* nop */
	{X86("\x48\x83\xc4\x08"), AT(0x48, 0x48)}, /* add rsp, 8 */
	{X86("\x48\x83\xc4\x40"), AT(0x40, 0x48)}, /* add rsp, 0x40 */
	{X86("\xc3"), AT(0, 0)}, /* ret */
};

static const struct row lea_pair[] = {
	{X86("\x48\x8d\x64\x24\xb8"), AT(0, 0)}, /* lea rsp, [rsp - 0x48] */
	{X86("\x90"), AT(0x48, 0x48)}, /* nop */
	{X86("\x48\x8d\x64\x24\x08"), AT(0x48, 0x48)}, /* lea rsp, [rsp + 8] */
	{X86("\x48\x8d\x64\x24\x40"), AT(0x40, 0x48)}, /* lea rsp, [rsp + 0x40] */
	{X86("\xc3"), AT(0, 0)}, /* ret */
};

static const struct row leave_rbp[] = {
	{X86("\x55"), AT(0, 0)}, /* push rbp */
	{X86("\x48\x89\xe5"), AT(8, 8)}, /* mov rbp, rsp */
	{X86("\x48\x81\xec\x00\x01\x00\x00"), AT(8, 8)}, /* sub rsp, 0x100 */
	{X86("\x90"), AT(0x108, 0x108)}, /* nop */
	{X86("\x48\x8d\x65\x00"), AT(0x108, 0x108)}, /* lea rsp, [rbp] */
	{X86("\x5d"), AT(8, 8)}, /* pop rbp */
	{X86("\xc3"), AT(0, 0)}, /* ret */
};

static const struct row split_prologue_amd64[] = {
	{X86("\x48\x81\xec\x00\x10\x00\x00"), AT(0, 0)}, /* sub rsp, 0x1000 */
	{X86("\x48\x83\xec\x18"), AT(0x1000, 0)}, /* sub rsp, 0x18 */
	{X86("\x90"), AT(0x1018, 0x1018)}, /* nop */
	{X86("\x48\x81\xc4\x18\x10\x00\x00"), AT(0x1018, 0x1018)}, /* add rsp, 0x1018 */
	{X86("\xc3"), AT(0, 0)}, /* ret */
};

static const struct row aligned[] = {
	{X86("\x55"), AT(0, 0)}, /* push rbp */
	{X86("\x48\x89\xe5"), AT(8, 8)}, /* mov rbp, rsp */
	{X86("\x48\x83\xe4\xf0"), AT(8, 8)}, /* and rsp, -16 */
	{X86("\x90"), AT(UNKNOWN, 8)}, /* nop */
	{X86("\x48\x89\xec"), AT(UNKNOWN, 8)}, /* mov rsp, rbp */
	{X86("\x5d"), AT(8, 8)}, /* pop rbp */
	{X86("\xc3"), AT(0, 0)}, /* ret */
};

static const struct row pop_pop[] = {
	{X86("\x53"), AT(0, 0)}, /* push rbx */
	{X86("\x41\x54"), AT(8, 8)}, /* push r12 */
	{X86("\x41\x5c"), AT(16, 16)}, /* pop r12 */
	{X86("\x5b"), AT(8, 16)}, /* pop rbx */
	{X86("\xc3"), AT(0, 0)}, /* ret */
};

static const struct row branch_amd64[] = {
	{X86("\x48\x83\xec\x28"), AT(0, 0)}, /* sub rsp, 0x28 */
	{X86("\x48\x85\xc0"), AT(0x28, 0x28)}, /* test rax, rax */
	{X86("\x74\x09"), AT(0x28, 0x28)}, /* je 1f */
	{X86("\x48\x83\xc4\x08"), AT(0x28, 0x28)}, /* add rsp, 8 */
	{X86("\x48\x83\xc4\x20"), AT(0x20, 0x28)}, /* add rsp, 0x20 */
	{X86("\xc3"), AT(0, 0)}, /* ret */
	{X86("\x48\x83\xc4\x28"), AT(0x28, 0x28)}, /* 1: add rsp, 0x28 */
	{X86("\xc3"), AT(0, 0)}, /* ret */
};

static const struct row after_indirect_jump_amd64[] = {
	{X86("\x48\x83\xec\x28"), AT(0, 0)}, /* sub rsp, 0x28 */
	{X86("\xff\xe0"), AT(0x28, 0x28)}, /* jmp rax */
	{X86("\x48\x83\xc4\x08"), AT(0x28, 0x28), .assumed = true}, /* add rsp, 8 */
	{X86("\x48\x83\xc4\x20"), AT(0x20, 0x28), .assumed = true}, /* add rsp, 0x20 */
	{X86("\xc3"), AT(0, 0), .assumed = true}, /* ret */
};

static const struct row morestack_amd64[] = {
	{X86("\x49\x3b\x66\x10"), AT(0, 0)}, /* cmp rsp, [r14 + 16] */
	{X86("\x76\x09"), AT(0, 0)}, /* jbe 1f */
	{X86("\x48\x83\xec\x18"), AT(0, 0)}, /* sub rsp, 0x18 */
	{X86("\x48\x83\xc4\x18"), AT(0x18, 0x18)}, /* add rsp, 0x18 */
	{X86("\xc3"), AT(0, 0)}, /* ret */
	{X86("\xe8\xfb\xff\xff\xff"), AT(0, 0), .call = CALLS_MORESTACK}, /* 1: call runtime.morestack_noctxt */
	{X86("\xeb\xea"), AT(0, 0)}, /* jmp entry */
};

/* A call that never returns (a failed bounds check) stands before the stack growth: falling into that, SP would be wrong. */
static const struct row panic_before_morestack[] = {
	{A64(0xf9400b90), AT(0, 0)}, /* entry: ldr x16, [x28, #16] */
	{A64(0xeb3063ff), AT(0, 0)}, /* cmp sp, x16 */
	{A64(0x54000109), AT(0, 0)}, /* b.ls 1f */
	{A64(0xd10083ff), AT(0, 0)}, /* sub sp, sp, #0x20 */
	{A64(0xb4000080), AT(0x20, 0x20)}, /* cbz x0, 2f */
	{A64(0x910043ff), AT(0x20, 0x20)}, /* add sp, sp, #0x10 */
	{A64(0x910043ff), AT(0x10, 0x20)}, /* add sp, sp, #0x10 */
	{A64(0xd65f03c0), AT(0, 0)}, /* ret */
	{A64(0x94000000), AT(0x20, 0x20), .call = CALLS_OTHER}, /* 2: bl runtime.panicIndex */
	{A64(0xd503201f), AT(0x20, 0x20)}, /* nop */
	{A64(0x94000000), AT(0, 0), .call = CALLS_MORESTACK}, /* 1: bl runtime.morestack_noctxt */
	{A64(0x17fffff5), AT(0, 0)}, /* b entry */
};

struct form {
	const char *name;
	const struct arch *arch;
	const struct row *rows;
	size_t count;
};

static const struct form forms[] = {
	{"nonleaf_old", &arch_arm64, nonleaf_old, sizeof nonleaf_old / sizeof *nonleaf_old},
	{"nonleaf_fixed", &arch_arm64, nonleaf_fixed, sizeof nonleaf_fixed / sizeof *nonleaf_fixed},
	{"leaf_121", &arch_arm64, leaf_121, sizeof leaf_121 / sizeof *leaf_121},
	{"leaf_120", &arch_arm64, leaf_120, sizeof leaf_120 / sizeof *leaf_120},
	{"prologue_117", &arch_arm64, prologue_117, sizeof prologue_117 / sizeof *prologue_117},
	{"small_writeback", &arch_arm64, small_writeback, sizeof small_writeback / sizeof *small_writeback},
	{"constant_frame", &arch_arm64, constant_frame, sizeof constant_frame / sizeof *constant_frame},
	{"three_steps", &arch_arm64, three_steps, sizeof three_steps / sizeof *three_steps},
	{"mov_movk_split", &arch_arm64, mov_movk_split, sizeof mov_movk_split / sizeof *mov_movk_split},
	{"branches_agree", &arch_arm64, branches_agree, sizeof branches_agree / sizeof *branches_agree},
	{"branches_disagree", &arch_arm64, branches_disagree, sizeof branches_disagree / sizeof *branches_disagree},
	{"split_prologue", &arch_arm64, split_prologue, sizeof split_prologue / sizeof *split_prologue},
	{"after_indirect_jump", &arch_arm64, after_indirect_jump, sizeof after_indirect_jump / sizeof *after_indirect_jump},
	{"balanced_loop", &arch_arm64, balanced_loop, sizeof balanced_loop / sizeof *balanced_loop},
	{"growing_loop", &arch_arm64, growing_loop, sizeof growing_loop / sizeof *growing_loop},
	{"nested_loops", &arch_arm64, nested_loops, sizeof nested_loops / sizeof *nested_loops},
	{"undecodable", &arch_arm64, undecodable, sizeof undecodable / sizeof *undecodable},
	{"sp_from_memory", &arch_arm64, sp_from_memory, sizeof sp_from_memory / sizeof *sp_from_memory},
	{"sp_through_register", &arch_arm64, sp_through_register, sizeof sp_through_register / sizeof *sp_through_register},
	{"call_clobbers", &arch_arm64, call_clobbers, sizeof call_clobbers / sizeof *call_clobbers},
	{"ordinary", &arch_amd64, ordinary, sizeof ordinary / sizeof *ordinary},
	{"add_pair", &arch_amd64, add_pair, sizeof add_pair / sizeof *add_pair},
	{"lea_pair", &arch_amd64, lea_pair, sizeof lea_pair / sizeof *lea_pair},
	{"leave_rbp", &arch_amd64, leave_rbp, sizeof leave_rbp / sizeof *leave_rbp},
	{"split_prologue_amd64", &arch_amd64, split_prologue_amd64, sizeof split_prologue_amd64 / sizeof *split_prologue_amd64},
	{"aligned", &arch_amd64, aligned, sizeof aligned / sizeof *aligned},
	{"pop_pop", &arch_amd64, pop_pop, sizeof pop_pop / sizeof *pop_pop},
	{"branch_amd64", &arch_amd64, branch_amd64, sizeof branch_amd64 / sizeof *branch_amd64},
	{"after_indirect_jump_amd64", &arch_amd64, after_indirect_jump_amd64, sizeof after_indirect_jump_amd64 / sizeof *after_indirect_jump_amd64},
	{"panic_before_morestack", &arch_arm64, panic_before_morestack, sizeof panic_before_morestack / sizeof *panic_before_morestack},
	{"morestack_amd64", &arch_amd64, morestack_amd64, sizeof morestack_amd64 / sizeof *morestack_amd64},
};

#endif
