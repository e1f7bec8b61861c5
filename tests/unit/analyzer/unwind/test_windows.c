/* test_windows.c: stacks through Windows code on synthetic programs: system calls, callbacks, exceptions. The DLL is a
 * PE file of the test's own making, whose unwind data are as the specification has them. */
#include "analyzer/unwind/unwind.h"
#include "tests/build/go_builder.h"
#include "tests/build/pe_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 1 << 30, THREAD = 4242, WORD = 8, RAX = 0 };

/* The DLL's functions, by RVA: one that calls, with a frame of 0x28 bytes; one that has none; KiUserExceptionDispatcher's like,
 * whose frame of 0x28 bytes lies above what the CPU pushed. */
enum { CALLS = 0x1000, LEAF = 0x1080, DISPATCHES = 0x1100, PDATA = 0x2000, XDATA = 0x3000, IMAGE_SIZE = 0x4000, FRAME = 0x28 };

static const uint64_t dll = 0x7ff812340000, os_stack = 0x700000, os_stack_size = 0x4000;

struct scene {
	struct go_builder *builder;
	struct go_stack user;
	size_t first, last, stdcall, cgocall;
	uint64_t outermost; /* the return address of main.first */
	uint64_t sp; /* the next word below what is on the thread's stack */
};

static void add_dll(struct go_builder *builder)
{
	static const uint8_t frame[] = {1, 4, 1, 0, 4, 0x42}, machine_frame[] = {1, 4, 2, 0, 4, 0x42, 0, 0x0a};
	static const uint32_t entries[][3] = {{CALLS, CALLS + 0x40, XDATA}, {DISPATCHES, DISPATCHES + 0x40, XDATA + 16}};
	struct pe_builder *pe = pe_new(builder->arena, builder->arch, dll);
	struct exe *exe;

	pe_add_section(pe, ".text", PE_CODE, 0x1000);
	pe_add_section(pe, ".pdata", PE_RDATA, 0x1000);
	pe_add_section(pe, ".xdata", PE_RDATA, 0x1000);
	for (uint32_t i = 0; i < 6; i++)
		pe_put(pe, PDATA + 4 * i, entries[i / 3][i % 3], 4);
	pe_put_bytes(pe, XDATA, frame, sizeof frame);
	pe_put_bytes(pe, XDATA + 16, machine_frame, sizeof machine_frame);
	pe->directories[3].rva = PDATA;
	pe->directories[3].size = sizeof entries;
	assert_null(exe_from_bytes(builder->arena, "a.dll", pe_finish(pe), &exe));
	for (size_t i = 0; i < exe->segments.count; i++) {
		const struct exe_segment *segment = &exe->segments.items[i];

		go_memory(builder, segment->address, 0x1000, segment->flags);
		go_write(builder, segment->address, segment->bytes.data, segment->bytes.size);
	}
	vec_push(builder->arena, &builder->image->mappings,
		 (struct mapping){.start = dll, .end = dll + IMAGE_SIZE, .path = "C:\\windows\\a.dll"});
}

static struct scene scene_new(struct arena *arena)
{
	struct scene s = {.builder = go_new(arena, &arch_amd64, 24, 5)};
	size_t goexit = go_add_goexit(s.builder);
	bool exact;

	s.builder->image->os = OS_WINDOWS;
	s.builder->layout = layout_find(OS_WINDOWS, ARCH_AMD64, 24, 5, &exact);
	s.first = go_add_frame(s.builder, "main.first", 0x30, 0);
	s.last = go_add_frame(s.builder, "main.last", 0x50, 0);
	s.cgocall = go_add_frame(s.builder, "runtime.asmcgocall", 0x20, FUNC_ASM);
	s.stdcall = go_add_frame(s.builder, "runtime.asmstdcall", 0x150, FUNC_ASM | FUNC_SP_WRITE);
	go_link(s.builder, goexit, s.first);
	go_link(s.builder, s.first, s.last);
	go_link(s.builder, s.last, s.cgocall);
	go_link(s.builder, s.cgocall, s.stdcall);
	go_link(s.builder, s.stdcall, s.first);
	s.user = go_stack_new(s.builder, GO_STACKS, 0x2000, goexit);
	go_push(&s.user, s.first);
	s.outermost = go_get(s.builder, s.user.slot);
	go_memory(s.builder, os_stack, os_stack_size, SEGMENT_READ | SEGMENT_WRITE);
	s.sp = os_stack + os_stack_size - 0x800;
	add_dll(s.builder);
	return s;
}

static void push(struct scene *s, uint64_t word)
{
	s->sp -= WORD;
	go_put(s->builder, s->sp, word);
}

/* The thread's stack as Go's frames `stdcall` and `cgocall` leave it that call the DLL, which calls its leaf. */
static void call_dll(struct scene *s)
{
	struct go_stack stack = {.builder = s->builder, .lo = os_stack, .hi = os_stack + os_stack_size, .sp = s->sp,
				 .pc = go_return_pc(s->builder, s->last)};

	go_push(&stack, s->cgocall);
	go_push(&stack, s->stdcall);
	s->sp = stack.sp;
	push(s, stack.pc);
	s->sp -= FRAME;
	push(s, dll + CALLS + 0x20);
}

static struct analysis *run(struct scene *s, uint64_t pc, uint64_t sp)
{
	struct thread thread = {.id = THREAD};
	struct machine m = {.id = 1, .procid = THREAD};
	struct goroutine g = {.id = 1, .status = G_RUNNING, .stack_lo = s->user.lo, .stack_hi = s->user.hi,
			      .sched_pc = s->user.pc, .sched_sp = s->user.sp};

	m.curg = go_goroutine(s->builder, &g, true);
	go_machine(s->builder, &m);
	reg_set(&thread.registers, s->builder->arch->pc, pc);
	reg_set(&thread.registers, s->builder->arch->sp, sp);
	reg_set(&thread.registers, RAX, 0x5eed);
	vec_push(s->builder->arena, &s->builder->image->threads, thread);
	return analyze(go_load(s->builder));
}

static void expect_pcs(const struct stack *stack, const uint64_t *pcs, size_t count, enum stack_end end)
{
	assert_string_equal(stack_end_name(stack->end), stack_end_name(end));
	assert_int_equal(stack->frames.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(stack->frames.items[i].pc, pcs[i]);
}

static void system_call(struct arena *arena)
{
	struct scene s = scene_new(arena);
	struct stack stack = {0};

	call_dll(&s);
	thread_stack(run(&s, dll + LEAF, s.sp), 0, &stack);
	expect_pcs(&stack, (uint64_t[]){dll + LEAF, dll + CALLS + 0x20, go_return_pc(s.builder, s.stdcall),
					go_return_pc(s.builder, s.cgocall)}, 4, END_STACK_SWITCH);
	assert_int_equal(stack.frames.items[1].how, HOW_CFI);
	assert_int_equal(stack.frames.items[2].how, HOW_CFI);
	assert_int_equal(stack.frames.items[3].how, HOW_PCSP);
}

/* Threads that C made end with a return address of 0; where the table of the module is not in the dump, the walk ends. */
static void thread_of_c(struct arena *arena)
{
	for (size_t missing = 0; missing < 2; missing++) {
		struct scene s = scene_new(arena);
		struct stack stack = {0};

		push(&s, 0);
		s.sp -= FRAME;
		push(&s, dll + CALLS + 0x20);
		if (missing)
			go_put(s.builder, dll, 0); /* no header */
		thread_stack(run(&s, dll + LEAF, s.sp), 0, &stack);
		expect_pcs(&stack, (uint64_t[]){dll + LEAF, dll + CALLS + 0x20}, missing ? 1 : 2,
			   missing ? END_NO_TABLE : END_COMPLETE);
	}
}

/* An exception in main.last, dispatched on the goroutine's own stack. */
static void dispatch(struct scene *s, uint64_t *pc, uint64_t *sp)
{
	uint64_t words;

	go_push(&s->user, s->last);
	*pc = s->user.pc;
	*sp = s->user.sp;
	words = *sp - 0x100; /* RIP, CS, EFLAGS, RSP, SS */
	go_put(s->builder, words, *pc);
	go_put(s->builder, words + 3 * WORD, *sp);
	s->user.sp = words - FRAME;
	s->user.pc = dll + DISPATCHES + 0x20;
}

static void exception_on_thread(struct arena *arena)
{
	struct scene s = scene_new(arena);
	struct analysis *analysis;
	struct stack stack = {0};
	uint64_t pc, sp;

	dispatch(&s, &pc, &sp);
	go_put(s.builder, s.sp, pc);
	go_put(s.builder, s.sp + 3 * WORD, sp);
	analysis = run(&s, dll + DISPATCHES + 0x20, s.sp - FRAME);
	thread_stack(analysis, 0, &stack);
	expect_pcs(&stack, (uint64_t[]){dll + DISPATCHES + 0x20}, 1, END_STACK_SWITCH);
	assert_true(analysis->walks[0].signalled && analysis->walks[0].stopped.known);
	assert_int_equal(analysis->walks[0].stopped.pc, pc);
	goroutine_stack(analysis, 0, &stack);
	expect_pcs(&stack, (uint64_t[]){pc, go_return_pc(s.builder, s.first), s.outermost}, 3,
		   END_COMPLETE);
}

static void exception_on_goroutine(struct arena *arena)
{
	struct scene s = scene_new(arena);
	struct stack stack = {0};
	uint64_t pc, sp;

	dispatch(&s, &pc, &sp);
	goroutine_stack(run(&s, 0x10, os_stack + 0x100), 0, &stack);
	assert_true(stack.frames.count >= 3);
	assert_int_equal(stack.frames.items[0].pc, dll + DISPATCHES + 0x20);
	assert_int_equal(stack.frames.items[1].pc, pc);
	assert_int_equal(stack.frames.items[1].sp, sp);
	assert_int_equal(stack.frames.items[1].how, HOW_SIGNAL);
	assert_true(stack.frames.items[1].exact);
	assert_string_equal(stack_end_name(stack.end), stack_end_name(END_COMPLETE));
}

/* Garbage for registers and stacks: walks end. */
static void garbage(struct arena *arena)
{
	for (uint32_t rva = CALLS; rva < IMAGE_SIZE; rva += 0x1f) {
		struct scene s = scene_new(arena);
		struct stack stack = {0};

		for (uint64_t at = os_stack; at < os_stack + 0x400; at += WORD)
			go_put(s.builder, at, at % 24 ? dll + (at * 0x9e37 & 0x3fff) : at + 0x40);
		thread_stack(run(&s, dll + rva, os_stack), 0, &stack);
		assert_true(stack.frames.count >= 1 && stack.frames.count < 0x400);
	}
}

/* ---- arm64: asmstdcall moves SP below its frame for arguments, and keeps the frame's place in x20 ---- */

enum { X20 = 20, STDCALL_FRAME = 0x20, ARGUMENTS = 0x20 };

struct call_of_windows {
	struct go_builder *builder;
	struct thread thread;
	uint64_t frame; /* of asmstdcall: its SP before the arguments */
	uint64_t stdcall, caller; /* return addresses in it and in runtime.stdcall */
};

/* The DLL's table has one entry, of a function that calls; all others are leaves. */
static void add_arm64_dll(struct go_builder *builder)
{
	struct pe_builder *pe = pe_new(builder->arena, builder->arch, dll);
	struct exe *exe;

	pe_add_section(pe, ".text", PE_CODE, 0x1000);
	pe_add_section(pe, ".pdata", PE_RDATA, 0x1000);
	pe_put(pe, PDATA, CALLS, 4);
	pe_put(pe, PDATA + 4, 1 | 0x10 << 2, 4); /* packed, 64 bytes of code, no frame */
	pe->directories[3].rva = PDATA;
	pe->directories[3].size = 8;
	assert_null(exe_from_bytes(builder->arena, "a.dll", pe_finish(pe), &exe));
	for (size_t i = 0; i < exe->segments.count; i++) {
		const struct exe_segment *segment = &exe->segments.items[i];

		go_memory(builder, segment->address, 0x1000, segment->flags);
		go_write(builder, segment->address, segment->bytes.data, segment->bytes.size);
	}
}

/* A thread at a function of a DLL that asmstdcall of Go 1.`minor` has called. `whole`: the dump has the DLL's memory. */
static struct call_of_windows call_windows(struct arena *arena, int minor, bool whole)
{
	struct call_of_windows c = {.builder = go_new(arena, &arch_arm64, minor, 0), .thread = {.id = THREAD}};
	size_t mstart = go_add_frame(c.builder, "runtime.mstart", 0x10, FUNC_TOP_FRAME);
	size_t caller = go_add_frame(c.builder, "runtime.stdcall", 0x30, 0);
	size_t stdcall = go_add_frame(c.builder, "runtime.asmstdcall", STDCALL_FRAME, FUNC_ASM | FUNC_SP_WRITE);
	struct go_stack stack;
	bool exact;

	c.builder->image->os = OS_WINDOWS;
	c.builder->layout = layout_find(OS_WINDOWS, ARCH_ARM64, minor, 0, &exact);
	go_link(c.builder, mstart, caller);
	go_link(c.builder, caller, stdcall);
	go_link(c.builder, stdcall, mstart);
	stack = go_stack_new(c.builder, os_stack, os_stack_size, mstart);
	go_push(&stack, caller);
	go_push(&stack, stdcall);
	c.frame = stack.sp;
	c.stdcall = stack.pc;
	c.caller = go_return_pc(c.builder, caller);
	if (minor < 21) { /* stp x29, x30, [sp, #-32]! */
		go_put(c.builder, c.frame, 0);
		go_put(c.builder, c.frame + WORD, c.caller);
	}
	if (whole)
		add_arm64_dll(c.builder);
	vec_push(arena, &c.builder->image->mappings,
		 (struct mapping){.start = dll, .end = dll + IMAGE_SIZE, .path = "C:\\windows\\a.dll"});
	reg_set(&c.thread.registers, arch_arm64.pc, dll + LEAF);
	reg_set(&c.thread.registers, arch_arm64.sp, c.frame);
	reg_set(&c.thread.registers, arch_arm64.lr, c.stdcall);
	reg_set(&c.thread.registers, X20, c.frame);
	return c;
}

static void expect_thread(struct call_of_windows *c, const uint64_t *pcs, size_t count, enum stack_end end)
{
	struct stack stack = {0};

	vec_push(c->builder->arena, &c->builder->image->threads, c->thread);
	thread_stack(analyze(go_load(c->builder)), 0, &stack);
	expect_pcs(&stack, pcs, count, end);
}

static void arm64_call(struct arena *arena)
{
	static const int minors[] = {18, 20, 21, 27};

	for (size_t i = 0; i < 2 * sizeof minors / sizeof *minors; i++) {
		struct call_of_windows c = call_windows(arena, minors[i / 2], i % 2);
		uint64_t mstart = go_get(c.builder, c.frame + STDCALL_FRAME);

		expect_thread(&c, (uint64_t[]){dll + LEAF, c.stdcall, c.caller, mstart}, 4, END_COMPLETE);
	}
}

/* With arguments on the stack x20 alone tells the frame. Without the DLL's table it cannot be told from a frame of the DLL. */
static void arm64_arguments(struct arena *arena)
{
	for (size_t whole = 0; whole < 2; whole++) {
		struct call_of_windows c = call_windows(arena, 24, whole);
		uint64_t mstart = go_get(c.builder, c.frame + STDCALL_FRAME);

		reg_set(&c.thread.registers, arch_arm64.sp, c.frame - ARGUMENTS);
		expect_thread(&c, (uint64_t[]){dll + LEAF, c.stdcall, c.caller, mstart}, whole ? 4 : 1,
			      whole ? END_COMPLETE : END_NO_TABLE);
	}
}

/* No caller is made up: x20 is Windows' own by now, or what it names holds no return address. */
static void arm64_no_caller(struct arena *arena)
{
	struct call_of_windows c = call_windows(arena, 24, true);

	reg_set(&c.thread.registers, arch_arm64.sp, c.frame - ARGUMENTS);
	reg_set(&c.thread.registers, X20, c.frame + 0x40);
	expect_thread(&c, (uint64_t[]){dll + LEAF, c.stdcall}, 2, END_STACK_SWITCH);
	c = call_windows(arena, 24, true);
	go_put(c.builder, c.frame, c.caller + 4);
	expect_thread(&c, (uint64_t[]){dll + LEAF, c.stdcall}, 2, END_STACK_SWITCH);
	c = call_windows(arena, 24, false);
	reg_set(&c.thread.registers, arch_arm64.lr, c.caller); /* no call of Windows */
	expect_thread(&c, (uint64_t[]){dll + LEAF}, 1, END_NO_TABLE);
}

#define SCENE_TEST(name)                                                                                               \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

SCENE_TEST(system_call)
SCENE_TEST(thread_of_c)
SCENE_TEST(exception_on_thread)
SCENE_TEST(exception_on_goroutine)
SCENE_TEST(garbage)
SCENE_TEST(arm64_call)
SCENE_TEST(arm64_arguments)
SCENE_TEST(arm64_no_caller)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_system_call),
		cmocka_unit_test(test_thread_of_c),
		cmocka_unit_test(test_exception_on_thread),
		cmocka_unit_test(test_exception_on_goroutine),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_arm64_call),
		cmocka_unit_test(test_arm64_arguments),
		cmocka_unit_test(test_arm64_no_caller),
	};

	return cmocka_run_group_tests_name("unwind_windows", tests, NULL, NULL);
}
