/* test_insn.c: what instructions do, checked one by one. Bytes are as GNU as assembles the text beside them. */
#include "formats/cpu/insn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PC = 0x1000, NONE = REG_NONE };
enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R11 = 11, R12, RIP = 16 }; /* as arch_amd64.c */
enum { LR = 30, SP = 31, A64_PC = 32 };                                       /* as arch_arm64.c */

#define CONST(dst, value) {EFFECT_CONST, dst, NONE, NONE, 0, value, 0}
#define INSERT(dst, value, mask) {EFFECT_INSERT, dst, NONE, NONE, 0, value, mask}
#define ADD(dst, src, value) {EFFECT_ADD, dst, src, NONE, 0, value, 0}
#define ADD_REG(dst, src, src2) {EFFECT_ADD_REG, dst, src, src2, 0, 0, 0}
#define SUB_REG(dst, src, src2) {EFFECT_SUB_REG, dst, src, src2, 0, 0, 0}
#define LOAD(dst, base, offset, size) {EFFECT_LOAD, dst, base, NONE, size, offset, 0}
#define STORE(base, offset, size, src) {EFFECT_STORE, NONE, base, src, size, offset, 0}
#define CLOBBER(dst) {EFFECT_CLOBBER, dst, NONE, NONE, 0, 0, 0}
#define ADDRESS(dst, pc, value, mask) {EFFECT_CONST, dst, pc, NONE, 0, value, mask}

struct expected {
	const char *text; /* for the reader, and to name a failure */
	uint8_t bytes[16];
	uint8_t size;
	enum insn_flow flow;
	uint64_t target;
	bool sp_unknown;
	size_t count;
	struct effect effects[EFFECT_LIMIT];
};

/* An A64 word. */
#define WORD(word) {(word)&0xff, (word) >> 8 & 0xff, (word) >> 16 & 0xff, (word) >> 24}, 4

static const struct expected arm64[] = {
	/* prologues and epilogues of Go */
	{"sub x20, sp, #0x180", WORD(0xd10603f4), FLOW_NEXT, 0, false, 1, {ADD(20, SP, -0x180)}},
	{"sub x20, x20, #0x11, lsl #12", WORD(0xd1404694), FLOW_NEXT, 0, false, 1, {ADD(20, 20, -0x11000)}},
	{"stp x29, x30, [x20, #-8]",
	 WORD(0xa93ffa9d),
	 FLOW_NEXT,
	 0,
	 false,
	 2,
	 {STORE(20, -8, 8, 29), STORE(20, 0, 8, LR)}},
	{"mov sp, x20", WORD(0x9100029f), FLOW_NEXT, 0, false, 1, {ADD(SP, 20, 0)}},
	{"sub x29, sp, #8", WORD(0xd10023fd), FLOW_NEXT, 0, false, 1, {ADD(29, SP, -8)}},
	{"ldp x29, x30, [sp, #-8]",
	 WORD(0xa97ffbfd),
	 FLOW_NEXT,
	 0,
	 false,
	 2,
	 {LOAD(29, SP, -8, 8), LOAD(LR, SP, 0, 8)}},
	{"add sp, sp, #0x180", WORD(0x910603ff), FLOW_NEXT, 0, false, 1, {ADD(SP, SP, 0x180)}},
	{"add sp, sp, #0x11, lsl #12", WORD(0x914047ff), FLOW_NEXT, 0, false, 1, {ADD(SP, SP, 0x11000)}},
	{"mov x27, #0x1180", WORD(0xd282301b), FLOW_NEXT, 0, false, 1, {CONST(27, 0x1180)}},
	{"movk x27, #1, lsl #16", WORD(0xf2a0003b), FLOW_NEXT, 0, false, 1, {INSERT(27, 0x10000, 0xffff0000)}},
	{"add sp, sp, x27", WORD(0x8b3b63ff), FLOW_NEXT, 0, false, 1, {ADD_REG(SP, SP, 27)}},
	{"sub sp, sp, x27", WORD(0xcb3b63ff), FLOW_NEXT, 0, false, 1, {SUB_REG(SP, SP, 27)}},
	{"str x30, [sp, #-240]!", WORD(0xf8110ffe), FLOW_NEXT, 0, false, 2, {ADD(SP, SP, -240), STORE(SP, 0, 8, LR)}},
	{"stur x29, [sp, #-8]", WORD(0xf81f83fd), FLOW_NEXT, 0, false, 1, {STORE(SP, -8, 8, 29)}},
	{"ldur x29, [sp, #-8]", WORD(0xf85f83fd), FLOW_NEXT, 0, false, 1, {LOAD(29, SP, -8, 8)}},
	{"ldr x30, [sp], #32", WORD(0xf84207fe), FLOW_NEXT, 0, false, 2, {LOAD(LR, SP, 0, 8), ADD(SP, SP, 32)}},
	{"ldp x29, x30, [sp], #16",
	 WORD(0xa8c17bfd),
	 FLOW_NEXT,
	 0,
	 false,
	 3,
	 {LOAD(29, SP, 0, 8), LOAD(LR, SP, 8, 8), ADD(SP, SP, 16)}},
	{"stp x29, x30, [sp, #-16]!",
	 WORD(0xa9bf7bfd),
	 FLOW_NEXT,
	 0,
	 false,
	 3,
	 {ADD(SP, SP, -16), STORE(SP, 0, 8, 29), STORE(SP, 8, 8, LR)}},
	/* moves and constants; writes of 32 bits clear the upper half */
	{"mov x1, sp", WORD(0x910003e1), FLOW_NEXT, 0, false, 1, {ADD(1, SP, 0)}},
	{"mov x0, x1", WORD(0xaa0103e0), FLOW_NEXT, 0, false, 1, {ADD(0, 1, 0)}},
	{"mov w0, w1", WORD(0x2a0103e0), FLOW_NEXT, 0, false, 1, {CLOBBER(0)}},
	{"mov x0, xzr", WORD(0xaa1f03e0), FLOW_NEXT, 0, false, 1, {CONST(0, 0)}},
	{"mov x2, #-2", WORD(0x92800022), FLOW_NEXT, 0, false, 1, {CONST(2, -2)}},
	{"mov w2, #-2", WORD(0x12800022), FLOW_NEXT, 0, false, 1, {CONST(2, 0xfffffffe)}},
	{"mov x27, #0xfffff0", WORD(0xb27c4ffb), FLOW_NEXT, 0, false, 1, {CONST(27, 0xfffff0)}},
	{"mov w3, #0xff00ff", WORD(0x32009fe3), FLOW_NEXT, 0, false, 1, {CONST(3, 0xff00ff)}},
	{"mov x3, #0x5555555555555555", WORD(0xb200f3e3), FLOW_NEXT, 0, false, 1, {CONST(3, 0x5555555555555555)}},
	{"movk w1, #5", WORD(0x728000a1), FLOW_NEXT, 0, false, 1, {INSERT(1, 5, 0xffffffff0000ffff)}},
	{"and sp, x1, #~15", WORD(0x927cec3f), FLOW_NEXT, 0, true, 0, {{0}}},
	{"add wsp, wsp, #16", WORD(0x110043ff), FLOW_NEXT, 0, true, 0, {{0}}},
	{"add w0, w1, #1", WORD(0x11000420), FLOW_NEXT, 0, false, 1, {CLOBBER(0)}},
	{"cmp sp, x1", WORD(0xeb2163ff), FLOW_NEXT, 0, false, 0, {{0}}},
	{"cmp x0, #1", WORD(0xf100041f), FLOW_NEXT, 0, false, 0, {{0}}},
	{"add x0, x1, x2", WORD(0x8b020020), FLOW_NEXT, 0, false, 1, {ADD_REG(0, 1, 2)}},
	{"sub x0, x1, x2", WORD(0xcb020020), FLOW_NEXT, 0, false, 1, {SUB_REG(0, 1, 2)}},
	{"add x0, x1, x2, lsl #3", WORD(0x8b020c20), FLOW_NEXT, 0, false, 1, {CLOBBER(0)}},
	{"add sp, sp, x1, lsl #1", WORD(0x8b2167ff), FLOW_NEXT, 0, true, 0, {{0}}},
	{"neg x0, x1", WORD(0xcb0103e0), FLOW_NEXT, 0, false, 1, {CLOBBER(0)}},
	{"mul x0, x1, x2", WORD(0x9b027c20), FLOW_NEXT, 0, false, 1, {CLOBBER(0)}},
	{"adr x0, .+8", WORD(0x10000040), FLOW_NEXT, 0, false, 1, {ADDRESS(0, A64_PC, PC + 8, 0)}},
	{"adrp x0, .+0x1000", WORD(0xb0000000), FLOW_NEXT, 0, false, 1, {ADDRESS(0, A64_PC, 0x2000, 0xfff)}},
	{"mrs x0, tpidr_el0", WORD(0xd53bd040), FLOW_NEXT, 0, false, 1, {CLOBBER(0)}},
	{"msr tpidr_el0, x0", WORD(0xd51bd040), FLOW_NEXT, 0, false, 0, {{0}}},
	{"fmov x0, d0", WORD(0x9e660000), FLOW_NEXT, 0, false, 1, {CLOBBER(0)}},
	{"fmov d0, x0", WORD(0x9e670000), FLOW_NEXT, 0, false, 0, {{0}}},
	/* memory */
	{"ldrb w0, [x1]", WORD(0x39400020), FLOW_NEXT, 0, false, 1, {LOAD(0, 1, 0, 1)}},
	{"ldrsw x0, [x1]", WORD(0xb9800020), FLOW_NEXT, 0, false, 2, {LOAD(NONE, 1, 0, 4), CLOBBER(0)}},
	{"ldr q0, [x1, #16]", WORD(0x3dc00420), FLOW_NEXT, 0, false, 1, {LOAD(NONE, 1, 16, 16)}},
	{"str xzr, [sp, #8]", WORD(0xf90007ff), FLOW_NEXT, 0, false, 1, {STORE(SP, 8, 8, NONE)}},
	{"ldr x0, [x1, x2, lsl #3]", WORD(0xf8627820), FLOW_NEXT, 0, false, 1, {CLOBBER(0)}},
	{"str x0, [x1, x2]", WORD(0xf8226820), FLOW_NEXT, 0, false, 0, {{0}}},
	{"ldr x0, .+16", WORD(0x58000080), FLOW_NEXT, 0, false, 1, {LOAD(0, NONE, PC + 16, 8)}},
	{"ldp x0, x1, [x0]", WORD(0xa9400400), FLOW_NEXT, 0, false, 2, {LOAD(1, 0, 8, 8), LOAD(0, 0, 0, 8)}},
	{"prfm pldl1keep, [x0]", WORD(0xf9800000), FLOW_NEXT, 0, false, 0, {{0}}},
	{"ldar x0, [x1]", WORD(0xc8dffc20), FLOW_NEXT, 0, false, 1, {LOAD(0, 1, 0, 8)}},
	{"ldarw w0, [x1]", WORD(0x88dffc20), FLOW_NEXT, 0, false, 1, {LOAD(0, 1, 0, 4)}},
	{"stlr x0, [x1]", WORD(0xc89ffc20), FLOW_NEXT, 0, false, 1, {STORE(1, 0, 8, 0)}},
	{"ldaxr x0, [x1]", WORD(0xc85ffc20), FLOW_NEXT, 0, false, 1, {LOAD(0, 1, 0, 8)}},
	{"stlxr w0, x1, [x2]", WORD(0xc800fc41), FLOW_NEXT, 0, false, 2, {STORE(2, 0, 8, NONE), CLOBBER(0)}},
	{"ldaddal w1, w2, [x3]", WORD(0xb8e10062), FLOW_NEXT, 0, false, 2, {LOAD(2, 3, 0, 4), STORE(3, 0, 4, NONE)}},
	{"swpal x1, x3, [x3]",
	 WORD(0xf8e18063),
	 FLOW_NEXT,
	 0,
	 false,
	 3,
	 {LOAD(NONE, 3, 0, 8), STORE(3, 0, 8, NONE), CLOBBER(3)}},
	{"casal x1, x2, [x3]", WORD(0xc8e1fc62), FLOW_NEXT, 0, false, 2, {LOAD(1, 3, 0, 8), STORE(3, 0, 8, NONE)}},
	/* control flow */
	{"b .+8", WORD(0x14000002), FLOW_JUMP, PC + 8, false, 0, {{0}}},
	{"bl .-4", WORD(0x97ffffff), FLOW_CALL, PC - 4, false, 0, {{0}}},
	{"b.ne .+8", WORD(0x54000041), FLOW_BRANCH, PC + 8, false, 0, {{0}}},
	{"cbz x0, .-8", WORD(0xb4ffffc0), FLOW_BRANCH, PC - 8, false, 0, {{0}}},
	{"tbnz w0, #3, .+12", WORD(0x37180060), FLOW_BRANCH, PC + 12, false, 0, {{0}}},
	{"br x1", WORD(0xd61f0020), FLOW_INDIRECT_JUMP, 0, false, 0, {{0}}},
	{"blr x1", WORD(0xd63f0020), FLOW_INDIRECT_CALL, 0, false, 0, {{0}}},
	{"ret", WORD(0xd65f03c0), FLOW_RETURN, 0, false, 0, {{0}}},
	{"brk #0", WORD(0xd4200000), FLOW_STOP, 0, false, 0, {{0}}},
	{"udf #0", WORD(0x00000000), FLOW_STOP, 0, false, 0, {{0}}},
	{"svc #0", WORD(0xd4000001), FLOW_NEXT, 0, false, 1, {CLOBBER(0)}},
};

#define BYTES(text) text, sizeof(text) - 1

static const struct expected amd64[] = {
	{"add rsp, -0x80", BYTES("\x48\x83\xc4\x80"), FLOW_NEXT, 0, false, 1, {ADD(RSP, RSP, -128)}},
	{"sub rsp, 0x11180", BYTES("\x48\x81\xec\x80\x11\x01\x00"), FLOW_NEXT, 0, false, 1, {ADD(RSP, RSP, -0x11180)}},
	{"and rsp, -16", BYTES("\x48\x83\xe4\xf0"), FLOW_NEXT, 0, true, 0, {{0}}},
	{"mov rsp, [rbx]", BYTES("\x48\x8b\x23"), FLOW_NEXT, 0, true, 1, {LOAD(NONE, RBX, 0, 8)}},
	{"lea rsp, [rsp-0x80]", BYTES("\x48\x8d\x64\x24\x80"), FLOW_NEXT, 0, false, 1, {ADD(RSP, RSP, -128)}},
	{"mov rbp, rsp", BYTES("\x48\x89\xe5"), FLOW_NEXT, 0, false, 1, {ADD(RBP, RSP, 0)}},
	{"push rbp", BYTES("\x55"), FLOW_NEXT, 0, false, 2, {ADD(RSP, RSP, -8), STORE(RSP, 0, 8, RBP)}},
	{"push 5", BYTES("\x6a\x05"), FLOW_NEXT, 0, false, 2, {ADD(RSP, RSP, -8), STORE(RSP, 0, 8, NONE)}},
	{"pop rbp", BYTES("\x5d"), FLOW_NEXT, 0, false, 2, {LOAD(RBP, RSP, 0, 8), ADD(RSP, RSP, 8)}},
	{"leave", BYTES("\xc9"), FLOW_NEXT, 0, false, 3, {ADD(RSP, RBP, 0), LOAD(RBP, RSP, 0, 8), ADD(RSP, RSP, 8)}},
	{"pushfq", BYTES("\x9c"), FLOW_NEXT, 0, false, 2, {ADD(RSP, RSP, -8), STORE(RSP, 0, 8, NONE)}},
	{"inc rax", BYTES("\x48\xff\xc0"), FLOW_NEXT, 0, false, 1, {ADD(RAX, RAX, 1)}},
	{"dec rax", BYTES("\x48\xff\xc8"), FLOW_NEXT, 0, false, 1, {ADD(RAX, RAX, -1)}},
	{"add rsp, rax", BYTES("\x48\x01\xc4"), FLOW_NEXT, 0, false, 1, {ADD_REG(RSP, RSP, RAX)}},
	{"add eax, 1", BYTES("\x83\xc0\x01"), FLOW_NEXT, 0, false, 1, {CLOBBER(RAX)}},
	{"xor eax, eax", BYTES("\x31\xc0"), FLOW_NEXT, 0, false, 1, {CONST(RAX, 0)}},
	{"mov eax, 0xffffffff", BYTES("\xb8\xff\xff\xff\xff"), FLOW_NEXT, 0, false, 1, {CONST(RAX, 0xffffffff)}},
	{"mov rax, -1", BYTES("\x48\xc7\xc0\xff\xff\xff\xff"), FLOW_NEXT, 0, false, 1, {CONST(RAX, -1)}},
	{"mov eax, ecx", BYTES("\x89\xc8"), FLOW_NEXT, 0, false, 1, {CLOBBER(RAX)}},
	{"lea rax, [rip+0x10]",
	 BYTES("\x48\x8d\x05\x10\x00\x00\x00"),
	 FLOW_NEXT,
	 0,
	 false,
	 1,
	 {ADDRESS(RAX, RIP, PC + 0x17, 0)}},
	{"lea rax, [rcx+rax*8]", BYTES("\x48\x8d\x04\xc1"), FLOW_NEXT, 0, false, 1, {CLOBBER(RAX)}},
	{"mov rax, [rsp+8]", BYTES("\x48\x8b\x44\x24\x08"), FLOW_NEXT, 0, false, 1, {LOAD(RAX, RSP, 8, 8)}},
	{"mov [rsp+8], rax", BYTES("\x48\x89\x44\x24\x08"), FLOW_NEXT, 0, false, 1, {STORE(RSP, 8, 8, RAX)}},
	{"mov eax, [rip+0x10]",
	 BYTES("\x8b\x05\x10\x00\x00\x00"),
	 FLOW_NEXT,
	 0,
	 false,
	 1,
	 {LOAD(RAX, NONE, PC + 0x16, 4)}},
	{"mov dword ptr [rip+0x10], 1",
	 BYTES("\xc7\x05\x10\x00\x00\x00\x01\x00\x00\x00"),
	 FLOW_NEXT,
	 0,
	 false,
	 1,
	 {STORE(NONE, PC + 0x1a, 4, NONE)}},
	{"mov al, [rsp]", BYTES("\x8a\x04\x24"), FLOW_NEXT, 0, false, 2, {LOAD(NONE, RSP, 0, 1), CLOBBER(RAX)}},
	{"movzx eax, byte ptr [rax]", BYTES("\x0f\xb6\x00"), FLOW_NEXT, 0, false, 1, {LOAD(RAX, RAX, 0, 1)}},
	{"movsxd rax, dword ptr [rcx]",
	 BYTES("\x48\x63\x01"),
	 FLOW_NEXT,
	 0,
	 false,
	 2,
	 {LOAD(NONE, RCX, 0, 4), CLOBBER(RAX)}},
	{"mov rax, fs:[-8]", BYTES("\x64\x48\x8b\x04\x25\xf8\xff\xff\xff"), FLOW_NEXT, 0, false, 1, {CLOBBER(RAX)}},
	{"mov rcx, [rsp+rax*8]", BYTES("\x48\x8b\x0c\xc4"), FLOW_NEXT, 0, false, 1, {CLOBBER(RCX)}},
	{"cmp qword ptr [rip+0x10], 0",
	 BYTES("\x48\x83\x3d\x10\x00\x00\x00\x00"),
	 FLOW_NEXT,
	 0,
	 false,
	 1,
	 {LOAD(NONE, NONE, PC + 0x18, 8)}},
	{"test byte ptr [rip+0x10], 1",
	 BYTES("\xf6\x05\x10\x00\x00\x00\x01"),
	 FLOW_NEXT,
	 0,
	 false,
	 1,
	 {LOAD(NONE, NONE, PC + 0x17, 1)}},
	{"add [rip+0x10], rax",
	 BYTES("\x48\x01\x05\x10\x00\x00\x00"),
	 FLOW_NEXT,
	 0,
	 false,
	 2,
	 {LOAD(NONE, NONE, PC + 0x17, 8), STORE(NONE, PC + 0x17, 8, NONE)}},
	{"lock inc dword ptr [rip+0x10]",
	 BYTES("\xf0\xff\x05\x10\x00\x00\x00"),
	 FLOW_NEXT,
	 0,
	 false,
	 2,
	 {LOAD(NONE, NONE, PC + 0x17, 4), STORE(NONE, PC + 0x17, 4, NONE)}},
	{"lock xadd [rip+0x10], rax",
	 BYTES("\xf0\x48\x0f\xc1\x05\x10\x00\x00\x00"),
	 FLOW_NEXT,
	 0,
	 false,
	 3,
	 {LOAD(NONE, NONE, PC + 0x19, 8), STORE(NONE, PC + 0x19, 8, NONE), CLOBBER(RAX)}},
	{"lock cmpxchg [rip+0x10], rcx",
	 BYTES("\xf0\x48\x0f\xb1\x0d\x10\x00\x00\x00"),
	 FLOW_NEXT,
	 0,
	 false,
	 3,
	 {LOAD(NONE, NONE, PC + 0x19, 8), STORE(NONE, PC + 0x19, 8, NONE), CLOBBER(RAX)}},
	{"movups [rsp+8], xmm15", BYTES("\x44\x0f\x11\x7c\x24\x08"), FLOW_NEXT, 0, false, 1, {STORE(RSP, 8, 16, NONE)}},
	{"movups xmm0, [rsp+8]", BYTES("\x0f\x10\x44\x24\x08"), FLOW_NEXT, 0, false, 1, {LOAD(NONE, RSP, 8, 16)}},
	{"syscall", BYTES("\x0f\x05"), FLOW_NEXT, 0, false, 3, {CLOBBER(RAX), CLOBBER(RCX), CLOBBER(R11)}},
	{"rep stosq", BYTES("\xf3\x48\xab"), FLOW_NEXT, 0, false, 2, {CLOBBER(RCX), CLOBBER(RDI)}},
	{"nop dword ptr [rax]", BYTES("\x0f\x1f\x00"), FLOW_NEXT, 0, false, 0, {{0}}},
	{"kmovq rax, k1", BYTES("\xc4\xe1\xfb\x93\xc1"), FLOW_NEXT, 0, false, 1, {CLOBBER(RAX)}}, /* unknown to capstone
												     4 */
	{"call .+5", BYTES("\xe8\x00\x00\x00\x00"), FLOW_CALL, PC + 5, false, 0, {{0}}},
	{"call [rip+0x10]",
	 BYTES("\xff\x15\x10\x00\x00\x00"),
	 FLOW_INDIRECT_CALL,
	 0,
	 false,
	 1,
	 {LOAD(NONE, NONE, PC + 0x16, 8)}},
	{"call rdx", BYTES("\xff\xd2"), FLOW_INDIRECT_CALL, 0, false, 0, {{0}}},
	{"jmp .", BYTES("\xeb\xfe"), FLOW_JUMP, PC, false, 0, {{0}}},
	{"jmp rax", BYTES("\xff\xe0"), FLOW_INDIRECT_JUMP, 0, false, 0, {{0}}},
	{"je .", BYTES("\x74\xfe"), FLOW_BRANCH, PC, false, 0, {{0}}},
	{"ret", BYTES("\xc3"), FLOW_RETURN, 0, false, 0, {{0}}},
	{"ret 8", BYTES("\xc2\x08\x00"), FLOW_RETURN, 0, false, 0, {{0}}},
	{"ud2", BYTES("\x0f\x0b"), FLOW_STOP, 0, false, 0, {{0}}},
	{"int3", BYTES("\xcc"), FLOW_STOP, 0, false, 0, {{0}}},
	{"hlt", BYTES("\xf4"), FLOW_STOP, 0, false, 0, {{0}}},
};

struct fixture {
	struct arena *arena;
	struct decoder *amd64, *arm64;
};

static int setup(void **state)
{
	struct arena *arena = arena_new(1 << 24);
	struct fixture *f = arena_alloc(arena, sizeof *f);

	*f = (struct fixture){arena, decoder_new(arena, &arch_amd64), decoder_new(arena, &arch_arm64)};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	arena_free(((struct fixture *)*state)->arena);
	return 0;
}

static struct span span_of(const char *bytes, size_t size)
{
	return (struct span){(const uint8_t *)bytes, size};
}

static bool same_effect(const struct effect *a, const struct effect *b)
{
	return a->kind == b->kind && a->dst == b->dst && a->src == b->src && a->src2 == b->src2 && a->size == b->size &&
	       a->value == b->value && a->mask == b->mask;
}

static void check(struct decoder *decoder, const struct expected *want)
{
	struct insn got;

	if (!insn_decode(decoder, PC, (struct span){want->bytes, want->size}, &got))
		fail_msg("%s: does not decode", want->text);
	if (got.address != PC || got.size != want->size || got.flow != want->flow || got.target != want->target)
		fail_msg("%s: size %d, flow %d, target %#llx", want->text, got.size, (int)got.flow,
			 (unsigned long long)got.target);
	if (got.count != want->count || got.sp_unknown != want->sp_unknown)
		fail_msg("%s: %zu effects, SP unknown: %d", want->text, got.count, got.sp_unknown);
	for (size_t i = 0; i < got.count; i++)
		if (!same_effect(&got.effects[i], &want->effects[i]))
			fail_msg("%s: effect %zu is kind %d, dst %d, src %d, src2 %d, size %d, value %lld", want->text,
				 i, (int)got.effects[i].kind, got.effects[i].dst, got.effects[i].src,
				 got.effects[i].src2, got.effects[i].size, (long long)got.effects[i].value);
	for (size_t size = 0; size < want->size; size++) /* cut short: another instruction, or none; never a crash */
		if (insn_decode(decoder, PC, (struct span){want->bytes, size}, &got))
			assert_true(got.size <= size);
}

static void arm64_effects(void **state)
{
	for (size_t i = 0; i < sizeof arm64 / sizeof *arm64; i++)
		check(((struct fixture *)*state)->arm64, &arm64[i]);
}

static void amd64_effects(void **state)
{
	for (size_t i = 0; i < sizeof amd64 / sizeof *amd64; i++)
		check(((struct fixture *)*state)->amd64, &amd64[i]);
}

static void not_an_instruction(void **state)
{
	struct fixture *f = *state;
	struct insn insn = {.address = 7};

	assert_false(insn_decode(f->arm64, PC, span_of("\xc0\x03\x5f", 3), &insn));
	assert_false(insn_decode(f->arm64, PC, span_of("\xff\xff\xff\xff", 4), &insn));
	assert_false(insn_decode(f->arm64, PC, span_of("\x00\xfc\x40\xd2", 4), &insn)); /* eor of a reserved mask */
	assert_false(insn_decode(f->amd64, PC, span_of("\x06", 1), &insn));
	assert_false(insn_decode(f->amd64, PC, span_of("\x48", 1), &insn));
	assert_false(insn_decode(f->amd64, PC, (struct span){0}, &insn));
	assert_int_equal(insn.address, 7);
	assert_null(insn_text(f->amd64, f->arena, PC, span_of("\x06", 1)));
}

static void text_is_assembler(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(insn_text(f->arm64, f->arena, PC, span_of("\xff\x83\x00\x91", 4)), "add sp, sp, #0x20");
	assert_string_equal(insn_text(f->arm64, f->arena, PC, span_of("\xff\x43\x40\x91", 4)),
			    "add sp, sp, #0x10, lsl #12");
	assert_string_equal(insn_text(f->arm64, f->arena, PC, span_of("\xc0\x03\x5f\xd6", 4)), "ret");
	assert_string_equal(insn_text(f->amd64, f->arena, PC, span_of("\x48\x83\xc4\x20", 4)), "add rsp, 0x20");
}

static void call_before(void **state)
{
	struct fixture *f = *state;
	uint64_t target = 0;

	assert_int_equal(insn_call_before(f->arm64, PC, span_of("\x20\x00\x3f\xd6\xff\xff\xff\x97", 8), &target),
			 FLOW_CALL);
	assert_int_equal(target, PC - 8);
	assert_int_equal(insn_call_before(f->arm64, PC, span_of("\x20\x00\x3f\xd6", 4), &target), FLOW_INDIRECT_CALL);
	assert_int_equal(insn_call_before(f->arm64, PC, span_of("\xc0\x03\x5f\xd6", 4), &target), FLOW_NEXT);
	assert_int_equal(insn_call_before(f->arm64, PC, span_of("\x97", 1), &target), FLOW_NEXT);

	assert_int_equal(insn_call_before(f->amd64, PC, span_of("\x90\x90\xe8\xfb\xff\xff\xff", 7), &target),
			 FLOW_CALL);
	assert_int_equal(target, PC - 5);
	assert_int_equal(insn_call_before(f->amd64, PC, span_of("\x90\x90\x90\x90\x90\xff\xd0", 7), &target),
			 FLOW_INDIRECT_CALL);
	assert_int_equal(insn_call_before(f->amd64, PC, span_of("\x90\x41\xff\x94\x24\x10\x00\x00\x00", 9), &target),
			 FLOW_INDIRECT_CALL);
	assert_int_equal(insn_call_before(f->amd64, PC, span_of("\xff\x15\x10\x00\x00\x00", 6), &target),
			 FLOW_INDIRECT_CALL);
	/* the displacement of a direct call may end like an indirect one: the direct call is preferred */
	assert_int_equal(insn_call_before(f->amd64, PC, span_of("\x90\x90\xe8\x00\x00\xff\xd0", 7), &target),
			 FLOW_CALL);
	assert_int_equal(insn_call_before(f->amd64, PC, span_of("\x90\x90\x90\x90\x90\x90\x90", 7), &target),
			 FLOW_NEXT);
	assert_int_equal(insn_call_before(f->amd64, PC, (struct span){0}, &target), FLOW_NEXT);
}

/* Any bytes: no crash, no register out of range, no effect beyond the array. */
static void any_bytes(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[16];
	uint64_t seed = 1;

	for (int round = 0; round < 200000; round++) {
		struct decoder *decoder = round & 1 ? f->amd64 : f->arm64;
		struct insn insn;

		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)((seed = seed * 6364136223846793005u + 1442695040888963407u) >> 56);
		if (!insn_decode(decoder, seed, (struct span){bytes, sizeof bytes}, &insn))
			continue;
		assert_int_in_range(insn.size, 1, 15);
		assert_true(insn.count <= EFFECT_LIMIT);
		for (size_t i = 0; i < insn.count; i++) {
			assert_true(insn.effects[i].dst == REG_NONE || insn.effects[i].dst < REG_LIMIT);
			assert_true(insn.effects[i].src == REG_NONE || insn.effects[i].src < REG_LIMIT);
			assert_true(insn.effects[i].src2 == REG_NONE || insn.effects[i].src2 < REG_LIMIT);
		}
	}
}

/* Accesses with an index, and calls through a register: bytes of Go's own code. */
static void indexed_accesses(void **state)
{
	static const struct {
		enum arch_id arch;
		uint8_t bytes[8];
		size_t size;
		struct indexed_access want;
		uint8_t through;
	} cases[] = {
		/* mov rsi, [rcx + rax*8] */
		{ARCH_AMD64, {0x48, 0x8b, 0x34, 0xc1}, 4, {RCX, RAX, RSI, 3, 8, false, 0, false}, NONE},
		/* mov [rcx + rax*2 + 4], dx */
		{ARCH_AMD64, {0x66, 0x89, 0x54, 0x41, 0x04}, 5, {RCX, RAX, NONE, 1, 2, true, 4, false}, NONE},
		{ARCH_AMD64, {0xf3, 0x48, 0xab}, 3, {RDI, NONE, NONE, 0, 8, true, 0, false}, NONE}, /* rep stosq */
		{ARCH_AMD64, {0x48, 0x8d, 0x7c, 0xcc, 0x10}, 5, {RSP, RCX, RDI, 3, 0, false, 16, true}, NONE}, /* lea rdi, [rsp + rcx*8 + 16] */
		{ARCH_AMD64, {0x48, 0x8b, 0x41, 0x08}, 4, {0}, NONE},                        /* mov rax, [rcx + 8] */
		{ARCH_AMD64, {0xff, 0xd1}, 2, {0}, RCX},                                     /* call rcx */
		{ARCH_ARM64, {0x24, 0x78, 0x60, 0xf8}, 4, {1, 0, 4, 3, 8, false, 0, false}, NONE},  /* ldr x4, [x1, x0, lsl #3] */
		{ARCH_ARM64, {0x24, 0x68, 0x20, 0x38}, 4, {1, 0, NONE, 0, 1, true, 0, false}, NONE}, /* strb w4, [x1, x0] */
		{ARCH_ARM64, {0x24, 0xd8, 0x60, 0xf8}, 4, {0}, NONE}, /* ldr x4, [x1, w0, sxtw #3] */
		{ARCH_ARM64, {0x40, 0x00, 0x3f, 0xd6}, 4, {0}, 2},    /* blr x2 */
	};

	const struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct insn got;

		assert_true(insn_decode(cases[i].arch == ARCH_AMD64 ? f->amd64 : f->arm64, PC,
					(struct span){cases[i].bytes, cases[i].size}, &got));
		assert_int_equal(got.indexed.size, cases[i].want.size);
		assert_int_equal(got.through, cases[i].through);
		assert_int_equal(got.indexed.formed, cases[i].want.formed);
		if (!got.indexed.size && !got.indexed.formed)
			continue;
		assert_int_equal(got.indexed.base, cases[i].want.base);
		assert_int_equal(got.indexed.index, cases[i].want.index);
		assert_int_equal(got.indexed.dst, cases[i].want.dst);
		assert_int_equal(got.indexed.shift, cases[i].want.shift);
		assert_int_equal(got.indexed.store, cases[i].want.store);
		assert_int_equal(got.indexed.offset, cases[i].want.offset);
	}
}

/* Comparisons with 0, of whole registers, and the branches by them. */
static void tests_for_zero(void **state)
{
	static const struct {
		enum arch_id arch;
		uint8_t bytes[4];
		size_t size;
		uint8_t tested;
		enum branch_on on;
	} cases[] = {
		{ARCH_AMD64, {0x48, 0x85, 0xc9}, 3, RCX, BRANCH_ON_ELSE},        /* test rcx, rcx */
		{ARCH_AMD64, {0x48, 0x85, 0xc1}, 3, NONE, BRANCH_ON_ELSE},       /* test rcx, rax */
		{ARCH_AMD64, {0x85, 0xc9}, 2, NONE, BRANCH_ON_ELSE},             /* test ecx, ecx */
		{ARCH_AMD64, {0x48, 0x83, 0xf9, 0x00}, 4, RCX, BRANCH_ON_ELSE},  /* cmp rcx, 0 */
		{ARCH_AMD64, {0x48, 0x83, 0xf9, 0x01}, 4, NONE, BRANCH_ON_ELSE}, /* cmp rcx, 1 */
		{ARCH_AMD64, {0x74, 0x10}, 2, NONE, BRANCH_ON_ZERO},             /* je */
		{ARCH_AMD64, {0x75, 0x10}, 2, NONE, BRANCH_ON_NONZERO},          /* jne */
		{ARCH_AMD64, {0x73, 0x10}, 2, NONE, BRANCH_ON_ELSE},             /* jae */
		{ARCH_ARM64, {0xc3, 0xff, 0xff, 0xb5}, 4, 3, BRANCH_ON_NONZERO}, /* cbnz x3 */
		{ARCH_ARM64, {0xc3, 0xff, 0xff, 0xb4}, 4, 3, BRANCH_ON_ZERO},    /* cbz x3 */
		{ARCH_ARM64, {0xc3, 0xff, 0xff, 0x34}, 4, NONE, BRANCH_ON_ZERO}, /* cbz w3 */
		{ARCH_ARM64, {0x41, 0x00, 0x00, 0x54}, 4, NONE, BRANCH_ON_NONZERO}, /* b.ne */
		{ARCH_ARM64, {0x40, 0x00, 0x00, 0x54}, 4, NONE, BRANCH_ON_ZERO},    /* b.eq */
		{ARCH_ARM64, {0x42, 0x00, 0x00, 0x54}, 4, NONE, BRANCH_ON_ELSE},    /* b.hs */
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct insn got;

		assert_true(insn_decode(cases[i].arch == ARCH_AMD64 ? f->amd64 : f->arm64, PC,
					(struct span){cases[i].bytes, cases[i].size}, &got));
		assert_int_equal(got.tested, cases[i].tested);
		assert_int_equal(got.on, cases[i].on);
	}
}

/* What may fault where, as far as operand and registers tell. */
static void touched_memory(void **state)
{
	static const struct {
		enum arch_id arch;
		uint8_t bytes[8];
		size_t size;
		enum insn_touch want;
		bool known;
	} cases[] = {
		{ARCH_AMD64, {0x90}, 1, TOUCH_NOTHING, false},                          /* nop */
		{ARCH_AMD64, {0x48, 0x01, 0xc8}, 3, TOUCH_NOTHING, false},              /* add rax, rcx */
		{ARCH_AMD64, {0x48, 0x8d, 0x41, 0x08}, 4, TOUCH_NOTHING, false},        /* lea rax, [rcx + 8] */
		{ARCH_AMD64, {0x48, 0x8b, 0x41, 0x08}, 4, TOUCH_MEMORY, true},          /* mov rax, [rcx + 8] */
		{ARCH_AMD64, {0xf3, 0xa4}, 2, TOUCH_MEMORY, false},                     /* rep movsb */
		{ARCH_AMD64, {0x48, 0x0f, 0xab, 0x07}, 4, TOUCH_MEMORY, false},         /* bts [rdi], rax */
		{ARCH_AMD64, {0x48, 0x0f, 0xba, 0x2f, 0x03}, 5, TOUCH_MEMORY, true},    /* bts qword [rdi], 3 */
		{ARCH_AMD64, {0x0f, 0xae, 0x27}, 3, TOUCH_MEMORY, false},               /* xsave [rdi] */
		{ARCH_AMD64, {0x64, 0x48, 0x8b, 0x01}, 4, TOUCH_UNKNOWN, false},        /* mov rax, fs:[rcx] */
		{ARCH_AMD64, {0x66, 0x0f, 0xf7, 0xc1}, 4, TOUCH_UNKNOWN, false},        /* maskmovdqu xmm0, xmm1 */
		{ARCH_AMD64, {0xc8, 0x10, 0x00, 0x00}, 4, TOUCH_UNKNOWN, false},        /* enter 16, 0 */
		{ARCH_AMD64, {0xc9}, 1, TOUCH_UNKNOWN, false},                          /* leave */
		{ARCH_AMD64, {0x50}, 1, TOUCH_UNKNOWN, false},                          /* push rax */
		{ARCH_AMD64, {0xc3}, 1, TOUCH_UNKNOWN, false},                          /* ret */
		{ARCH_AMD64, {0xf4}, 1, TOUCH_UNKNOWN, false},                          /* hlt */
		{ARCH_ARM64, {0x20, 0x0c, 0x40, 0xf9}, 4, TOUCH_MEMORY, true},          /* ldr x0, [x1, #0x18] */
		{ARCH_ARM64, {0x20, 0x00, 0x02, 0x8b}, 4, TOUCH_NOTHING, false},        /* add x0, x1, x2 */
		{ARCH_ARM64, {0x1f, 0x20, 0x03, 0xd5}, 4, TOUCH_NOTHING, false},        /* nop */
		{ARCH_ARM64, {0x40, 0x00, 0x1f, 0xd6}, 4, TOUCH_UNKNOWN, false},        /* br x2 */
		{ARCH_ARM64, {0x20, 0xa0, 0x00, 0xa4}, 4, TOUCH_UNKNOWN, false},        /* ld1b {z0.b}, p0/z, [x1] */
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct insn_operand got = {0};

		assert_int_equal(insn_touches(cases[i].arch == ARCH_AMD64 ? f->amd64 : f->arm64, PC,
					      (struct span){cases[i].bytes, cases[i].size}, &got), cases[i].want);
		assert_int_equal(got.known, cases[i].known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arm64_effects),      cmocka_unit_test(amd64_effects),
		cmocka_unit_test(not_an_instruction), cmocka_unit_test(text_is_assembler),
		cmocka_unit_test(call_before),        cmocka_unit_test(any_bytes),
		cmocka_unit_test(indexed_accesses),   cmocka_unit_test(tests_for_zero),
		cmocka_unit_test(touched_memory),
	};

	return cmocka_run_group_tests_name("insn", tests, setup, teardown);
}
