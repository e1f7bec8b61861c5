/* test_state.c: words of the scheduler's state, each changed in turn: they are named, with what they were where that follows; and
 * what the runtime itself leaves for a moment is no finding. Rules: "g-state", "sp-out-of-bounds", "bit-flip". */
#include "heuristics/detector.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 1 << 30, THREAD = 4242, PARKED = 8, STACK = 0x2000, GUARD = 0x3a0, RUNNING = PARKED };

/* Eight goroutines parked in gopark, one that runs, and one M without. */
struct scene {
	struct go_builder *builder;
	uint64_t g[PARKED + 1], m, idle;
	struct go_stack at;
};

static struct goroutine parked(const struct go_stack *stack, uint64_t id, uint64_t startpc)
{
	return (struct goroutine){.id = id, .status = G_WAITING, .stack_lo = stack->lo, .stack_hi = stack->hi, .sched_pc = stack->pc,
				  .sched_sp = stack->sp, .sched_bp = stack->fp, .startpc = startpc};
}

static uint64_t address_of(const struct scene *s, uint64_t object, enum layout_field field)
{
	return object + s->builder->layout->offset[field];
}

static void add_running(struct scene *s, size_t goexit, size_t first)
{
	struct go_builder *builder = s->builder;
	struct go_stack stack = go_stack_new(builder, GO_STACKS + 0x100000, STACK, goexit);
	struct thread thread = {.id = THREAD};
	struct machine m = {.id = 1, .procid = THREAD}, idle = {.id = 2, .procid = THREAD + 1};
	struct goroutine g;

	go_push(&stack, first);
	g = parked(&stack, PARKED + 1, go_entry(builder, first));
	g.status = G_RUNNING;
	s->g[RUNNING] = m.curg = go_goroutine(builder, &g, true);
	s->m = go_machine(builder, &m);
	s->idle = go_machine(builder, &idle);
	reg_set(&thread.registers, builder->arch->pc, stack.pc);
	reg_set(&thread.registers, builder->arch->sp, stack.sp);
	reg_set(&thread.registers, builder->arch->fp, stack.fp);
	vec_push(builder->arena, &builder->image->threads, thread);
	thread.id++;
	vec_push(builder->arena, &builder->image->threads, thread);
}

static struct scene scene_new(struct arena *arena, const struct arch *arch)
{
	struct scene s = {.builder = go_new(arena, arch, 24, 5)};
	struct go_builder *builder = s.builder;
	const size_t goexit = go_add_goexit(builder), first = go_add_frame(builder, "main.first", 0x60, 0);
	const size_t gopark = go_add_frame(builder, "runtime.gopark", 0x40, 0);

	go_link(builder, goexit, first);
	go_link(builder, first, gopark);
	go_link(builder, gopark, go_add_mcall(builder));
	for (size_t i = 0; i < PARKED; i++) {
		struct goroutine g;

		s.at = go_stack_new(builder, GO_STACKS + STACK * i, STACK, goexit);
		go_push(&s.at, first);
		go_push(&s.at, gopark);
		g = parked(&s.at, i + 1, go_entry(builder, first));
		s.g[i] = go_goroutine(builder, &g, true);
		go_put(builder, address_of(&s, s.g[i], LAYOUT_g_stackguard0), g.stack_lo + GUARD);
	}
	add_running(&s, goexit, first);
	return s;
}

static const struct finding *only(const struct diagnosis *diagnosis)
{
	assert_int_equal(diagnosis->findings.count, 1);
	return &diagnosis->findings.items[0];
}

static void sound(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);

	assert_int_equal(diagnose(analyze(go_load(s.builder)))->findings.count, 0);
}

/* The last parked goroutine's words, each made `to`: the rule, and whether what it was is known. */
static void of_parked(struct arena *arena, const struct arch *arch)
{
	const struct {
		enum layout_field field;
		uint64_t add;
		const char *rule;
		bool repaired;
	} rows[] = {
		{LAYOUT_g_sched_sp, 0x50, "g-state", true},
		{LAYOUT_g_sched_sp, 0x5550, "sp-out-of-bounds", true},
		{LAYOUT_g_sched_pc, (uint64_t)0x30 << 32, "g-state", true},
		{LAYOUT_g_sched_bp, 0x50, "g-state", true},
		{LAYOUT_g_sched_g, 0x50, "g-state", true},
		{LAYOUT_g_m, 0x58, "g-state", true},
		{LAYOUT_g_stktopsp, 0x58, "g-state", true},
		{LAYOUT_g_stack_lo, 0x158, "g-state", true},
		{LAYOUT_g_stack_hi, 0x158, "g-state", true},
		{LAYOUT_g_syscallsp, 0x158, "sp-out-of-bounds", true},
		{LAYOUT_g_startpc, 0x14, "g-state", true},
		{LAYOUT_g_atomicstatus, 0x9, "g-state", false},
		{LAYOUT_g_atomicstatus, 0x5ead0000, "g-state", false}, /* the lower half is sound */
		{LAYOUT_g_panic, 0x158, "g-state", true},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scene s = scene_new(arena, arch);
		const uint64_t address = address_of(&s, s.g[PARKED - 1], rows[i].field), was = go_get(s.builder, address);
		const struct finding *finding;

		go_put(s.builder, address, was + rows[i].add);
		finding = only(diagnose(analyze(go_load(s.builder))));
		assert_string_equal(finding->detector->id, rows[i].rule);
		assert_int_equal(finding->slot, address);
		assert_int_equal(finding->observed, was + rows[i].add);
		assert_int_equal(finding->has_repaired, rows[i].repaired);
		assert_true(!rows[i].repaired || finding->repaired == was);
		assert_true(finding->certainty < CERTAINTY_CERTAIN);
	}
}

/* One bit of the same words. */
static void flipped(struct arena *arena, const struct arch *arch)
{
	static const enum layout_field fields[] = {LAYOUT_g_sched_sp, LAYOUT_g_sched_pc, LAYOUT_g_sched_bp, LAYOUT_g_sched_g,
						   LAYOUT_g_m, LAYOUT_g_stktopsp};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct scene s = scene_new(arena, arch);
		const uint64_t address = address_of(&s, s.g[0], fields[i]), was = go_get(s.builder, address);
		const struct finding *finding;

		go_put(s.builder, address, was ^ 0x80);
		finding = only(diagnose(analyze(go_load(s.builder))));
		assert_string_equal(finding->detector->id, "bit-flip");
		assert_int_equal(finding->slot, address);
		assert_int_equal(finding->repaired, was);
	}
}

/* The words of an M, and of what it runs. */
static void of_machine(struct arena *arena, const struct arch *arch)
{
	const enum layout_field fields[] = {LAYOUT_m_curg, LAYOUT_m_g0, LAYOUT_m_gsignal};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct scene s = scene_new(arena, arch);
		const uint64_t address = address_of(&s, s.m, fields[i]), was = go_get(s.builder, address);
		const struct finding *finding;

		go_put(s.builder, address, was + 0x18);
		finding = only(diagnose(analyze(go_load(s.builder))));
		assert_string_equal(finding->detector->id, "g-state");
		assert_int_equal(finding->slot, address);
		assert_true(!finding->has_repaired || finding->repaired == was);
		assert_int_equal(finding->has_repaired, fields[i] == LAYOUT_m_curg);
	}
}

/* execute sets m.curg before g.m, dropg clears g.m before m.curg; a stack that is copied or scanned is left alone. */
static void between_writes(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);

	go_put(s.builder, address_of(&s, s.idle, LAYOUT_m_curg), s.g[1]);
	assert_int_equal(diagnose(analyze(go_load(s.builder)))->findings.count, 0);
	s = scene_new(arena, arch);
	go_put(s.builder, address_of(&s, s.g[2], LAYOUT_g_atomicstatus), G_COPYSTACK);
	go_put(s.builder, address_of(&s, s.g[2], LAYOUT_g_sched_sp), go_get(s.builder, address_of(&s, s.g[3], LAYOUT_g_sched_sp)));
	go_put(s.builder, address_of(&s, s.g[2], LAYOUT_g_stktopsp), go_get(s.builder, address_of(&s, s.g[3], LAYOUT_g_stktopsp)));
	assert_int_equal(diagnose(analyze(go_load(s.builder)))->findings.count, 0);
}

/* What all have is how the program is. */
static void usual(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);

	for (size_t i = 0; i < PARKED; i++)
		go_put(s.builder, address_of(&s, s.g[i], LAYOUT_g_sched_g), 0x1238);
	assert_int_equal(diagnose(analyze(go_load(s.builder)))->findings.count, 0);
}

/* The CPU's own SP, while code of the program ran, and in assembly. */
static void of_register(struct arena *arena, const struct arch *arch)
{
	for (int i = 0; i < 2; i++) {
		struct scene s = scene_new(arena, arch);
		struct thread *thread = &s.builder->image->threads.items[0];
		const struct finding *finding;
		struct diagnosis *diagnosis;

		if (i) {
			size_t assembly = go_add_frame(s.builder, "main.swap", 0x20, FUNC_ASM);

			reg_set(&thread->registers, arch->pc, go_entry(s.builder, assembly) + 4);
		}
		reg_set(&thread->registers, arch->sp, s.at.sp);
		diagnosis = diagnose(analyze(go_load(s.builder)));
		if (i) {
			assert_int_equal(diagnosis->findings.count, 0);
			continue;
		}
		finding = only(diagnosis);
		assert_string_equal(finding->detector->id, "sp-out-of-bounds");
		assert_int_equal(finding->observed, s.at.sp);
		assert_int_equal(finding->certainty, CERTAINTY_LIKELY);
		assert_string_equal(finding->function, "main.first");
	}
}

#define TESTS(X) X(sound) X(of_parked) X(flipped) X(of_machine) X(between_writes) X(usual) X(of_register)

EACH_ARCH_MAIN("state", TESTS)
