/* go_scene.c: see the header. main.bigFrame is what cmd/internal/obj/arm64/obj7.go emitted before Go 1.23.12; its amd64
 * counterpart is made up. */
#include "tests/build/go_scene.h"

enum { WORD = 8, STACK_SIZE = 0x40000, GARBAGE = 0x01010101 };

static const uint32_t arm64_code[] = {
	0xd10083f4, /* sub x20, sp, #0x20 */
	0xd1404294, /* sub x20, x20, #0x10, lsl #12 */
	0xa93ffa9d, /* stp x29, x30, [x20, #-8] */
	0x9100029f, /* mov sp, x20 */
	0xd10023fd, /* sub x29, sp, #8 */
	0x94000000, /* bl */
	0xa97ffbfd, /* ldp x29, x30, [sp, #-8] */
	0x910083ff, /* add sp, sp, #0x20 */
	0x914043ff, /* add sp, sp, #0x10, lsl #12 */
	0xd65f03c0, /* ret */
};

static const uint32_t arm64_leaf[] = {
	0x910063fd, /* add x29, sp, #0x18, in place of the call */
	0x914043bd, /* add x29, x29, #0x10, lsl #12 */
};

static const char amd64_code[] = "\x55"             /* push rbp */
				 "\x48\x89\xe5"     /* mov rbp, rsp */
				 "\x48\x83\xec\x48" /* sub rsp, 0x48 */
				 "\x90"             /* nop */
				 "\x48\x83\xc4\x08" /* add rsp, 8 */
				 "\x48\x83\xc4\x40" /* add rsp, 0x40 */
				 "\x5d"             /* pop rbp */
				 "\xc3";            /* ret */

static size_t add_big_frame(struct go_builder *builder, const struct scene_options *options)
{
	struct go_function function = {.name = "main.bigFrame"};
	uint8_t *code = arena_alloc(builder->arena, sizeof arm64_code);

	function.code = code;
	if (options->unsafe_point) {
		function.unsafe_points[0].value = -1;
		function.unsafe_points[1] = (struct go_stretch){8, -2};
	}
	if (!builder->arch->link_register) {
		memcpy(code, amd64_code, sizeof amd64_code - 1);
		function.size = sizeof amd64_code - 1;
		function.pcsp[1] = (struct go_stretch){1, 8};
		function.pcsp[2] = (struct go_stretch){8, SCENE_AMD64_FRAME};
		function.pcsp[3] = (struct go_stretch){17, 8};
		function.pcsp[4] = (struct go_stretch){18, 0};
		function.after_call = 9; /* calls nothing */
		return go_add(builder, &function);
	}
	function.size = sizeof arm64_code;
	for (size_t i = 0; i < function.size / 4; i++) {
		uint32_t word = options->leaf && (i == 5 || i == 6) ? arm64_leaf[i - 5] : arm64_code[i];

		for (size_t j = 0; j < 4; j++)
			code[4 * i + j] = (uint8_t)(word >> 8 * j);
	}
	function.pcsp[1] = (struct go_stretch){16, SCENE_ARM64_FRAME};
	function.pcsp[2] = (struct go_stretch){36, 0};
	function.after_call = 24;
	return go_add(builder, &function);
}

static void add_functions(struct go_scene *scene, const struct scene_options *options)
{
	struct go_builder *builder = scene->builder;
	uint32_t preempt = options->arch->link_register ? (options->minor >= 26 ? 0xf0 : 0x1f0)
							: (options->minor >= 26 ? 0x80 : 0x180);

	scene->goexit = go_add_goexit(builder);
	scene->runtime_main = go_add_frame(builder, "runtime.main", 0x60, 0);
	scene->main_main = go_add_frame(builder, "main.main", 0x40, 0);
	scene->deep_caller = go_add_frame(builder, "main.deepCaller", 0x50, 0);
	scene->big_frame = add_big_frame(builder, options);
	scene->preempt = go_add_frame(builder, "runtime.asyncPreempt", preempt, FUNC_ASM);
	scene->preempt2 = go_add_frame(builder, "runtime.asyncPreempt2", 0x30, 0);
	go_link(builder, scene->goexit, scene->runtime_main);
	go_link(builder, scene->runtime_main, scene->main_main);
	go_link(builder, scene->main_main, scene->deep_caller);
	go_link(builder, scene->deep_caller, scene->big_frame);
	if (options->arch->link_register && !options->leaf)
		go_link(builder, scene->big_frame, scene->main_main);
	go_link(builder, scene->preempt, scene->preempt2);
	go_link(builder, scene->preempt2, go_add_mcall(builder));
}

/* Moves from behind bigFrame's call into its epilogue. */
static void stop(struct go_scene *scene, const struct scene_options *options, uint64_t caller_fp)
{
	static const struct {
		uint32_t offset;
		int64_t distance;
	} arm64[] = {{32, SCENE_ARM64_FRAME - SCENE_ARM64_LOW}, {28, SCENE_ARM64_FRAME}, {36, 0}},
	  amd64[] = {{13, SCENE_AMD64_FRAME - 8}, {9, SCENE_AMD64_FRAME}, {17, 8}};
	bool is_arm64 = options->arch->link_register;

	scene->pc = go_entry(scene->builder, scene->big_frame) +
		    (is_arm64 ? arm64[options->stop].offset : amd64[options->stop].offset);
	scene->sp = scene->top - (is_arm64 ? 0 : WORD) -
		    (uint64_t)(is_arm64 ? arm64[options->stop].distance : amd64[options->stop].distance);
	scene->stack.sp = scene->sp;
	if (is_arm64)
		scene->stack.fp = caller_fp;
}

/* Where the interrupted frame pointer is on arm64: below the pushed LR, or where asyncPreempt saves its caller's. */
static bool is_below_link(const struct go_builder *builder)
{
	return builder->minor >= 21 && builder->image->os == OS_LINUX;
}

/* asyncPreempt's frame holds the registers: small numbers, none of them an address. It overwrites what lay there. */
static void save_registers(struct go_scene *scene)
{
	struct go_builder *builder = scene->builder;
	bool is_arm64 = builder->arch->link_register;
	uint64_t end = is_arm64 ? scene->link_word - (is_below_link(builder) ? WORD : 0) : scene->fp_word;

	for (uint64_t at = scene->stack.sp + (is_arm64 ? WORD : 0); at < end; at += WORD)
		go_put(builder, at, GARBAGE + at % 0x1000);
}

static void preempt(struct go_scene *scene)
{
	bool is_arm64 = scene->builder->arch->link_register;

	go_inject(&scene->stack, scene->pc, scene->caller_pc, scene->preempt);
	scene->link_word = is_arm64 ? scene->sp - 2 * WORD : 0;
	scene->fp_word = !is_arm64 ? scene->sp - 2 * WORD
				   : is_below_link(scene->builder) ? scene->sp - 3 * WORD : scene->stack.sp - WORD;
	save_registers(scene);
	go_push(&scene->stack, scene->preempt2);
}

static void add_thread(struct go_builder *builder, int64_t id, const struct go_stack *stack, uint64_t pc, uint64_t lr)
{
	struct thread thread = {.id = id};

	reg_set(&thread.registers, builder->arch->pc, pc);
	reg_set(&thread.registers, builder->arch->sp, stack->sp);
	reg_set(&thread.registers, builder->arch->fp, stack->fp);
	if (builder->arch->link_register)
		reg_set(&thread.registers, builder->arch->lr, lr);
	vec_push(builder->arena, &builder->image->threads, thread);
}

struct go_scene scene_new(struct arena *arena, const struct scene_options *options)
{
	struct go_scene scene = {.builder = go_new(arena, options->arch, options->minor, options->patch)};
	struct goroutine g = {
		.id = 1, .status = options->registers ? G_RUNNING : G_WAITING, .scan = !options->registers};
	struct machine m = {.id = 7, .procid = SCENE_THREAD};
	uint64_t caller_fp;
	bool exact;

	scene.builder->image->os = options->os;
	scene.builder->layout = layout_find(options->os, options->arch->id, options->minor, options->patch, &exact);
	add_functions(&scene, options);
	scene.stack = go_stack_new(scene.builder, GO_STACKS, STACK_SIZE, scene.goexit);
	go_push(&scene.stack, scene.runtime_main);
	go_push(&scene.stack, scene.main_main);
	go_push(&scene.stack, scene.deep_caller);
	scene.top = scene.stack.sp;
	scene.caller_pc = scene.stack.pc;
	scene.caller_slot = scene.stack.slot;
	caller_fp = scene.stack.fp;
	go_push(&scene.stack, scene.big_frame);
	scene.saved_slot = scene.stack.slot;
	stop(&scene, options, caller_fp);
	g.stack_lo = scene.stack.lo;
	g.stack_hi = scene.stack.hi;
	g.startpc = go_entry(scene.builder, scene.runtime_main);
	if (options->registers) {
		add_thread(scene.builder, SCENE_THREAD, &scene.stack, scene.pc, scene.caller_pc);
	} else {
		preempt(&scene);
		g.sched_pc = scene.stack.pc;
		g.sched_sp = scene.stack.sp;
		g.sched_bp = scene.stack.fp;
	}
	scene.goroutine = m.curg = go_goroutine(scene.builder, &g, true);
	if (options->registers)
		go_machine(scene.builder, &m);
	return scene;
}

void scene_add_walker(struct go_scene *scene, const char *printed)
{
	struct go_builder *builder = scene->builder;
	size_t mstart = go_add_frame(builder, "runtime.mstart", 0x20, FUNC_TOP_FRAME);
	size_t scanstack = go_add_frame(builder, "runtime.scanstack", 0x200, 0);
	size_t next = go_add_frame(builder, "runtime.(*unwinder).next", 0x80, 0);
	size_t throw = go_add_frame(builder, "runtime.throw", 0x40, 0);
	struct go_stack user = go_stack_new(builder, GO_STACKS + 0x100000, 0x2000, scene->goexit);
	struct go_stack g0_stack = go_stack_new(builder, GO_STACKS + 0x200000, 0x4000, mstart);
	struct goroutine g0 = {.stack_lo = g0_stack.lo, .stack_hi = g0_stack.hi};
	struct goroutine worker = {.id = 3, .status = G_WAITING, .stack_lo = user.lo, .stack_hi = user.hi};
	struct machine m = {.id = 8, .procid = SCENE_WALKER_THREAD, .dying = 1, .throwing = 2};

	go_link(builder, mstart, scanstack);
	go_link(builder, scanstack, next);
	go_link(builder, next, throw);
	go_link(builder, throw, mstart);
	g0_stack.pc = go_return_pc(builder, mstart);
	go_push(&g0_stack, scanstack);
	go_push(&g0_stack, next);
	go_put(builder, g0_stack.sp + 0x10, scene->goroutine);
	go_push(&g0_stack, throw);
	go_push(&user, scene->runtime_main);
	worker.startpc = go_entry(builder, scene->runtime_main);
	worker.sched_pc = user.pc;
	worker.sched_sp = user.sp;
	m.curg = go_goroutine(builder, &worker, true);
	m.g0 = go_goroutine(builder, &g0, false);
	go_machine(builder, &m);
	add_thread(builder, SCENE_WALKER_THREAD, &g0_stack, g0_stack.pc, 0);
	builder->image->threads.items[builder->image->threads.count - 1].crashed = true;
	go_print(builder, printed);
}

void scene_add_reader(struct go_scene *scene, const char *reader, const char *walker)
{
	struct go_builder *builder = scene->builder;
	size_t mstart = go_add_frame(builder, "runtime.mstart", 0x20, FUNC_TOP_FRAME);
	size_t walks = go_add_frame(builder, walker, 0x200, 0);
	size_t reads = go_add_frame(builder, reader, 0x40, 0);
	struct go_stack user = go_stack_new(builder, GO_STACKS + 0x100000, 0x2000, scene->goexit);
	struct go_stack stack = go_stack_new(builder, GO_STACKS + 0x200000, 0x4000, mstart);
	struct goroutine g0 = {.stack_lo = stack.lo, .stack_hi = stack.hi};
	struct goroutine worker = {.id = 3, .status = G_WAITING, .stack_lo = user.lo, .stack_hi = user.hi};
	struct machine m = {.id = 8, .procid = SCENE_WALKER_THREAD};

	go_link(builder, mstart, walks);
	go_link(builder, walks, reads);
	go_link(builder, reads, mstart);
	stack.pc = go_return_pc(builder, mstart);
	go_push(&stack, walks);
	go_put(builder, stack.sp + 0x10, scene->goroutine);
	go_push(&stack, reads);
	go_push(&user, scene->runtime_main);
	worker.sched_pc = user.pc;
	worker.sched_sp = user.sp;
	m.curg = go_goroutine(builder, &worker, true);
	m.g0 = go_goroutine(builder, &g0, false);
	go_machine(builder, &m);
	add_thread(builder, SCENE_WALKER_THREAD, &stack, stack.pc, 0);
	builder->image->threads.items[builder->image->threads.count - 1].crashed = true;
}

void scene_push_torn(const struct go_scene *scene, struct go_stack *stack)
{
	bool is_arm64 = scene->builder->arch->link_register;
	struct go_stack caller = *stack;

	go_push(stack, scene->big_frame);
	stack->sp = caller.sp - (is_arm64 ? SCENE_ARM64_FRAME - SCENE_ARM64_LOW : SCENE_AMD64_FRAME);
	if (is_arm64)
		stack->fp = caller.fp;
	go_inject(stack, scene->pc, caller.pc, scene->preempt);
}
