/* test_frame_chain.c: saved frame pointers that are torn or were clobbered, and those that only look odd, on synthetic stacks
 * of both CPUs; function tables of Windows modules out of order. Rules: "bp-chain", "pdata-unsorted". */
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

static const uint32_t frames[DEPTH] = {0x30, 0x1f0, 0x20, 0x40};

/* The goroutine on a stack of these, runtime.goexit first. */
static void park(struct scene *s, const size_t functions[DEPTH + 1])
{
	struct go_stack stack = go_stack_new(s->builder, GO_STACKS, 0x2000, functions[0]);

	go_link(s->builder, functions[DEPTH], go_add_mcall(s->builder));
	for (size_t i = 0; i < DEPTH; i++) {
		go_link(s->builder, functions[i], functions[i + 1]);
		go_push(&stack, functions[i + 1]);
		s->slots[i] = stack.fp;
	}
	s->g = (struct goroutine){.id = 1, .status = G_WAITING, .stack_lo = stack.lo, .stack_hi = stack.hi,
				  .sched_pc = stack.pc, .sched_sp = stack.sp, .sched_bp = stack.fp,
				  .startpc = go_entry(s->builder, functions[1])};
}

static struct scene scene_new(struct arena *arena, const struct arch *arch, const char *second, const char *third)
{
	const char *const names[DEPTH] = {"main.first", second, third, "main.last"};
	struct scene s = {.builder = go_new(arena, arch, 24, 5)};
	size_t functions[DEPTH + 1] = {go_add_goexit(s.builder)};

	for (size_t i = 0; i < DEPTH; i++)
		functions[i + 1] = go_add_frame(s.builder, names[i], frames[i], 0);
	park(&s, functions);
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

/* ---- assembly that clobbers ---- */

enum { LEFT = 0x1234 };

/* What a function in assembly does with the register. */
enum mix { LEAVES_CONSTANT, LEAVES_SUM, KEEPS_FIRST, LEAVES_ALONE };

static size_t add_mix(struct go_builder *builder, enum mix mix, uint8_t flags)
{
	static const struct {
		const char *code;
		size_t size;
	} amd64[] = {
		{"\x48\xc7\xc5\x34\x12\0\0\xc3", 8},	 /* mov rbp, 0x1234; ret */
		{"\x48\x01\xc5\xc3", 4},			 /* add rbp, rax; ret */
		{"\x55\x48\xc7\xc5\x34\x12\0\0\x5d\xc3", 10}, /* push rbp; mov; pop rbp; ret */
		{"\x48\xc7\xc0\x34\x12\0\0\xc3", 8},	 /* mov rax, 0x1234; ret */
	}, arm64[] = {
		{"\x9d\x46\x82\xd2\xc0\x03\x5f\xd6", 8},			   /* mov x29, #0x1234; ret */
		{"\xbd\x03\x00\x8b\xc0\x03\x5f\xd6", 8},			   /* add x29, x29, x0; ret */
		{"\xe9\x03\x1d\xaa\x9d\x46\x82\xd2\xfd\x03\x09\xaa\xc0\x03\x5f\xd6", 16}, /* through x9 */
		{"\x80\x46\x82\xd2\xc0\x03\x5f\xd6", 8},			   /* mov x0, #0x1234; ret */
	};
	struct go_function function = {.name = "main.mix", .flags = flags};

	function.code = (const uint8_t *)(builder->arch->link_register ? arm64 : amd64)[mix].code;
	function.size = (builder->arch->link_register ? arm64 : amd64)[mix].size;
	return go_add(builder, &function);
}

/* A function with a frame that calls two others. */
static size_t add_caller(struct go_builder *builder, uint32_t bytes, uint32_t *first_call)
{
	static const uint8_t arm64[] = {0xf4, 0xc3, 0x07, 0xd1, 0x9d, 0xfa, 0x3f, 0xa9, 0x9f, 0x02, 0x00, 0x91, 0xfd, 0x23,
					0x00, 0xd1, 0, 0, 0, 0x94, 0, 0, 0, 0x94, 0xc0, 0x03, 0x5f, 0xd6};
	static const uint8_t amd64[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x81, 0xec, 0xe8, 0x01, 0, 0, 0xe8, 0, 0, 0, 0, 0xe8, 0, 0, 0, 0,
					0xc3};
	const bool is_arm64 = builder->arch->link_register;
	struct go_function function = {.name = "main.second"};

	function.code = is_arm64 ? arm64 : amd64;
	function.size = is_arm64 ? sizeof arm64 : sizeof amd64;
	function.after_call = is_arm64 ? 24 : 21;
	function.pcsp[1] = (struct go_stretch){is_arm64 ? 12 : 1, is_arm64 ? (int32_t)bytes : WORD};
	if (!is_arm64)
		function.pcsp[2] = (struct go_stretch){11, (int32_t)bytes};
	*first_call = is_arm64 ? 16 : 11;
	return go_add(builder, &function);
}

/* main.second calls main.mix and then main.third, which saved that word. */
static struct diagnosis *mixed(struct arena *arena, const struct arch *arch, enum mix mix, uint8_t flags, uint64_t word,
			       struct scene *s)
{
	size_t functions[DEPTH + 1], culprit;
	uint32_t call;

	*s = (struct scene){.builder = go_new(arena, arch, 24, 5)};
	functions[0] = go_add_goexit(s->builder);
	functions[1] = go_add_frame(s->builder, "main.first", frames[0], 0);
	functions[2] = add_caller(s->builder, frames[1], &call);
	functions[3] = go_add_frame(s->builder, "main.third", frames[2], 0);
	functions[4] = go_add_frame(s->builder, "main.last", frames[3], 0);
	culprit = add_mix(s->builder, mix, flags);
	go_call(s->builder, functions[2], call, culprit);
	park(s, functions);
	if (word)
		go_put(s->builder, s->slots[2], word);
	return run(s);
}

static void clobbered(struct arena *arena, const struct arch *arch)
{
	static const struct {
		enum mix mix;
		uint64_t word;
		enum certainty certainty;
	} found[] = {{LEAVES_CONSTANT, LEFT, CERTAINTY_CERTAIN}, {LEAVES_SUM, LEFT, CERTAINTY_LIKELY}};

	for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
		struct scene s;
		const struct diagnosis *diagnosis = mixed(arena, arch, found[i].mix, FUNC_ASM, found[i].word, &s);
		const struct finding *finding = diagnosis->findings.items;

		assert_int_equal(diagnosis->findings.count, 1);
		assert_string_equal(finding->detector->id, "bp-chain");
		assert_int_equal(finding->certainty, found[i].certainty);
		assert_int_equal(finding->slot, s.slots[2]);
		assert_int_equal(finding->repaired, s.slots[1]);
		assert_non_null(strstr(finding->title, "main.mix"));
	}
}

/* The word is right; it is not what the assembly leaves; the assembly puts back what was there, or does not touch it; it is
 * compiled code. */
static void not_clobbered(struct arena *arena, const struct arch *arch)
{
	static const struct {
		enum mix mix;
		uint8_t flags;
		uint64_t word;
	} silent[] = {{LEAVES_CONSTANT, FUNC_ASM, 0},	  {LEAVES_CONSTANT, FUNC_ASM, LEFT + 1}, {KEEPS_FIRST, FUNC_ASM, LEFT},
		      {LEAVES_ALONE, FUNC_ASM, LEFT}, {LEAVES_CONSTANT, 0, LEFT}};

	for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
		struct scene s;

		assert_int_equal(mixed(arena, arch, silent[i].mix, silent[i].flags, silent[i].word, &s)->findings.count, 0);
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
SCENE_TEST(clobbered)
SCENE_TEST(not_clobbered)
SCENE_TEST(tables)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_callback),
		cmocka_unit_test(test_clobbered),
		cmocka_unit_test(test_not_clobbered),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests_name("frame_chain", tests, NULL, NULL);
}
