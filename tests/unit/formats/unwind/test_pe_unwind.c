/* test_pe_unwind.c: frames of Windows code. The functions are assembled by hand, and their unwind data written as the
 * specification has it; what the frames hold is what running the prolog would have left there. */
#include "formats/unwind/pe_unwind.h"

#include "tests/build/pe_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LIMIT = 1 << 30, TEXT = 0x1000, PDATA = 0x2000, XDATA = 0x3000, STACK_SIZE = 0x4000 };
enum { RBX = 3, RSI = 4, RBP = 6, RSP = 7, R12 = 12, RIP = 16, X19 = 19, FP = 29, LR = 30, SP = 31, PC = 32 };

static const uint64_t base = 0x7ff612340000, stack = 0x500000;

struct scene {
	struct arena *arena;
	const struct arch *arch;
	struct pe_builder *pe;
	struct image image;
	struct notes notes;
	struct mapping module;
	uint8_t *memory; /* of the stack */
	uint32_t functions, pdata_used;
	struct registers registers;
	struct pe_step step;
};

static struct scene *scene_new(struct arena *arena, const struct arch *arch)
{
	struct scene *s = arena_alloc(arena, sizeof *s);

	s->arena = arena;
	s->arch = arch;
	s->pe = pe_new(arena, arch, base);
	pe_add_section(s->pe, ".text", PE_CODE, 0x1000);
	pe_add_section(s->pe, ".pdata", PE_RDATA, 0x1000);
	pe_add_section(s->pe, ".xdata", PE_RDATA, 0x1000);
	s->memory = arena_alloc(arena, STACK_SIZE);
	return s;
}

static void add_function(struct scene *s, uint32_t begin, uint32_t end, uint32_t data)
{
	uint32_t at = PDATA + s->pdata_used;

	pe_put(s->pe, at, begin, 4);
	if (s->arch->link_register) {
		pe_put(s->pe, at + 4, data, 4);
		s->pdata_used += 8;
	} else {
		pe_put(s->pe, at + 4, end, 4);
		pe_put(s->pe, at + 8, data, 4);
		s->pdata_used += 12;
	}
}

static void put_word(struct scene *s, uint64_t offset, uint64_t value)
{
	for (unsigned b = 0; b < 8; b++)
		s->memory[offset + b] = (uint8_t)(value >> 8 * b);
}

/* The module as mapped: its headers and sections at their addresses, from the file. */
static void load(struct scene *s)
{
	struct exe *exe;

	s->pe->directories[3].rva = PDATA;
	s->pe->directories[3].size = s->pdata_used;
	assert_null(exe_from_bytes(s->arena, "a.dll", pe_finish(s->pe), &exe));
	s->notes.arena = s->arena;
	s->image = (struct image){.arena = s->arena, .notes = &s->notes, .arch = s->arch, .os = OS_WINDOWS};
	vec_push(s->arena, &s->image.segments,
		 (struct segment){.address = stack, .size = STACK_SIZE, .saved = {s->memory, STACK_SIZE}, .flags = 6});
	image_add_backing(&s->image, exe, 0);
	s->module = (struct mapping){.start = base, .end = base + 0x4000, .path = "a.dll"};
}

static void at(struct scene *s, uint32_t rva, uint64_t sp)
{
	s->registers = (struct registers){0};
	for (uint8_t i = 0; i < s->arch->reg_count; i++)
		reg_set(&s->registers, i, 0xbad00 + i);
	reg_set(&s->registers, s->arch->pc, base + rva);
	reg_set(&s->registers, s->arch->sp, sp);
}

static enum pe_result go(struct scene *s, bool exact)
{
	return pe_unwind(&s->image, &s->module, exact, &s->registers, &s->step);
}

static void is(const struct scene *s, uint8_t reg, uint64_t want)
{
	uint64_t value;

	assert_true(reg_get(&s->registers, reg, &value));
	assert_int_equal(value, want);
}

/* ---- amd64 ---- */

/* push rbx; push rsi; sub rsp, 0x28; call; add rsp, 0x28; pop rsi; pop rbx; ret: at each of its instructions the caller is
 * the same. */
static void plain_function(struct arena *arena)
{
	static const uint8_t code[] = {0x53, 0x56, 0x48, 0x83, 0xec, 0x28, 0xe8, 0, 0, 0, 0,
				       0x48, 0x83, 0xc4, 0x28, 0x5e, 0x5b, 0xc3};
	static const uint8_t info[] = {1, 6, 3, 0, 6, 0x42, 2, 0x60, 1, 0x30, 0, 0};
	static const struct {
		uint8_t offset;
		int16_t sp; /* from SP after the prolog */
		bool pushed_rbx, pushed_rsi;
	} stops[] = {{0, 0x38, false, false}, {1, 0x30, true, false}, {2, 0x28, true, true}, {6, 0, true, true},
		     {11, 0, true, true},     {15, 0x28, true, true}, {16, 0x30, true, false}, {17, 0x38, false, false}};
	struct scene *s = scene_new(arena, &arch_amd64);
	uint64_t body = stack + 0x1000;

	pe_put_bytes(s->pe, TEXT, code, sizeof code);
	pe_put_bytes(s->pe, XDATA, info, sizeof info);
	add_function(s, TEXT, TEXT + sizeof code, XDATA);
	load(s);
	put_word(s, 0x1028, 0x5151);        /* rsi */
	put_word(s, 0x1030, 0xb0b0);        /* rbx */
	put_word(s, 0x1038, base + 0x1900); /* the return address */
	for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
		at(s, TEXT + stops[i].offset, body + (uint64_t)stops[i].sp);
		assert_int_equal(go(s, true), PE_STEPPED);
		is(s, RIP, base + 0x1900);
		is(s, RSP, body + 0x40);
		is(s, RBX, stops[i].pushed_rbx ? 0xb0b0 : 0xbad00 + RBX);
		is(s, RSI, stops[i].pushed_rsi ? 0x5151 : 0xbad00 + RSI);
		assert_int_equal(s->step.return_slot, body + 0x38);
		assert_int_equal(s->step.top, body + 0x40);
		assert_false(reg_get(&s->registers, 0, &(uint64_t){0})); /* rax */
	}
	at(s, TEXT + 11, body); /* a return address: pc is behind the call, and no epilog */
	assert_int_equal(go(s, false), PE_STEPPED);
	is(s, RSP, body + 0x40);
}

/* push rbp; sub rsp, 0x400; lea rbp, [rsp + 0x80]; mov [rbp - 0x80 + 0x30], r12 (saved in the frame); a large and dynamic
 * frame: SP is anywhere. Epilog: lea rsp, [rbp + 0x380]; pop rbp; ret. */
static void frame_pointer_function(struct arena *arena)
{
	static const uint8_t info[] = {1, 0x18, 6, 0x85, 0x18, 0xc4, 6, 0, 0x10, 3, 8, 1, 0x80, 0, 1, 0x50};
	static const uint8_t epilog[] = {0x48, 0x8d, 0xa5, 0x80, 3, 0, 0, 0x5d, 0xc3};
	struct scene *s = scene_new(arena, &arch_amd64);
	uint64_t fixed = stack + 0x1000; /* SP after the prolog */

	pe_put_bytes(s->pe, XDATA, info, sizeof info);
	pe_put_bytes(s->pe, TEXT + 0x40, epilog, sizeof epilog);
	add_function(s, TEXT, TEXT + 0x100, XDATA);
	load(s);
	put_word(s, 0x1030, 0x1212);
	put_word(s, 0x1400, 0xbbbb);
	put_word(s, 0x1408, base + 0x1900);
	at(s, TEXT + 0x30, stack + 0x100);
	reg_set(&s->registers, RBP, fixed + 0x80);
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, RIP, base + 0x1900);
	is(s, RSP, fixed + 0x410);
	is(s, RBP, 0xbbbb);
	is(s, R12, 0x1212);
	at(s, TEXT + 0x40, stack + 0x100);
	reg_set(&s->registers, RBP, fixed + 0x80);
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, RSP, fixed + 0x410);
	is(s, R12, 0xbad00 + R12); /* restored before the epilog */
	at(s, TEXT + 9, fixed); /* the frame pointer is not set yet */
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, RSP, fixed + 0x410);
	is(s, R12, 0xbad00 + R12);
	at(s, TEXT + 0x30, stack + 0x100);
	reg_forget(&s->registers, RBP);
	assert_int_equal(go(s, true), PE_LOST);
}

/* A part of a function that is chained to the one that made the frame; and an entry that shares another's data. */
static void chained_function(struct arena *arena)
{
	static const uint8_t primary[] = {1, 4, 1, 0, 4, 0x42, 0, 0};
	static const uint8_t part[] = {1 | 4 << 3, 2, 1, 0, 2, 0x30, 0, 0};
	struct scene *s = scene_new(arena, &arch_amd64);

	pe_put_bytes(s->pe, XDATA, primary, sizeof primary);
	pe_put_bytes(s->pe, XDATA + 0x20, part, sizeof part);
	pe_put(s->pe, XDATA + 0x28, TEXT, 4);
	pe_put(s->pe, XDATA + 0x2c, TEXT + 0x80, 4);
	pe_put(s->pe, XDATA + 0x30, XDATA, 4);
	add_function(s, TEXT, TEXT + 0x80, XDATA);
	add_function(s, TEXT + 0x80, TEXT + 0x100, XDATA + 0x20);
	add_function(s, TEXT + 0x100, TEXT + 0x180, PDATA + 12 + 1);
	load(s);
	put_word(s, 0x1000, 0xb0b0);
	put_word(s, 0x1030, base + 0x1900);
	for (uint32_t function = 0x80; function <= 0x100; function += 0x80) {
		at(s, TEXT + function + 0x20, stack + 0x1000);
		assert_int_equal(go(s, true), PE_STEPPED);
		is(s, RBX, 0xb0b0);
		is(s, RIP, base + 0x1900);
		is(s, RSP, stack + 0x1038);
	}
	at(s, TEXT + 0x80, stack + 0x1008); /* before its own push: only the primary's allocation is there */
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, RSP, stack + 0x1038);
}

/* What the CPU pushed: an error code, RIP, CS, EFLAGS, RSP, SS. */
static void interrupt_frame(struct arena *arena)
{
	static const uint8_t info[] = {1, 4, 2, 0, 4, 0x42, 0, 0x1a};
	struct scene *s = scene_new(arena, &arch_amd64);

	pe_put_bytes(s->pe, XDATA, info, sizeof info);
	add_function(s, TEXT, TEXT + 0x80, XDATA);
	load(s);
	put_word(s, 0x1030, base + 0x1234);
	put_word(s, 0x1048, stack + 0x3000);
	at(s, TEXT + 0x20, stack + 0x1000);
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, RIP, base + 0x1234);
	is(s, RSP, stack + 0x3000);
	is(s, 0, 0xbad00); /* no call changed it */
	assert_true(s->step.interrupted);
	assert_int_equal(s->step.return_slot, stack + 0x1030);
	assert_int_equal(s->step.top, stack + 0x3000);
}

static void leaf_and_limits(struct arena *arena)
{
	static const uint8_t info[] = {1, 1, 1, 0, 1, 0x30, 0, 0}, version3[] = {3, 0, 0, 0};
	struct scene *s = scene_new(arena, &arch_amd64);

	pe_put_bytes(s->pe, XDATA, info, sizeof info);
	pe_put_bytes(s->pe, XDATA + 0x10, version3, sizeof version3);
	add_function(s, TEXT + 0x80, TEXT + 0x100, XDATA); /* not sorted, as Windows would not find it */
	add_function(s, TEXT + 0x20, TEXT + 0x40, XDATA + 0x10);
	add_function(s, TEXT + 0x40, TEXT + 0x60, XDATA + 0x1000);
	load(s);
	put_word(s, 0x1000, base + 0x1900);
	put_word(s, 0x1008, base + 0x1910);
	at(s, TEXT + 0x10, stack + 0x1000); /* in no function of the table */
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, RIP, base + 0x1900);
	is(s, RSP, stack + 0x1008);
	at(s, TEXT + 0x10, stack + 0x1000);
	assert_int_equal(go(s, false), PE_LOST);
	at(s, TEXT + 0x90, stack + 0x1000);
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, RIP, base + 0x1910);
	at(s, TEXT + 0x20, stack + 0x1000);
	assert_int_equal(go(s, true), PE_LOST);
	at(s, TEXT + 0x40, stack + 0x1000);
	assert_int_equal(go(s, true), PE_UNREADABLE);
	at(s, TEXT + 0x90, stack + STACK_SIZE - 8); /* rbx is there, the return address is not */
	assert_int_equal(go(s, true), PE_UNREADABLE);
	assert_int_equal(s->step.address, stack + STACK_SIZE);
	is(s, RIP, base + TEXT + 0x90); /* untouched */
	at(s, 0x5000, stack + 0x1000);
	assert_int_equal(go(s, true), PE_NO_TABLE);
}

/* ---- arm64 ---- */

/* stp x29, x30, [sp, #-0x40]!; stp x19, x20, [sp, #0x10]; mov x29, sp; … as .xdata with one epilog at the end: ldp x19, x20;
 * ldp x29, x30, [sp], #0x40; ret. */
static void xdata_function(struct arena *arena)
{
	/* 10 instructions; E; the epilog's codes begin at 1; 2 words of codes: set_fp, save_regp x19 at 0x10, save_fplr_x, end */
	const uint32_t head = 10 | 1 << 21 | 1 << 22 | 2u << 27;
	static const uint8_t codes[] = {0xe1, 0xc8, 0x02, 0x87, 0xe4, 0, 0, 0};
	static const struct {
		uint32_t insn;
		uint64_t sp;
		bool x19, fp;
	} stops[] = {{0, 0x1040, false, false}, {1, 0x1000, false, true}, {2, 0x1000, true, true}, {3, 0x1000, true, true},
		     {5, 0x1000, true, true},   {7, 0x1000, true, true},  {8, 0x1000, false, true}, {9, 0x1040, false, false}};
	struct scene *s = scene_new(arena, &arch_arm64);

	pe_put(s->pe, XDATA, head, 4);
	pe_put_bytes(s->pe, XDATA + 4, codes, sizeof codes);
	add_function(s, TEXT, 0, XDATA);
	load(s);
	put_word(s, 0x1000, 0xf0f0);
	put_word(s, 0x1008, base + 0x1900);
	put_word(s, 0x1010, 0x1919);
	put_word(s, 0x1018, 0x2020);
	for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
		at(s, TEXT + 4 * stops[i].insn, stack + stops[i].sp);
		if (stops[i].insn >= 3)
			reg_set(&s->registers, FP, stack + 0x1000);
		assert_int_equal(go(s, true), PE_STEPPED);
		is(s, SP, stack + 0x1040);
		is(s, X19, stops[i].x19 ? 0x1919 : 0xbad00 + X19);
		is(s, PC, stops[i].fp ? base + 0x1900 : 0xbad00 + LR);
		assert_int_equal(s->step.return_slot, stops[i].fp ? stack + 0x1008 : 0);
		assert_false(reg_get(&s->registers, 0, &(uint64_t){0}));
	}
	at(s, TEXT + 40, stack + 0x1000); /* behind it: in no function */
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, PC, 0xbad00 + LR);
	is(s, SP, stack + 0x1000);
}

/* Several epilogs, each with its own place and codes; save_next, save_lrpair, alloc_m, alloc_l, add_fp. */
static void xdata_scopes(struct arena *arena)
{
	const uint32_t head = 64 | 1 << 22 | 4u << 27;
	const uint32_t scope = 20 | 9u << 22; /* an epilog at instruction 20 whose codes begin at 9 */
	static const uint8_t codes[] = {
		0xe0, 0, 1, 0,    /* alloc_l 0x1000 */
		0xe6,             /* save_next: x21, x22 */
		0xcc, 0x05,       /* save_regp_x x19, 0x30 */
		0xe4, 0xe3,       /* end; padding */
		0xc0, 0x02, 0xe4, /* the epilog: alloc_m 0x20, end */
		0, 0, 0, 0,
	};
	struct scene *s = scene_new(arena, &arch_arm64);

	pe_put(s->pe, XDATA, head, 4);
	pe_put(s->pe, XDATA + 4, scope, 4);
	pe_put_bytes(s->pe, XDATA + 8, codes, sizeof codes);
	add_function(s, TEXT, 0, XDATA);
	load(s);
	for (unsigned i = 0; i < 4; i++)
		put_word(s, 0x2000 + 8 * i, 0x1900 + i);
	at(s, TEXT + 60, stack + 0x1000);
	assert_int_equal(go(s, true), PE_STEPPED);
	for (uint8_t i = 0; i < 4; i++)
		is(s, X19 + i, 0x1900u + i);
	is(s, SP, stack + 0x2030);
	at(s, TEXT + 80, stack + 0x1000);
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, SP, stack + 0x1020);
	at(s, TEXT + 84, stack + 0x1020); /* at its return */
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, SP, stack + 0x1020);
	at(s, TEXT + 4, stack + 0x2000); /* stp x19 is done, the rest is not */
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, X19 + 1, 0x1901);
	is(s, X19 + 2, 0xbad00 + X19 + 2);
	is(s, SP, stack + 0x2030);
}

static uint32_t packed(uint32_t insns, uint32_t reg_f, uint32_t reg_i, uint32_t home, uint32_t cr, uint32_t frame)
{
	return 1 | insns << 2 | reg_f << 13 | reg_i << 16 | home << 20 | cr << 21 | (frame / 16) << 23;
}

static void packed_functions(struct arena *arena)
{
	struct scene *s = scene_new(arena, &arch_arm64);

	/* stp x19, x20, [sp, #-0x20]!; str lr, [sp, #0x10]; sub sp, sp, #0x30 */
	add_function(s, TEXT, 0, packed(16, 0, 2, 0, 1, 0x50));
	/* stp x19, x20, [sp, #-0x10]!; stp x29, lr, [sp, #-0x40]!; mov x29, sp */
	add_function(s, TEXT + 0x100, 0, packed(16, 0, 2, 0, 3, 0x50));
	/* stp d8, d9, [sp, #-0x50]!; four stores of arguments; sub sp, sp, #4080; sub sp, sp, #0x10 */
	add_function(s, TEXT + 0x200, 0, packed(32, 1, 0, 1, 0, 0x50 + 4096));
	load(s);
	put_word(s, 0x1030, 0x1919);
	put_word(s, 0x1040, base + 0x1900);
	at(s, TEXT + 0x20, stack + 0x1000);
	assert_int_equal(go(s, false), PE_STEPPED);
	is(s, X19, 0x1919);
	is(s, PC, base + 0x1900);
	is(s, SP, stack + 0x1050);
	assert_int_equal(s->step.return_slot, stack + 0x1040);
	at(s, TEXT + 8, stack + 0x1030); /* before the last instruction of its prolog */
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, PC, base + 0x1900);
	is(s, SP, stack + 0x1050);
	at(s, TEXT + 4 * 13, stack + 0x1030); /* sub undone: second instruction of the epilog */
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, SP, stack + 0x1050);

	put_word(s, 0x2000, 0xf0f0);
	put_word(s, 0x2008, base + 0x1910);
	put_word(s, 0x2040, 0x1919);
	at(s, TEXT + 0x120, stack + 0x400); /* SP is anywhere */
	reg_set(&s->registers, FP, stack + 0x2000);
	assert_int_equal(go(s, false), PE_STEPPED);
	is(s, X19, 0x1919);
	is(s, FP, 0xf0f0);
	is(s, PC, base + 0x1910);
	is(s, SP, stack + 0x2050);

	at(s, TEXT + 0x240, stack + 0x1000);
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, SP, stack + 0x1000 + 4096 + 0x50);
	is(s, PC, 0xbad00 + LR);
}

static void frames_of_the_kernel(struct arena *arena)
{
	const uint32_t head = 16 | 1 << 21 | 1u << 27;
	struct scene *s = scene_new(arena, &arch_arm64);

	pe_put(s->pe, XDATA, head, 4);
	pe_put_bytes(s->pe, XDATA + 4, "\xe9\xe4", 2);
	pe_put(s->pe, XDATA + 0x10, head, 4);
	pe_put_bytes(s->pe, XDATA + 0x14, "\xea\xe4", 2);
	add_function(s, TEXT, 0, XDATA);
	add_function(s, TEXT + 0x100, 0, XDATA + 0x10);
	load(s);
	put_word(s, 0x1000, stack + 0x3000);
	put_word(s, 0x1008, base + 0x1234);
	at(s, TEXT + 0x10, stack + 0x1000);
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, SP, stack + 0x3000);
	is(s, PC, base + 0x1234);
	assert_true(s->step.interrupted);

	s->memory[0x2000] = 3; /* CONTEXT_CONTROL | CONTEXT_INTEGER */
	s->memory[0x2002] = 0x40;
	put_word(s, 0x2000 + 256, stack + 0x3000);
	put_word(s, 0x2000 + 264, base + 0x1238);
	put_word(s, 0x2000 + 8 + 8 * 19, 0x1919);
	at(s, TEXT + 0x110, stack + 0x2000);
	assert_int_equal(go(s, true), PE_STEPPED);
	is(s, SP, stack + 0x3000);
	is(s, PC, base + 0x1238);
	is(s, X19, 0x1919);
	assert_int_equal(s->step.return_slot, stack + 0x2000 + 264);
}

/* ---- damage ---- */

/* Unwind data of any bytes: no crash, and what is not stepped leaves the registers as they were. */
static void noise(struct arena *arena, const struct arch *arch)
{
	struct scene *s = scene_new(arena, arch);
	uint32_t seed = 12345;

	for (uint32_t function = 0; function < 64; function++) {
		uint32_t data = XDATA + 0x40 * function;

		for (uint32_t i = 0; i < 0x40; i++) {
			seed = seed * 1664525 + 1013904223;
			pe_put(s->pe, data + i, seed >> 24, 1);
		}
		seed = seed * 1664525 + 1013904223;
		if (!arch->link_register)
			pe_put(s->pe, data, 1 | (seed >> 28 & 4) << 3, 1); /* a version that is read */
		else
			pe_put(s->pe, data + 2, seed >> 24 & 0xf3, 1);
		add_function(s, TEXT + 0x20 * function, TEXT + 0x20 * function + 0x20,
			     arch->link_register && seed & 0x1000 ? seed : data);
	}
	load(s);
	for (uint32_t rva = TEXT; rva < TEXT + 0x800; rva++)
		for (int exact = 0; exact < 2; exact++) {
			at(s, rva, stack + 0x1000);
			if (go(s, exact) != PE_STEPPED)
				is(s, s->arch->sp, stack + 0x1000);
		}
}

static void noise_amd64(struct arena *arena)
{
	noise(arena, &arch_amd64);
}

static void noise_arm64(struct arena *arena)
{
	noise(arena, &arch_arm64);
}

#define SCENE_TEST(name)                                                                                               \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(LIMIT, name);                                                                            \
	}

SCENE_TEST(plain_function)
SCENE_TEST(frame_pointer_function)
SCENE_TEST(chained_function)
SCENE_TEST(interrupt_frame)
SCENE_TEST(leaf_and_limits)
SCENE_TEST(xdata_function)
SCENE_TEST(xdata_scopes)
SCENE_TEST(packed_functions)
SCENE_TEST(frames_of_the_kernel)
SCENE_TEST(noise_amd64)
SCENE_TEST(noise_arm64)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_function),
		cmocka_unit_test(test_frame_pointer_function),
		cmocka_unit_test(test_chained_function),
		cmocka_unit_test(test_interrupt_frame),
		cmocka_unit_test(test_leaf_and_limits),
		cmocka_unit_test(test_xdata_function),
		cmocka_unit_test(test_xdata_scopes),
		cmocka_unit_test(test_packed_functions),
		cmocka_unit_test(test_frames_of_the_kernel),
		cmocka_unit_test(test_noise_amd64),
		cmocka_unit_test(test_noise_arm64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
