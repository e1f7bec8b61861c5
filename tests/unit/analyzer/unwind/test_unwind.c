/* test_unwind.c: walks over synthetic stacks of both CPUs: sound ones, interrupted ones, torn ones with their proof words
 * corrupted in turn, and stacks that loop, leave their bounds, end early or never. */
#include "analyzer/unwind/unwind.h"
#include "tests/build/go_scene.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 1 << 30, NAMES = 12 };

/* A chain of ordinary functions, and what its tests need. */
struct chain {
	struct go_builder *builder;
	struct go_stack stack;
	size_t goexit, first, second, third;
	uint64_t slots[3]; /* of the return addresses of first, second, third */
};

static struct chain chain_new(struct arena *arena, const struct arch *arch)
{
	struct chain c = {.builder = go_new(arena, arch, 24, 5)};

	c.goexit = go_add_goexit(c.builder);
	c.first = go_add_frame(c.builder, "main.first", 0x30, 0);
	c.second = go_add_frame(c.builder, "main.second", 0x1f0, 0);
	c.third = go_add_frame(c.builder, "main.third", 0x20, 0);
	go_link(c.builder, c.goexit, c.first);
	go_link(c.builder, c.first, c.second);
	go_link(c.builder, c.second, c.third);
	go_link(c.builder, c.third, c.first);
	c.stack = go_stack_new(c.builder, GO_STACKS, 0x2000, c.goexit);
	go_push(&c.stack, c.first);
	c.slots[0] = c.stack.slot;
	go_push(&c.stack, c.second);
	c.slots[1] = c.stack.slot;
	go_push(&c.stack, c.third);
	c.slots[2] = c.stack.slot;
	return c;
}

/* Loads the program with goroutine 1 parked where the stack stands, and walks it. */
static struct analysis *walk(struct go_builder *builder, const struct go_stack *at, struct stack *ret)
{
	struct goroutine g = {.id = 1,
			      .status = G_WAITING,
			      .stack_lo = at->lo,
			      .stack_hi = at->hi,
			      .sched_pc = at->pc,
			      .sched_sp = at->sp};
	struct analysis *analysis;

	go_goroutine(builder, &g, true);
	analysis = analyze(go_load(builder));
	assert_int_equal(analysis->runtime->goroutines.count, 1);
	assert_int_equal(analysis->runtime->layout_source, LAYOUT_SOURCE_TABLE);
	*ret = (struct stack){0};
	goroutine_stack(analysis, 0, ret);
	return analysis;
}

static void expect(const struct stack *stack, enum stack_end end, const char *const names[])
{
	size_t count = 0;

	for (; names[count]; count++)
		if (count >= stack->frames.count || strcmp(go_func_name(stack->frames.items[count].info), names[count]))
			fail_msg("frame %zu of %zu is %s, not %s", count, stack->frames.count,
				 count < stack->frames.count ? go_func_name(stack->frames.items[count].info) : "absent",
				 names[count]);
	assert_int_equal(stack->frames.count, count);
	assert_string_equal(stack_end_name(stack->end), stack_end_name(end));
	for (size_t i = 1; i < count; i++)
		assert_true(stack->frames.items[i].sp >= stack->frames.items[i - 1].sp);
}

#define FRAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- sound stacks ---- */

static void healthy(struct arena *arena, const struct arch *arch)
{
	struct chain c = chain_new(arena, arch);
	struct stack stack;
	struct analysis *analysis = walk(c.builder, &c.stack, &stack);

	expect(&stack, END_COMPLETE, FRAMES("main.third", "main.second", "main.first", "runtime.goexit"));
	assert_int_equal(stack.frames.items[0].how, HOW_CONTEXT);
	assert_int_equal(stack.frames.items[0].sp, c.stack.sp);
	for (size_t i = 1; i < 4; i++) {
		assert_int_equal(stack.frames.items[i].how, HOW_PCSP);
		assert_int_equal(stack.frames.items[i].slot, c.slots[3 - i]);
		assert_int_equal(stack.frames.items[i].sp, stack.frames.items[i - 1].fp);
		assert_int_equal(stack.frames.items[i].tear, -1);
	}
	assert_int_equal(analysis->tears.count, 0);
}

/* asmcgocall leaves the entry of systemstack_switch in the gobuf, and cgocallback makes it the return address of what C
 * called (amd64: arm64 has the pc behind the prologue). */
static void called_from_an_entry(struct arena *arena, const struct arch *arch)
{
	struct go_builder *builder = go_new(arena, arch, 24, 5);
	size_t goexit = go_add_goexit(builder);
	size_t caller = go_add_frame(builder, "runtime.cgocall", 0x30, 0);
	size_t before = go_add_frame(builder, "runtime.mcall", 0x20, 0);
	size_t entered = go_add_frame(builder, "runtime.systemstack_switch", 0x10, 0);
	size_t callback = go_add_frame(builder, "runtime.cgocallback", 0x20, 0);
	struct go_stack at = go_stack_new(builder, GO_STACKS, 0x1000, goexit);
	struct stack stack;

	if (arch->link_register)
		return;
	go_push(&at, caller);
	at.sp -= 8;
	go_put(builder, at.sp, at.pc);
	at.pc = go_entry(builder, entered);
	go_push(&at, callback);
	go_link(builder, before, entered);
	walk(builder, &at, &stack);
	expect(&stack, END_COMPLETE,
	       FRAMES("runtime.cgocallback", "runtime.systemstack_switch", "runtime.cgocall", "runtime.goexit"));
}

/* A goroutine that has not run yet stands at its function's first instruction. */
static void not_started(struct arena *arena, const struct arch *arch)
{
	struct chain c = chain_new(arena, arch);
	struct go_stack fresh = go_stack_new(c.builder, GO_STACKS + 0x10000, 0x1000, c.goexit);
	struct goroutine g = {.id = 1, .status = G_RUNNABLE, .stack_lo = fresh.lo, .stack_hi = fresh.hi};
	struct stack stack = {0};

	g.sched_pc = go_entry(c.builder, c.first);
	g.sched_sp = fresh.sp - (arch->link_register ? 0 : 8);
	if (arch->link_register)
		g.sched_lr = fresh.pc;
	else
		go_put(c.builder, g.sched_sp, fresh.pc);
	go_goroutine(c.builder, &g, true);
	goroutine_stack(analyze(go_load(c.builder)), 0, &stack);
	expect(&stack, END_COMPLETE, FRAMES("main.first", "runtime.goexit"));
}

/* Interrupted one instruction before and one after the window, nothing is torn. */
static void near_misses(struct arena *arena, const struct arch *arch)
{
	static const enum scene_stop stops[] = {SCENE_BEFORE, SCENE_AFTER};

	for (size_t i = 0; i < 4; i++) {
		struct scene_options options = {
			.arch = arch, .minor = 24, .patch = 5, .stop = stops[i % 2], .leaf = i >= 2};
		struct go_scene scene = scene_new(arena, &options);
		struct analysis *analysis = analyze(go_load(scene.builder));
		struct stack stack = {0};

		goroutine_stack(analysis, 0, &stack);
		expect(&stack, END_COMPLETE,
		       FRAMES("runtime.asyncPreempt2", "runtime.asyncPreempt", "main.bigFrame", "main.deepCaller",
			      "main.main", "runtime.main", "runtime.goexit"));
		assert_int_equal(analysis->tears.count, 0);
		assert_int_equal(stack.frames.items[2].how, HOW_SIGNAL);
		assert_true(stack.frames.items[2].exact);
		assert_int_equal(stack.frames.items[2].sp, scene.sp);
		assert_int_equal(stack.frames.items[2].fp, scene.top);
	}
}

/* A fault at main.third's call instruction became a panic. */
static void panicked(struct arena *arena, const struct arch *arch)
{
	struct chain c = chain_new(arena, arch);
	size_t sigpanic = go_add_frame(c.builder, "runtime.sigpanic", 0x40, 0);
	size_t gopanic = go_add_frame(c.builder, "runtime.gopanic", 0x100, 0);
	uint64_t pc = c.stack.pc - (arch->link_register ? 4 : 5);
	struct stack stack;

	go_link(c.builder, sigpanic, gopanic);
	go_link(c.builder, gopanic, c.first);
	go_inject(&c.stack, pc, 0, sigpanic);
	go_push(&c.stack, gopanic);
	walk(c.builder, &c.stack, &stack);
	expect(&stack, END_COMPLETE,
	       FRAMES("runtime.gopanic", "runtime.sigpanic", "main.third", "main.second", "main.first",
		      "runtime.goexit"));
	assert_true(stack.frames.items[2].exact);
	assert_int_equal(stack.frames.items[2].pc, pc);
	assert_false(stack.frames.items[3].exact);
}

/* ---- signal frames ---- */

static const struct reg_slot *ucontext_slot(const struct arch *arch, uint8_t reg)
{
	for (size_t i = 0; i < arch->ucontext.count; i++)
		if (arch->ucontext.slots[i].reg == reg)
			return &arch->ucontext.slots[i];
	return NULL;
}

/* A thread in a signal handler on its signal stack; what was interrupted stood at pc and sp. Returns the address of the
 * ucontext. */
static uint64_t add_handler(struct chain *c, uint64_t pc, uint64_t sp)
{
	const struct arch *arch = c->builder->arch;
	size_t sigtramp = go_add_frame(c->builder, "runtime.sigtramp", 0xc0, FUNC_TOP_FRAME | FUNC_ASM);
	size_t handler = go_add_frame(c->builder, "runtime.sigtrampgo", 0x80, 0);
	uint64_t lo = GO_STACKS + 0x100000;
	struct go_stack at = {.builder = c->builder, .lo = lo, .hi = lo + 0x8000, .sp = lo + 0x7000};
	uint64_t ucontext = at.sp + arch->sigframe_ucontext - (arch->link_register ? 0 : 8);
	struct thread thread = {.id = SCENE_THREAD};

	go_memory(c->builder, lo, 0x8000, SEGMENT_READ | SEGMENT_WRITE);
	go_link(c->builder, sigtramp, handler);
	go_link(c->builder, handler, c->first);
	go_put(c->builder, ucontext + ucontext_slot(arch, arch->pc)->offset, pc);
	go_put(c->builder, ucontext + ucontext_slot(arch, arch->sp)->offset, sp);
	go_push(&at, sigtramp);
	go_push(&at, handler);
	reg_set(&thread.registers, arch->pc, at.pc);
	reg_set(&thread.registers, arch->sp, at.sp);
	vec_push(c->builder->arena, &c->builder->image->threads, thread);
	return ucontext;
}

static struct analysis *run_handler(struct chain *c)
{
	struct goroutine g = {.id = 1, .status = G_RUNNING, .stack_lo = c->stack.lo, .stack_hi = c->stack.hi};
	struct machine m = {.id = 1, .procid = SCENE_THREAD};

	m.curg = go_goroutine(c->builder, &g, true);
	go_machine(c->builder, &m);
	return analyze(go_load(c->builder));
}

static void signalled(struct arena *arena, const struct arch *arch)
{
	struct chain c = chain_new(arena, arch);
	uint64_t pc = c.stack.pc - (arch->link_register ? 4 : 5);
	uint64_t ucontext = add_handler(&c, pc, c.stack.sp);
	struct analysis *analysis = run_handler(&c);
	struct stack stack = {0};

	thread_stack(analysis, 0, &stack);
	expect(&stack, END_STACK_SWITCH, FRAMES("runtime.sigtrampgo", "runtime.sigtramp"));
	assert_true(analysis->walks[0].signalled);
	assert_int_equal(analysis->walks[0].stopped.pc, pc);
	goroutine_stack(analysis, 0, &stack);
	expect(&stack, END_COMPLETE, FRAMES("main.third", "main.second", "main.first", "runtime.goexit"));
	assert_int_equal(stack.frames.items[0].how, HOW_SIGNAL);
	assert_true(stack.frames.items[0].exact);
	assert_int_equal(stack.frames.items[0].slot, ucontext + ucontext_slot(arch, arch->pc)->offset);
}

/* A thread inside the vDSO, called on its g0, whose M notes the caller. */
static struct stack in_vdso(struct arena *arena, const struct arch *arch, int64_t noted_sp)
{
	struct chain c = chain_new(arena, arch);
	size_t mstart = go_add_frame(c.builder, "runtime.mstart", 0x10, FUNC_TOP_FRAME);
	size_t schedule = go_add_frame(c.builder, "runtime.schedule", 0x40, 0);
	struct go_stack at = go_stack_new(c.builder, GO_STACKS + 0x100000, 0x4000, mstart);
	struct goroutine g0 = {.stack_lo = at.lo, .stack_hi = at.hi, .status = G_RUNNING};
	struct machine m = {.id = 1, .procid = SCENE_THREAD};
	struct thread thread = {.id = SCENE_THREAD};
	struct stack stack = {0};

	go_push(&at, schedule);
	m.vdso_pc = at.pc;
	m.vdso_sp = at.sp + (uint64_t)noted_sp;
	m.g0 = go_goroutine(c.builder, &g0, false);
	go_machine(c.builder, &m);
	reg_set(&thread.registers, arch->pc, GO_STACKS - 0x1000);
	reg_set(&thread.registers, arch->sp, at.sp - 0x100);
	vec_push(arena, &c.builder->image->threads, thread);
	thread_stack(analyze(go_load(c.builder)), 0, &stack);
	return stack;
}

static void vdso(struct arena *arena, const struct arch *arch)
{
	struct stack stack = in_vdso(arena, arch, 0);

	expect(&stack, END_COMPLETE, FRAMES("?", "runtime.schedule", "runtime.mstart"));
	assert_int_equal(stack.frames.items[1].how, HOW_SWITCH);
	stack = in_vdso(arena, arch, -0x200); /* below where the thread stands */
	expect(&stack, END_NO_TABLE, FRAMES("?"));
	stack = in_vdso(arena, arch, 0x4000); /* beyond g0 */
	expect(&stack, END_NO_TABLE, FRAMES("?"));
}

/* A signal frame that says it interrupted its own handler. */
static void signalled_forever(struct arena *arena, const struct arch *arch)
{
	struct chain c = chain_new(arena, arch);
	uint64_t ucontext = add_handler(&c, 0, 0);
	const struct thread *thread = &c.builder->image->threads.items[0];
	struct analysis *analysis;
	struct stack stack = {0};

	go_put(c.builder, ucontext + ucontext_slot(arch, arch->pc)->offset, thread->registers.value[arch->pc]);
	go_put(c.builder, ucontext + ucontext_slot(arch, arch->sp)->offset, thread->registers.value[arch->sp]);
	analysis = run_handler(&c);
	thread_stack(analysis, 0, &stack);
	assert_int_equal(stack.end, END_LIMIT);
}

/* ---- torn stacks ---- */

static const struct scene_options torn_scenes[] = {
	{.arch = &arch_arm64, .minor = 24, .patch = 5},  {.arch = &arch_arm64, .minor = 26, .patch = 8, .leaf = true},
	{.arch = &arch_arm64, .minor = 20, .patch = 14}, {.arch = &arch_arm64, .minor = 18, .patch = 10, .leaf = true},
	{.arch = &arch_amd64, .minor = 24, .patch = 5},  {.arch = &arch_amd64, .minor = 27, .patch = 4},
	{.arch = &arch_arm64, .minor = 23, .patch = 11, .os = OS_WINDOWS},
	{.arch = &arch_arm64, .minor = 27, .patch = 4, .os = OS_WINDOWS, .leaf = true},
	{.arch = &arch_arm64, .minor = 18, .patch = 10, .os = OS_WINDOWS}, /* saved nowhere */
};

static void check_tear(const struct go_scene *scene, const struct scene_options *options, const struct tear *tear)
{
	bool is_arm64 = options->arch->link_register;

	assert_int_equal(tear->at->pc, scene->pc);
	assert_int_equal(tear->sp, scene->sp);
	assert_int_equal(tear->top, scene->top);
	assert_int_equal(tear->claimed, is_arm64 ? SCENE_ARM64_FRAME : SCENE_AMD64_FRAME);
	assert_int_equal(tear->claimed - tear->executed, is_arm64 ? SCENE_ARM64_LOW : 8);
	assert_int_equal(tear->caller_pc, scene->caller_pc);
	assert_int_equal(tear->frame, options->registers ? 0 : 2);
	assert_int_equal(tear->preempted, !options->registers);
	assert_int_equal(tear->link_live, is_arm64);
	assert_int_equal(tear->end, END_COMPLETE);
	assert_int_equal(tear->callers, 4);
	assert_true(tear->all_calls);
	assert_false(tear->assumed);
	assert_int_equal(tear->has_frame_pointer, options->os == OS_LINUX || options->minor >= 19);
	if (tear->has_frame_pointer)
		assert_int_equal(tear->frame_pointer, tear->frame_pointer_expected);
	if (tear->has_frame_pointer && !options->registers)
		assert_int_equal(tear->frame_pointer_address, scene->fp_word);
	if (!options->registers) {
		assert_int_equal(tear->link_address, scene->link_word);
		assert_int_equal(tear->saved_calls, !is_arm64); /* overwritten by asyncPreempt's register save */
	}
}

static void torn(struct arena *arena, const struct arch *arch)
{
	for (size_t i = 0; i < sizeof torn_scenes / sizeof *torn_scenes; i++) {
		struct go_scene scene;
		struct analysis *analysis;
		struct stack stack = {0};

		if (torn_scenes[i].arch != arch)
			continue;
		scene = scene_new(arena, &torn_scenes[i]);
		analysis = analyze(go_load(scene.builder));
		goroutine_stack(analysis, 0, &stack);
		expect(&stack, END_COMPLETE,
		       FRAMES("runtime.asyncPreempt2", "runtime.asyncPreempt", "main.bigFrame", "main.deepCaller",
			      "main.main", "runtime.main", "runtime.goexit"));
		assert_int_equal(analysis->tears.count, 1); /* walked twice, filed once */
		check_tear(&scene, &torn_scenes[i], &analysis->tears.items[0]);
		assert_int_equal(stack.frames.items[2].tear, 0);
		assert_int_equal(stack.frames.items[2].fp, scene.top);
		assert_int_equal(stack.frames.items[3].how, HOW_REPAIRED);
		assert_int_equal(stack.frames.items[3].sp, scene.top);
		assert_int_equal(stack.frames.items[4].how, HOW_PCSP);
	}
}

/* The thread's own registers are at the torn pc, as in a snapshot. */
static void torn_registers(struct arena *arena, const struct arch *arch)
{
	struct scene_options options = {.arch = arch, .minor = 24, .patch = 5, .registers = true};
	struct go_scene scene = scene_new(arena, &options);
	struct analysis *analysis = analyze(go_load(scene.builder));
	struct stack stack = {0};

	assert_int_equal(analysis->runtime->machines.count, 1);
	assert_int_equal(analysis->thread_goroutine[0], 0);
	goroutine_stack(analysis, 0, &stack);
	expect(&stack, END_COMPLETE,
	       FRAMES("main.bigFrame", "main.deepCaller", "main.main", "runtime.main", "runtime.goexit"));
	assert_int_equal(analysis->tears.count, 1);
	check_tear(&scene, &options, &analysis->tears.items[0]);
	thread_stack(analysis, 0, &stack);
	assert_int_equal(stack.end, END_STACK_SWITCH);
	assert_int_equal(stack.frames.count, 0);
}

/* No word that should hold the return address does: no caller is made up. */
static void no_witness(struct arena *arena, const struct arch *arch)
{
	static const uint64_t words[] = {0, 1, 0x0605040702010003, UINT64_MAX, GO_TEXT, GO_DATA, GO_STACKS + 0x100};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct go_scene scene = scene_new(arena, &torn_scenes[arch->link_register ? 0 : 4]);
		struct analysis *analysis;
		struct stack stack = {0};

		if (scene.link_word)
			go_put(scene.builder, scene.link_word, words[i]);
		go_put(scene.builder, scene.fp_word, words[i]);
		go_put(scene.builder, scene.saved_slot, words[i]);
		go_put(scene.builder, scene.saved_slot - 8, words[i]);
		go_put(scene.builder, scene.caller_slot, words[i]);
		analysis = analyze(go_load(scene.builder));
		goroutine_stack(analysis, 0, &stack);
		assert_int_equal(analysis->tears.count, 1);
		assert_int_equal(analysis->tears.items[0].caller_pc, 0);
		expect(&stack, END_DAMAGED, FRAMES("runtime.asyncPreempt2", "runtime.asyncPreempt", "main.bigFrame"));
	}
}

/* Two tears on one stack: each is filed under its own frame of the whole stack. */
static void torn_twice(struct arena *arena, const struct arch *arch)
{
	struct go_scene scene = scene_new(arena, &torn_scenes[arch->link_register ? 0 : 4]);
	struct go_builder *builder = scene.builder;
	struct goroutine g = {.id = 2, .status = G_WAITING, .scan = true};
	struct analysis *analysis;
	struct stack stack = {0};

	go_link(builder, scene.preempt2, scene.big_frame);
	scene_push_torn(&scene, &scene.stack);
	go_push(&scene.stack, scene.preempt2);
	g.stack_lo = scene.stack.lo;
	g.stack_hi = scene.stack.hi;
	g.sched_pc = scene.stack.pc;
	g.sched_sp = scene.stack.sp;
	go_goroutine(builder, &g, true);
	analysis = analyze(go_load(builder));
	goroutine_stack(analysis, 1, &stack);
	assert_int_equal(stack.end, END_COMPLETE);
	assert_int_equal(stack.frames.count, 10);
	assert_int_equal(analysis->tears.count, 3); /* goroutine 1 has one of its own */
	for (size_t i = 0; i < stack.frames.count; i++)
		if (stack.frames.items[i].tear >= 0)
			assert_int_equal(analysis->tears.items[stack.frames.items[i].tear].frame, i);
}

/* ---- damaged stacks ---- */

/* A smashed return address that cannot be told: the frame pointer leads past the frame that is lost. */
static void smashed(struct arena *arena, const struct arch *arch)
{
	struct chain c = chain_new(arena, arch);
	struct stack stack;

	go_link(c.builder, c.first, c.third); /* main.second, which calls main.third, is no callee of main.first's */
	go_put(c.builder, c.slots[2], 0x1234);
	walk(c.builder, &c.stack, &stack);
	expect(&stack, END_DAMAGED, FRAMES("main.third", "main.first", "runtime.goexit"));
	assert_int_equal(stack.frames.items[1].how, HOW_FRAME_POINTER);
	assert_int_equal(stack.frames.items[1].slot, c.slots[1]);
}

static void smashed_with_frame_pointer(struct arena *arena, const struct arch *arch)
{
	/* where main.third's saved frame pointer lies, and what is put there: astray, downward, to itself, unaligned */
	static const int64_t records[] = {0, 0x10, -0x100, 0x7fffffffffffff00, 3};

	for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
		struct chain c = chain_new(arena, arch);
		uint64_t fp_slot = c.slots[2] - 8;
		struct stack stack;

		go_put(c.builder, c.slots[2], 0x1234);
		go_put(c.builder, fp_slot, i ? fp_slot + (uint64_t)records[i] - 0x10 : 0);
		go_put(c.builder, c.slots[1], 0x1234); /* or else the sizes of frames would do */
		go_put(c.builder, c.slots[0], 0x1234);
		walk(c.builder, &c.stack, &stack);
		expect(&stack, END_DAMAGED, FRAMES("main.third"));
		assert_int_equal(stack.end_address, c.slots[2]);
	}
}

/* Return addresses into a function without a frame: SP would not grow on arm64, and go on word by word on amd64. */
static void no_progress(struct arena *arena, const struct arch *arch)
{
	struct chain c = chain_new(arena, arch);
	struct go_function frameless = {.name = "main.frameless", .after_call = 8};
	struct stack stack;
	size_t function;

	frameless.code = c.builder->functions.items[c.goexit].code;
	frameless.size = c.builder->functions.items[c.goexit].size;
	frameless.after_call = c.builder->functions.items[c.goexit].after_call;
	function = go_add(c.builder, &frameless);
	go_link(c.builder, function, c.third);
	for (uint64_t at = c.slots[2]; at < c.stack.hi; at += 8)
		go_put(c.builder, at, go_return_pc(c.builder, function));
	walk(c.builder, &c.stack, &stack);
	assert_int_not_equal(stack.end, END_COMPLETE);
	assert_true(stack.frames.count <= 0x2000 / 8);
}

static void out_of_bounds(struct arena *arena, const struct arch *arch)
{
	static const uint64_t sps[] = {1, 8, GO_STACKS - 8, GO_STACKS + 0x2008, GO_HEAP, UINT64_MAX - 7};

	for (size_t i = 0; i < sizeof sps / sizeof *sps; i++) {
		struct chain c = chain_new(arena, arch);
		struct stack stack;

		c.stack.sp = sps[i];
		walk(c.builder, &c.stack, &stack);
		assert_int_equal(stack.end, END_DAMAGED);
		assert_int_equal(stack.frames.count, 0);
	}
}

static void unknown_context(struct arena *arena, const struct arch *arch)
{
	struct chain c = chain_new(arena, arch);
	struct stack stack;

	c.stack.sp = 0;
	walk(c.builder, &c.stack, &stack);
	expect(&stack, END_UNKNOWN_CONTEXT, (const char *const[]){NULL});
}

/* The dump holds the lower part of the stack only, ending at each word. */
static void cut_off(struct arena *arena, const struct arch *arch)
{
	struct chain whole = chain_new(arena, arch);

	for (uint64_t end = whole.stack.sp; end <= whole.stack.hi; end += 8) {
		struct chain c = chain_new(arena, arch);
		struct segment *segment = &c.builder->image->segments.items[c.builder->image->segments.count - 1];
		size_t expected = 1u + (end > c.slots[2]) + (end > c.slots[1]) + (end > c.slots[0]);
		struct stack stack;

		assert_int_equal(segment->address, c.stack.lo);
		segment->saved.size = (size_t)(end - c.stack.lo);
		segment->promised = end % 16 ? segment->size : segment->saved.size;
		walk(c.builder, &c.stack, &stack);
		assert_int_equal(stack.frames.count, expected);
		assert_int_equal(stack.end, expected == 4 ? END_COMPLETE : END_NOT_SAVED);
		if (expected < 4)
			assert_int_equal(stack.end_address, c.slots[3 - expected]);
	}
}

/* A stack of nothing but tears, each above the other: the proof of one walks over all the others. */
static void deep_tears(struct arena *arena, const struct arch *arch)
{
	struct scene_options options = {.arch = arch, .minor = 24, .patch = 5};
	struct go_scene scene = scene_new(arena, &options);
	struct go_builder *builder = scene.builder;
	struct go_stack at = go_stack_new(builder, GO_STACKS + 0x1000000, 1 << 26, scene.goexit);
	struct stack stack = {0};
	struct analysis *analysis;

	go_link(builder, scene.preempt, scene.big_frame);
	go_push(&at, scene.deep_caller);
	while (at.sp > at.lo + 0x20000)
		scene_push_torn(&scene, &at);
	go_goroutine(builder,
		     &(struct goroutine){.id = 2,
					 .status = G_WAITING,
					 .stack_lo = at.lo,
					 .stack_hi = at.hi,
					 .sched_pc = at.pc,
					 .sched_sp = at.sp},
		     true);
	analysis = analyze(go_load(builder));
	goroutine_stack(analysis, 1, &stack);
	assert_true(analysis->tears.count > 2);
	assert_true(stack.frames.count > 2);
}

#define TESTS(X) \
	X(healthy) X(called_from_an_entry) X(not_started) X(near_misses) X(panicked) X(signalled) \
	X(signalled_forever) X(vdso) X(torn) \
	X(torn_registers) X(no_witness) X(torn_twice) X(smashed) X(smashed_with_frame_pointer) \
	X(no_progress) X(out_of_bounds) X(unknown_context) X(cut_off) X(deep_tears)

EACH_ARCH_MAIN("unwind", TESTS)
