/* test_frame_chain.c: saved frame pointers that are torn, and those that only look odd, on synthetic stacks of both CPUs; function
 * tables of Windows modules out of order. Rules: "bp-chain", "pdata-unsorted". */
#include "heuristics/detector.h"
#include "tests/build/go_builder.h"
#include "tests/build/pe_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 1 << 30, DEPTH = 4, HALF = 32, WORD = 8 };

static const struct arch *const archs[] = {&arch_amd64, &arch_arm64};

/* runtime.goexit, main.first, two functions of the test's choice, main.last: goroutine 1, parked. */
struct scene {
	struct go_builder *builder;
	uint64_t slots[DEPTH]; /* where each saved the frame pointer */
	struct goroutine g;
};

static struct scene scene_new(struct arena *arena, const struct arch *arch, const char *second, const char *third)
{
	const char *const names[DEPTH] = {"main.first", second, third, "main.last"};
	static const uint32_t frames[DEPTH] = {0x30, 0x1f0, 0x20, 0x40};
	struct scene s = {.builder = go_new(arena, arch, 24, 5)};
	size_t functions[DEPTH + 1] = {go_add_goexit(s.builder)};
	struct go_stack stack;

	for (size_t i = 0; i < DEPTH; i++) {
		functions[i + 1] = go_add_frame(s.builder, names[i], frames[i], 0);
		go_link(s.builder, functions[i], functions[i + 1]);
	}
	go_link(s.builder, functions[DEPTH], go_add_mcall(s.builder));
	stack = go_stack_new(s.builder, GO_STACKS, 0x2000, functions[0]);
	for (size_t i = 0; i < DEPTH; i++) {
		go_push(&stack, functions[i + 1]);
		s.slots[i] = stack.fp;
	}
	s.g = (struct goroutine){.id = 1, .status = G_WAITING, .stack_lo = stack.lo, .stack_hi = stack.hi,
				 .sched_pc = stack.pc, .sched_sp = stack.sp, .sched_bp = stack.fp,
				 .startpc = go_entry(s.builder, functions[1])};
	return s;
}

static struct diagnosis *run(struct scene *s)
{
	go_goroutine(s->builder, &s->g, true);
	return diagnose(analyze(go_load(s->builder)));
}

static bool noted(const struct diagnosis *diagnosis, const char *words)
{
	const struct notes *notes = diagnosis->analysis->notes;

	for (size_t i = 0; i < notes->count; i++)
		if (strstr(notes->items[i], words))
			return true;
	return false;
}

static void torn(struct arena *arena, const struct arch *arch)
{
	static const uint64_t uppers[] = {0x10, 0x1c, 0xffffffff};

	for (size_t i = 0; i < sizeof uppers / sizeof *uppers; i++) {
		struct scene s = scene_new(arena, arch, "main.second", "main.third");
		uint64_t sound = go_get(s.builder, s.slots[2]);
		uint64_t word = uppers[i] << HALF | (uint32_t)sound;
		const struct finding *finding;
		struct diagnosis *diagnosis;

		assert_int_equal(sound, s.slots[1]);
		go_put(s.builder, s.slots[2], word);
		diagnosis = run(&s);
		assert_int_equal(diagnosis->findings.count, 1);
		finding = diagnosis->findings.items;
		assert_string_equal(finding->detector->id, "bp-chain");
		assert_int_equal(finding->certainty, CERTAINTY_LIKELY);
		assert_int_equal(finding->slot, s.slots[2]);
		assert_int_equal(finding->observed, word);
		assert_int_equal(finding->repaired, sound);
		assert_int_equal(finding->frame, 1);
		assert_string_equal(finding->function, "main.third");
		assert_false(finding->detector->corruption);
	}
}

/* The lower half is another's, both halves are, there is none; the outermost is 0. */
static void near_misses(struct arena *arena, const struct arch *arch)
{
	static const uint64_t offsets[] = {WORD, 0x1000, 1};

	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
		struct scene s = scene_new(arena, arch, "main.second", "main.third");

		go_put(s.builder, s.slots[2], UINT64_C(0x10) << HALF | ((uint32_t)s.slots[1] + offsets[i]));
		assert_int_equal(run(&s)->findings.count, 0);
	}
	for (size_t i = 0; i < 2; i++) {
		struct scene s = scene_new(arena, arch, "main.second", "main.third");

		if (i)
			go_put(s.builder, s.slots[2], 0);
		assert_int_equal(run(&s)->verdict.kind, VERDICT_HEALTHY);
	}
}

/* What C left in the register when it called back: off the stack, or, where that thread had not run C, on it. */
static void callback(struct arena *arena, const struct arch *arch)
{
	for (size_t i = 0; i < 2; i++) {
		struct scene s = scene_new(arena, arch, "runtime.cgocallback", "runtime.cgocallbackg");
		struct diagnosis *diagnosis;

		go_put(s.builder, s.slots[2], i ? 0x7ffe1000 : s.slots[1]);
		diagnosis = run(&s);
		assert_int_equal(diagnosis->findings.count, 0);
		assert_int_equal(noted(diagnosis, "frame pointers lead off the stacks of goroutines (1)"), i);
	}
}

/* ---- function tables ---- */

enum { PDATA = 0x2000, ENTRIES = 6 };
static const uint64_t base = 0x7ff612340000;

/* A module whose table has those functions; its finding, or NULL. */
static const struct finding *table_finding(struct arena *arena, const struct arch *arch, const uint32_t begins[ENTRIES])
{
	struct scene s = scene_new(arena, arch, "main.second", "main.third");
	struct pe_builder *pe = pe_new(arena, arch, base);
	uint32_t size = arch->link_register ? 8 : 12;
	struct diagnosis *diagnosis;
	struct exe *exe;

	pe_add_section(pe, ".text", PE_CODE, 0x1000);
	pe_add_section(pe, ".pdata", PE_RDATA, 0x1000);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		pe_put(pe, PDATA + i * size, begins[i], 4);
		pe_put(pe, PDATA + i * size + 4, begins[i] + 0x10, 4);
	}
	pe->directories[3].rva = PDATA;
	pe->directories[3].size = ENTRIES * size;
	assert_null(exe_from_bytes(arena, "a.dll", pe_finish(pe), &exe));
	s.builder->image->os = OS_WINDOWS;
	image_add_backing(s.builder->image, exe, 0);
	vec_push(arena, &s.builder->image->mappings,
		 (struct mapping){.start = base, .end = base + 0x3000, .path = "C:\\lib\\a.dll"});
	diagnosis = run(&s);
	assert_true(diagnosis->findings.count <= 1);
	if (diagnosis->findings.count)
		assert_string_equal(diagnosis->findings.items->detector->id, "pdata-unsorted");
	return diagnosis->findings.count ? diagnosis->findings.items : NULL;
}

static void tables(struct arena *arena, const struct arch *arch)
{
	static const uint32_t sorted[ENTRIES] = {0x1000, 0x1020, 0x1020, 0x1040, 0x1100, 0x1200};
	static const uint32_t swapped[ENTRIES] = {0x1000, 0x1020, 0x1100, 0x1040, 0x1200, 0x1300};
	const struct finding *finding;

	assert_null(table_finding(arena, arch, sorted));
	finding = table_finding(arena, arch, swapped);
	assert_non_null(finding);
	assert_int_equal(finding->certainty, CERTAINTY_POSSIBLE);
	assert_non_null(strstr(finding->title, "a.dll"));
	assert_int_equal(finding->evidence.items[0].address, base + PDATA + (arch->link_register ? 24 : 36));
	assert_non_null(strstr(finding->evidence.items[0].text, "1 entries"));
}

static void each(void (*test)(struct arena *arena, const struct arch *arch), struct arena *arena)
{
	for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
		test(arena, archs[i]);
}

#define SCENE_TEST(name)                                                                                               \
	static void each_##name(struct arena *arena)                                                                   \
	{                                                                                                              \
		each(name, arena);                                                                                     \
	}                                                                                                              \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, each_##name);                                                                    \
	}

SCENE_TEST(torn)
SCENE_TEST(near_misses)
SCENE_TEST(callback)
SCENE_TEST(tables)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_callback),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests_name("frame_chain", tests, NULL, NULL);
}
