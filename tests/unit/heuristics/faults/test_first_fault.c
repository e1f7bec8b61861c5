/* test_first_fault.c: faults that the runtime had not dealt with when the dump was taken: nil pointers at a first-chance
 * exception, addresses that nobody told, and what reads the frames of a stack that is walked; and what is none of these by one word. */
#include "heuristics/detector.h"
#include "tests/build/findings.h"
#include "tests/build/go_scene.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 256 << 20, WORD = 8, OFFSET = 0x18 };

static const struct arch *const arches[] = {&arch_amd64, &arch_arm64};

static uint64_t field(const struct go_builder *builder, uint64_t object, enum layout_field id)
{
	return object + builder->layout->offset[id];
}

static void add_stop(struct go_builder *builder, int64_t thread, uint64_t address)
{
	builder->image->stop = (struct stop){.known = true, .fault = true, .number = SIGSEGV, .name = "SIGSEGV", .thread = thread,
					     .has_address = true, .address = address, .access = ACCESS_READ};
}

/* ---- nil pointers ---- */

struct nil_scene {
	struct go_builder *builder;
	uint64_t m;
	uint8_t base; /* the register that main.load's one access goes through */
};

/* A goroutine that stands at the first instruction of main.load, which reads OFFSET bytes from where a register points. */
static struct nil_scene nil_scene(struct arena *arena, const struct arch *arch)
{
	static const uint8_t arm64[] = {0x20, 0x0c, 0x40, 0xf9, 0xc0, 0x03, 0x5f, 0xd6}; /* ldr x0, [x1, #0x18]; ret */
	static const uint8_t amd64[] = {0x48, 0x8b, 0x41, 0x18, 0xc3};                   /* mov rax, [rcx+0x18]; ret */
	struct nil_scene s = {.builder = go_new(arena, arch, 24, 5)};
	struct go_function load = {.name = "main.load"};
	size_t goexit = go_add_goexit(s.builder), caller = go_add_frame(s.builder, "main.caller", 0x30, 0), callee;
	struct go_stack stack;
	struct goroutine g = {.id = 1, .status = G_RUNNING};
	struct machine m = {.id = 1, .procid = SCENE_THREAD};
	struct thread thread = {.id = SCENE_THREAD, .crashed = true};

	load.code = arch->link_register ? arm64 : amd64;
	load.size = arch->link_register ? sizeof arm64 : sizeof amd64;
	callee = go_add(s.builder, &load);
	go_link(s.builder, goexit, caller);
	go_link(s.builder, caller, callee);
	stack = go_stack_new(s.builder, GO_STACKS, 0x1000, goexit);
	go_push(&stack, caller);
	if (!arch->link_register)
		go_put(s.builder, stack.sp -= WORD, stack.pc);
	s.base = reg_by_name(arch, arch->link_register ? "x1" : "rcx");
	reg_set(&thread.registers, arch->pc, go_entry(s.builder, callee));
	reg_set(&thread.registers, arch->sp, stack.sp);
	reg_set(&thread.registers, arch->fp, stack.fp);
	reg_set(&thread.registers, arch->lr, stack.pc);
	reg_set(&thread.registers, s.base, 0);
	vec_push(arena, &s.builder->image->threads, thread);
	g.stack_lo = stack.lo;
	g.stack_hi = stack.hi;
	m.curg = go_goroutine(s.builder, &g, true);
	s.m = go_machine(s.builder, &m);
	add_stop(s.builder, SCENE_THREAD, OFFSET);
	return s;
}

static const struct finding *nil_finding(const struct nil_scene *s)
{
	return finding_of(diagnose(analyze(go_load(s->builder))), "nil-deref");
}

static void first_chance(struct arena *arena)
{
	for (size_t i = 0; i < 2; i++) {
		struct nil_scene s = nil_scene(arena, arches[i]);
		const struct finding *finding = nil_finding(&s);

		assert_non_null(finding);
		assert_string_equal(certainty_name(finding->certainty), certainty_name(CERTAINTY_CERTAIN));
		assert_int_equal(finding->goroutine, 0);
		assert_string_equal(finding->function, "main.load");
	}
}

/* The runtime makes no panic of it: it holds a lock, allocates, throws or dies already; or it is beyond the first page. */
static void no_nil_pointer(struct arena *arena)
{
	static const enum layout_field busy[] = {LAYOUT_m_locks, LAYOUT_m_mallocing, LAYOUT_m_throwing, LAYOUT_m_dying};

	for (size_t i = 0; i < 2 * sizeof busy / sizeof *busy; i++) {
		struct nil_scene s = nil_scene(arena, arches[i % 2]);

		go_write(s.builder, field(s.builder, s.m, busy[i / 2]), "\1\0\0", 4);
		assert_null(nil_finding(&s));
	}
	for (size_t i = 0; i < 2; i++) {
		struct nil_scene s = nil_scene(arena, arches[i]);

		s.builder->image->stop.address = 0x1000;
		assert_null(nil_finding(&s));
	}
}

/* What the register held contradicts the address. */
static void not_from_nil(struct arena *arena)
{
	for (size_t i = 0; i < 2; i++) {
		struct nil_scene s = nil_scene(arena, arches[i]);
		const struct finding *finding;

		reg_set(&s.builder->image->threads.items[0].registers, s.base, 0x10);
		finding = nil_finding(&s);
		assert_true(!finding || finding->certainty < CERTAINTY_CERTAIN);
	}
}

/* ---- addresses that nobody told ---- */

#define POISON UINT64_C(0x5a5a5a5a5a5a5a5a)

/* What the CPU told of the access at offset 0x18 from a register that held `base`: nothing (a general protection fault), or address 0
 * (an emulator, whose dump has no siginfo). */
static struct analysis *untold(struct arena *arena, const struct arch *arch, uint64_t base, bool zero, struct diagnosis **diagnosis)
{
	struct nil_scene s = nil_scene(arena, arch);
	struct stop *stop = &s.builder->image->stop;
	struct analysis *analysis;

	reg_set(&s.builder->image->threads.items[0].registers, s.base, base);
	stop->address = 0;
	stop->access = ACCESS_UNKNOWN;
	stop->has_address = zero;
	stop->has_code = !zero;
	stop->code = 0x80; /* SI_KERNEL */
	analysis = analyze(go_load(s.builder));
	*diagnosis = diagnose(analysis);
	return analysis;
}

static void untold_addresses(struct arena *arena)
{
	for (size_t i = 0; i < 4; i++) {
		struct diagnosis *diagnosis;
		const struct analysis *analysis = untold(arena, arches[i / 2], POISON, i % 2, &diagnosis);
		const struct finding *finding = finding_of(diagnosis, "bad-pointer");

		assert_true(analysis->fault.has_address && analysis->fault.decoded);
		assert_int_equal(analysis->fault.address, POISON + OFFSET);
		assert_int_equal(analysis->fault.access, ACCESS_READ);
		assert_null(finding_of(diagnosis, "nil-deref"));
		assert_non_null(finding);
		assert_non_null(strstr(finding->title, "0x5a5a5a5a5a5a5a5a"));
	}
}

/* What is mapped may have faulted for another reason: of alignment, say. And an address that the CPU forms was told rightly. */
static void told_addresses(struct arena *arena)
{
	struct diagnosis *diagnosis;

	for (size_t i = 0; i < 2; i++) {
		assert_false(untold(arena, arches[i], GO_STACKS, false, &diagnosis)->fault.has_address);
		assert_int_equal(untold(arena, arches[i], GO_STACKS, true, &diagnosis)->fault.address, 0);
		assert_null(finding_of(diagnosis, "bad-pointer"));
	}
}

/* ---- what reads the frames of a stack ---- */

/* Goroutine 1 is torn; a thread that scans its stack faults at an address, in `reader`. */
static const struct finding *scanned(struct arena *arena, const char *reader, const char *walker, int64_t past_end)
{
	static const struct scene_options options = {.arch = &arch_arm64, .minor = 26, .patch = 8, .leaf = true};
	struct go_scene scene = scene_new(arena, &options);

	scene_add_reader(&scene, reader, walker);
	add_stop(scene.builder, SCENE_WALKER_THREAD, scene.stack.hi + (uint64_t)past_end);
	return finding_of(diagnose(analyze(go_load(scene.builder))), "unwinder-crash");
}

static void readers_past_the_end(struct arena *arena)
{
	static const char *const readers[] = {"runtime.scanConservative", "runtime.scanblock", "runtime.scanframeworker",
					      "runtime.adjustpointers", "runtime.adjustframe"};

	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
		const struct finding *crash = scanned(arena, readers[i], i < 3 ? "runtime.scanstack" : "runtime.copystack", 0x800);

		assert_non_null(crash);
		assert_int_equal(crash->goroutine, 0);
		assert_int_equal(crash->explained_by, 0);
		assert_string_equal(certainty_name(crash->certainty), certainty_name(CERTAINTY_CERTAIN));
	}
}

/* The heap is read as well: a fault elsewhere says nothing of the stack. Nor does one in a function that nobody walks by. */
static void readers_elsewhere(struct arena *arena)
{
	assert_null(scanned(arena, "runtime.scanConservative", "runtime.scanstack", -0x100000));
	assert_null(scanned(arena, "runtime.scanConservative", "runtime.scanstack", 0x40000000));
	assert_null(scanned(arena, "runtime.scanblock", "runtime.markroot", 0x800));
	assert_null(scanned(arena, "runtime.greyobject", "runtime.scanstack", 0x800));
}

#define SCENE_TEST(name)                                                                                               \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

SCENE_TEST(first_chance)
SCENE_TEST(no_nil_pointer)
SCENE_TEST(not_from_nil)
SCENE_TEST(untold_addresses)
SCENE_TEST(told_addresses)
SCENE_TEST(readers_past_the_end)
SCENE_TEST(readers_elsewhere)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_chance),
		cmocka_unit_test(test_no_nil_pointer),
		cmocka_unit_test(test_not_from_nil),
		cmocka_unit_test(test_untold_addresses),
		cmocka_unit_test(test_told_addresses),
		cmocka_unit_test(test_readers_past_the_end),
		cmocka_unit_test(test_readers_elsewhere),
	};

	return cmocka_run_group_tests_name("first_fault", tests, NULL, NULL);
}
