/* test_outparams.c: out-parameters of overlapped calls, read from synthetic code of both CPUs, and damaged words matched with
 * them. Rule: "late-kernel-write". */
#include "analyzer/instructions/outparams.h"
#include "heuristics/detector.h"
#include "tests/build/findings.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
	BUDGET = 1 << 30, HALF = 32, FRAME = 0x40, /* of main.reader, ReadFrom, execIO */
	LENGTH = 0x10,                             /* what WSARecvFrom stores */
	STACK = 0x2000,
};

/* The frame of a closure, with the addresses of [sp+0x50], [sp+0x54], [sp+0x4c] as arguments 3, 4 and 6 of a call. */
static const uint8_t amd64_stack[] = {
	0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x68,             /* push rbp; mov rbp, rsp; sub rsp, 0x68 */
	0x48, 0x8d, 0x7c, 0x24, 0x50, 0x48, 0x8d, 0x74, 0x24, 0x54, /* lea rdi, [rsp+0x50]; lea rsi, [rsp+0x54] */
	0x4c, 0x8d, 0x4c, 0x24, 0x4c, 0xe8, 0, 0, 0, 0,             /* lea r9, [rsp+0x4c]; call */
	0x48, 0x83, 0xc4, 0x68, 0x5d, 0xc3,                         /* add rsp, 0x68; pop rbp; ret */
};
/* The same without optimization: the last address is kept in a variable first. */
static const uint8_t amd64_spilled[] = {
	0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x68,
	0x48, 0x8d, 0x44, 0x24, 0x4c, 0x48, 0x89, 0x44, 0x24, 0x60, /* lea rax, [rsp+0x4c]; mov [rsp+0x60], rax */
	0x4c, 0x8b, 0x4c, 0x24, 0x60, 0xe8, 0, 0, 0, 0,             /* mov r9, [rsp+0x60]; call */
	0x48, 0x83, 0xc4, 0x68, 0x5d, 0xc3,
};
/* On the heap: the addresses come from the closure's context. */
static const uint8_t amd64_heap[] = {
	0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x68,
	0x48, 0x8d, 0x7a, 0x10, 0x90, 0x48, 0x8d, 0x72, 0x18, 0x90, /* lea rdi, [rdx+0x10]; lea rsi, [rdx+0x18] */
	0x4c, 0x8b, 0x4a, 0x20, 0x90, 0xe8, 0, 0, 0, 0,             /* mov r9, [rdx+0x20]; call */
	0x48, 0x83, 0xc4, 0x68, 0x5d, 0xc3,
};
static const uint8_t arm64_stack[] = {
	0xff, 0x03, 0x02, 0xd1, 0xe3, 0x43, 0x01, 0x91, /* sub sp, sp, #0x80; add x3, sp, #0x50 */
	0xe4, 0x53, 0x01, 0x91, 0xe6, 0x33, 0x01, 0x91, /* add x4, sp, #0x54; add x6, sp, #0x4c */
	0x00, 0x00, 0x00, 0x94, 0xff, 0x03, 0x02, 0x91, /* bl; add sp, sp, #0x80 */
	0xc0, 0x03, 0x5f, 0xd6,                         /* ret */
};

struct scene {
	struct go_builder *builder;
	size_t goexit, reader, method, exec_io, gopark, closure, first, second, third;
};

static size_t add_closure(struct go_builder *builder, const uint8_t *code, size_t size)
{
	const bool amd64 = !builder->arch->link_register;
	struct go_function closure = {.name = "internal/poll.(*FD).ReadFrom.func1", .code = code, .size = size,
				      .after_call = amd64 ? 28 : 20};

	if (amd64) {
		const struct go_stretch pcsp[] = {{0, 0}, {1, 8}, {8, 0x70}, {32, 8}, {33, 0}};

		memcpy(closure.pcsp, pcsp, sizeof pcsp);
	} else {
		const struct go_stretch pcsp[] = {{0, 0}, {4, 0x80}, {24, 0}};

		memcpy(closure.pcsp, pcsp, sizeof pcsp);
	}
	return go_add(builder, &closure);
}

/* main.first's frame is such that the slot of main.second's return address lies where lpFromlen does. */
static struct scene scene_new(struct arena *arena, const struct arch *arch, const uint8_t *code, size_t size)
{
	struct scene s = {.builder = go_new(arena, arch, 24, 5)};
	struct go_builder *builder = s.builder;
	size_t api;
	bool exact;

	builder->image->os = OS_WINDOWS;
	builder->layout = layout_find(OS_WINDOWS, arch->id, 24, 5, &exact);
	s.goexit = go_add_goexit(builder);
	s.reader = go_add_frame(builder, "main.reader", FRAME, 0);
	s.method = go_add_frame(builder, "internal/poll.(*FD).ReadFrom", FRAME, 0);
	s.exec_io = go_add_frame(builder, "internal/poll.(*FD).execIO", FRAME, 0);
	s.closure = add_closure(builder, code, size);
	api = go_add_frame(builder, "syscall.WSARecvFrom", FRAME, 0);
	s.first = go_add_frame(builder, "main.first", arch->link_register ? 3 * FRAME : 0xf8, 0);
	s.second = go_add_frame(builder, "main.second", arch->link_register ? 0x38 : 0x50, 0);
	s.third = go_add_frame(builder, "main.third", 0x20, 0);
	go_link(builder, s.goexit, s.reader);
	go_link(builder, s.reader, s.method);
	go_link(builder, s.method, s.exec_io);
	go_link(builder, s.exec_io, s.closure);
	go_call(builder, s.closure, arch->link_register ? 16 : 23, api);
	s.gopark = go_add_frame(builder, "runtime.gopark", FRAME, 0);
	go_link(builder, api, s.goexit);
	go_link(builder, s.gopark, go_add_mcall(builder));
	go_link(builder, s.first, s.second);
	go_link(builder, s.second, s.gopark);
	go_link(builder, s.third, s.first);
	return s;
}

static struct scene stack_scene(struct arena *arena, const struct arch *arch)
{
	return arch->link_register ? scene_new(arena, arch, arm64_stack, sizeof arm64_stack)
				   : scene_new(arena, arch, amd64_stack, sizeof amd64_stack);
}

static void park(struct scene *s, uint64_t id, size_t first, const struct go_stack *stack)
{
	struct goroutine g = {.id = id, .status = G_WAITING, .stack_lo = stack->lo, .stack_hi = stack->hi,
			      .sched_pc = stack->pc, .sched_sp = stack->sp, .sched_bp = stack->fp,
			      .startpc = go_entry(s->builder, first)};

	go_goroutine(s->builder, &g, true);
}

/* Goroutine 1 is parked in execIO; or (back) has returned from ReadFrom, whose frames are still there. */
static void add_reader(struct scene *s, bool back)
{
	struct go_stack stack = go_stack_new(s->builder, GO_STACKS, STACK, s->goexit), shallow;

	go_push(&stack, s->reader);
	shallow = stack;
	go_push(&stack, s->method);
	go_push(&stack, s->exec_io);
	go_push(&stack, s->gopark);
	park(s, 1, s->reader, back ? &shallow : &stack);
}

/* Goroutine 2, on a stack of another size, whose return address to main.first has `upper` for its upper half. */
static void add_victim(struct scene *s, uint64_t upper, size_t extra)
{
	struct go_stack stack = go_stack_new(s->builder, GO_STACKS + 0x100000, 4 * STACK, s->goexit);
	uint64_t slot;

	if (extra)
		go_push(&stack, s->third);
	go_push(&stack, s->first);
	go_push(&stack, s->second);
	slot = stack.slot;
	go_put(s->builder, slot, upper << HALF | (uint32_t)go_get(s->builder, slot));
	go_push(&stack, s->gopark);
	go_link(s->builder, s->goexit, extra ? s->third : s->first);
	park(s, 2, extra ? s->third : s->first, &stack);
}

static const struct outparam *parameter(const struct outparams *outparams, const char *name)
{
	for (size_t i = 0; i < outparams->items.count; i++)
		if (!strcmp(outparams->items.items[i].parameter, name))
			return &outparams->items.items[i];
	return NULL;
}

static void from_code(struct arena *arena, const struct arch *arch)
{
	struct scene s = stack_scene(arena, arch);
	const struct outparams *outparams = outparams_find(go_load(s.builder));
	const int64_t frame = arch->link_register ? 0x80 : 0x70 + 8; /* from the closure's SP up to execIO's */

	assert_int_equal(outparams->items.count, 3);
	assert_int_equal(parameter(outparams, "lpNumberOfBytesRecvd")->below, frame - 0x50);
	assert_int_equal(parameter(outparams, "lpFlags")->below, frame - 0x54);
	assert_int_equal(parameter(outparams, "lpFromlen")->below, frame - 0x4c);
	assert_string_equal(parameter(outparams, "lpFromlen")->api, "WSARecvFrom");
	assert_int_equal(parameter(outparams, "lpFromlen")->call, go_return_pc(s.builder, s.closure));
	assert_int_equal(outparams->frame, FRAME);
	assert_int_equal(outparams->calls.count, 1);
	assert_string_equal(io_call_at(outparams, go_return_pc(s.builder, s.method))->method, "internal/poll.(*FD).ReadFrom");
	assert_true(outparam_of(parameter(outparams, "lpFromlen"), &outparams->calls.items[0]));
	assert_null(io_call_at(outparams, go_return_pc(s.builder, s.method) + 1));
}

static void kept_elsewhere(struct arena *arena, const struct arch *arch)
{
	struct scene spilled, heap;
	const struct outparams *outparams;

	if (arch->link_register)
		return;
	spilled = scene_new(arena, arch, amd64_spilled, sizeof amd64_spilled);
	outparams = outparams_find(go_load(spilled.builder));
	assert_int_equal(outparams->items.count, 1);
	assert_int_equal(outparams->items.items[0].below, 0x70 + 8 - 0x4c);
	heap = scene_new(arena, arch, amd64_heap, sizeof amd64_heap);
	assert_int_equal(outparams_find(go_load(heap.builder))->items.count, 0);
}

static void not_windows(struct arena *arena, const struct arch *arch)
{
	struct scene s = stack_scene(arena, arch);

	s.builder->image->os = OS_LINUX;
	assert_int_equal(outparams_find(go_load(s.builder))->items.count, 0);
}

static void matched(struct arena *arena, const struct arch *arch)
{
	for (int back = 0; back < 2; back++) {
		struct scene s = stack_scene(arena, arch);
		struct diagnosis *diagnosis;
		const struct finding *finding, *damage;

		add_reader(&s, back);
		add_victim(&s, LENGTH, 0);
		diagnosis = diagnose(analyze(go_load(s.builder)));
		finding = finding_of(diagnosis, "late-kernel-write");
		damage = finding_of(diagnosis, "torn-return");
		assert_non_null(finding);
		assert_non_null(damage);
		assert_int_equal(finding->certainty, back ? CERTAINTY_LIKELY : CERTAINTY_CERTAIN);
		assert_ptr_equal(&diagnosis->findings.items[diagnosis->verdict.finding], damage);
		assert_int_equal(finding->slot, damage->slot);
		assert_int_equal(finding->goroutine, damage->goroutine);
		assert_int_equal(damage->bugs.count, 1);
		assert_string_equal(damage->bugs.items[0].bug->id, "golang/go#77975");
		assert_int_equal(diagnosis->exposures.count, back ? 0 : 3);
	}
}

/* One word beside the place, or a value that the API does not store. */
static void not_matched(struct arena *arena, const struct arch *arch)
{
	struct scene beside = stack_scene(arena, arch), other = stack_scene(arena, arch);
	struct diagnosis *diagnosis;

	add_reader(&beside, false);
	add_victim(&beside, LENGTH, 1);
	diagnosis = diagnose(analyze(go_load(beside.builder)));
	assert_non_null(finding_of(diagnosis, "torn-return"));
	assert_null(finding_of(diagnosis, "late-kernel-write"));
	add_reader(&other, false);
	add_victim(&other, 0x12345678, 0);
	diagnosis = diagnose(analyze(go_load(other.builder)));
	assert_int_equal(finding_of(diagnosis, "torn-return")->certainty, CERTAINTY_CERTAIN);
	assert_int_equal(finding_of(diagnosis, "late-kernel-write")->certainty, CERTAINTY_POSSIBLE);
}

/* Nothing has happened yet. */
static void exposed(struct arena *arena, const struct arch *arch)
{
	struct scene s = stack_scene(arena, arch);
	struct diagnosis *diagnosis;
	uint64_t sp;

	add_reader(&s, false);
	diagnosis = diagnose(analyze(go_load(s.builder)));
	sp = diagnosis->analysis->runtime->goroutines.items[0].sched_sp + FRAME + (arch->link_register ? 0 : 8);
	assert_int_equal(diagnosis->findings.count, 0);
	assert_int_equal(diagnosis->exposures.count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct exposure *exposure = &diagnosis->exposures.items[i];

		assert_int_equal(exposure->goroutine, 0);
		assert_int_equal(exposure->address, sp - (uint64_t)exposure->outparam->below);
	}
}

#define TESTS(X) X(from_code) X(kept_elsewhere) X(not_windows) X(matched) X(not_matched) X(exposed)

EACH_ARCH_MAIN("outparams", TESTS)
