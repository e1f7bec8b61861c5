/* test_scan.c: what the scan rests on, held against real programs (fixtures/cases) and against what takes longer:
 * functions called regular against their execution, plain instructions against capstone; preemption, packages,
 * places. */
#include "analyzer/instructions/regular.h"
#include "analyzer/instructions/tear.h"
#include "formats/dump/exe_image.h"
#include "golang/packages.h"
#include "golang/preempt.h"
#include "scan/places.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BUDGET = 1 << 30, INSN_BYTES = 16, RANDOM_CODES = 200000 };

static struct go_runtime *program_of(struct arena *arena, const char *name)
{
	struct notes *notes = arena_alloc(arena, sizeof *notes);
	const char *cases = getenv("CASES");
	struct go_runtime *runtime;
	struct exe *exe;

	notes->arena = arena;
	assert_non_null(cases);
	assert_null(exe_open(arena, arena_printf(arena, "%s/%s/exe.zst", cases, name), NULL, &exe));
	assert_true(go_program_load(image_of_exe(arena, notes, exe), exe, &runtime));
	return runtime;
}

static bool function_named(struct go_runtime *runtime, const char *name, struct func *ret)
{
	const struct pclntab *table = &runtime->modules.items[0].pclntab;

	for (uint32_t i = 0; i < table->nfunc; i++)
		if (pclntab_func(table, i, ret) && !strcmp(pclntab_name(table, ret->name), name))
			return true;
	return false;
}

/* ---- regular functions ---- */

static void check_function(struct go_runtime *runtime, struct tear_cache *tears, const struct func *func)
{
	const struct pc_info *entry = go_pc(runtime, func->entry, true);
	const struct pclntab *table = &runtime->modules.items[0].pclntab;

	for (uint64_t pc = func->entry; pc < func->end; pc += runtime->image->arch->quantum) {
		struct pc_info at = *entry;
		struct frame_state state;
		int32_t delta;

		at.pc = pc;
		if (frame_state_at(tears, &at, &state) && func_value(table, func, func->pcsp, pc, &delta, NULL) &&
		    state.distance != delta)
			fail_msg("%s is called regular; at 0x%llx SP is %lld from the top, not %d", go_func_name(entry),
				 (unsigned long long)pc, (long long)state.distance, delta);
	}
}

/* All functions of a program; most of them must be settled without being executed. */
static void check_program(struct arena *arena, const char *name)
{
	struct go_runtime *runtime = program_of(arena, name);
	const struct go_module *module = &runtime->modules.items[0];
	struct regularity *regularity = regularity_new(runtime);
	struct tear_cache *tears = tear_cache_new(runtime);
	const struct torn_fp *torn;
	size_t count, settled = 0;
	struct func func;

	for (uint32_t i = 0; i < module->pclntab.nfunc; i++) {
		if (!pclntab_func(&module->pclntab, i, &func) ||
		    !func_is_regular(regularity, module, &func, &torn, &count))
			continue;
		settled++;
		check_function(runtime, tears, &func);
	}
	assert_true(settled > module->pclntab.nfunc - module->pclntab.nfunc / 16);
}

static void regular_arm64(struct arena *arena)
{
	check_program(arena, "arm64-nonleaf-unwind-stripped");
	check_program(arena, "arm64-leaf-unwind-stripped");
}

static void regular_amd64(struct arena *arena)
{
	check_program(arena, "amd64-live-stripped");
}

/* ---- plain instructions ---- */

static bool names_sp(const struct arch *arch, const struct insn *insn)
{
	for (size_t i = 0; i < insn->count; i++)
		if (insn->effects[i].kind != EFFECT_STORE && insn->effects[i].dst == arch->sp)
			return true;
	return insn->sp_unknown;
}

/* Returns the size by capstone; 0: it does not know it. */
static size_t check_plain(struct decoder *decoder, uint64_t pc, struct span code, size_t *plain)
{
	size_t size = insn_plain(&arch_amd64, code);
	struct insn insn;

	if (!insn_decode(decoder, pc, code, &insn))
		return 0;
	*plain += size != 0;
	if (size && (size != insn.size || insn.flow != FLOW_NEXT || names_sp(&arch_amd64, &insn)))
		fail_msg("0x%llx: %02x %02x %02x %02x is called plain, of %zu bytes", (unsigned long long)pc,
			 span_u8(code, 0), span_u8(code, 1), span_u8(code, 2), span_u8(code, 3), size);
	return insn.size;
}

static void plain_in_program(struct arena *arena)
{
	struct go_runtime *runtime = program_of(arena, "amd64-panic-stripped");
	const struct pclntab *table = &runtime->modules.items[0].pclntab;
	size_t plain = 0, all = 0, size;
	struct func func;

	for (uint32_t i = 0; i < table->nfunc; i++) {
		if (!pclntab_func(table, i, &func))
			continue;
		for (uint64_t pc = func.entry; pc < func.end; pc += size, all++) {
			size = check_plain(runtime->decoder, pc, image_view(runtime->image, pc, INSN_BYTES), &plain);
			if (!size)
				break;
		}
	}
	assert_true(all > 100000 && plain > all / 3);
}

/* Instructions that no compiler emits, too. */
static void plain_at_random(struct arena *arena)
{
	struct decoder *decoder = decoder_new(arena, &arch_amd64);
	uint64_t seed = 1;
	size_t plain = 0;

	for (size_t i = 0; i < RANDOM_CODES; i++) {
		uint8_t bytes[INSN_BYTES];

		for (size_t k = 0; k < sizeof bytes; k++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			bytes[k] = (uint8_t)(seed >> 56);
		}
		check_plain(decoder, 0, (struct span){bytes, sizeof bytes}, &plain);
	}
	assert_true(plain > RANDOM_CODES / 10);
}

/* ---- preemption ---- */

static enum preemption preemption_of(struct go_runtime *runtime, const char *name, uint64_t offset)
{
	struct func func;

	assert_true(function_named(runtime, name, &func));
	return preemption_at(runtime, go_pc(runtime, func.entry + offset, true));
}

static void preemption(struct arena *arena)
{
	struct go_runtime *runtime = program_of(arena, "arm64-nonleaf-unwind-stripped");

	assert_int_equal(preemption_at(runtime, go_pc(runtime, 0x8a174, true)), PREEMPTIBLE); /* why.md */
	assert_int_equal(preemption_of(runtime, "main.(*conn).decode", 0xac),
			 PREEMPTION_UNSAFE_POINT); /* calls morestack */
	assert_int_equal(preemption_of(runtime, "main.(*conn).decode", 0x78),
			 PREEMPTION_RESUMES_EARLIER); /* uses x27 */
	assert_int_equal(preemption_of(runtime, "runtime.call65536", 0x40), PREEMPTION_ASSEMBLY);
	assert_int_equal(preemption_of(runtime, "runtime.main", 0x20), PREEMPTION_UNSAFE_POINT);
	assert_int_equal(preemption_at(runtime, go_pc(runtime, 0x10, true)), PREEMPTION_NO_FUNCTION);
}

/* The packages that are never preempted, by release: a function of package reflect whose instruction is safe. */
static void preemption_by_package(struct arena *arena)
{
	struct go_runtime *runtime = program_of(arena, "arm64-nonleaf-unwind-stripped");
	const struct pclntab *table = &runtime->modules.items[0].pclntab;
	size_t runtimes = 0, others = 0;
	struct func func;

	for (uint32_t i = 0; i < table->nfunc; i++) {
		const struct pc_info *at;
		enum preemption answer;

		if (!pclntab_func(table, i, &func))
			continue;
		at = go_pc(runtime, func.entry + 0x20, true);
		answer = at->func ? preemption_at(runtime, at) : PREEMPTION_NO_FUNCTION;
		if (!strncmp(go_func_name(at), "reflect.", 8) || !strncmp(go_func_name(at), "runtime.", 8)) {
			assert_int_not_equal(answer, PREEMPTIBLE);
			runtimes += answer == PREEMPTION_RUNTIME;
		}
		others += answer == PREEMPTIBLE && !strncmp(go_func_name(at), "internal/reflectlite.", 21);
	}
	assert_true(runtimes > 0 && others > 0);
}

/* ---- packages ---- */

static void packages(struct arena *arena)
{
	static const char *const pairs[][2] = {
		{"main.main", "main"},
		{"net/http.(*Server).Serve", "net/http"},
		{"gopkg.in/yaml%2ev3.(*decoder).merge", "gopkg.in/yaml.v3"},
		{"github.com/a/b.F[go.shape.struct { c/d.X int }]", "github.com/a/b"},
		{"type:.eq.github.com/a/b.T", "github.com/a/b"},
		{"type..hash.net/netip.Addr", "net/netip"},
		{"debugCall65536", ""},
		{"a%2", ""},
		{"", ""},
	};
	static const char info[] =
		"path\tx\nmod\texample.com/me\t(devel)\t\ndep\tgithub.com/a\tv1.0.0\th1:x=\n"
		"dep\tgithub.com/a/b\tv1.2.3\th1:y=\ndep\tgithub.com/ab\tv9.0.0\n=>\t../local\tv0.0.1\n";
	struct go_runtime runtime = {.build_info = {(const uint8_t *)info, sizeof info - 1}};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_string_equal(package_of_function(arena, pairs[i][0]), pairs[i][1]);
	assert_string_equal(module_of_package(&runtime, arena, "github.com/a/b/c"), "github.com/a/b v1.2.3");
	assert_string_equal(module_of_package(&runtime, arena, "github.com/a/bc"), "github.com/a v1.0.0");
	assert_string_equal(module_of_package(&runtime, arena, "github.com/ab"), "github.com/ab v0.0.1");
	assert_string_equal(module_of_package(&runtime, arena, "main"), "example.com/me (devel)");
	assert_null(module_of_package(&runtime, arena, "net/http"));
}

/* ---- places ---- */

static size_t torn_in(const struct places *places, const char *function)
{
	size_t count = 0;

	for (size_t i = 0; i < places->items.count; i++)
		count += places->items.items[i].sp_torn && !strcmp(go_func_name(places->items.items[i].at), function);
	return count;
}

static void places(struct arena *arena)
{
	const struct places *old = places_find(program_of(arena, "arm64-nonleaf-unwind-stripped"));
	const struct places *leaf = places_find(program_of(arena, "arm64-leaf-unwind-stripped"));
	const struct places *amd64 = places_find(program_of(arena, "amd64-live-stripped"));

	assert_int_equal(torn_in(old, "main.(*conn).decode"), 1);
	assert_int_equal(torn_in(old, "runtime.call65536"), 1);
	assert_int_equal(torn_in(old, "runtime.systemstack"), 0); /* switches stacks, which is no tear */
	assert_int_equal(torn_in(old, "runtime.asmcgocall"), 0);
	assert_int_equal(torn_in(leaf, "main.mostFrequent"), 1);
	assert_int_equal(torn_in(leaf, "runtime.call65536"), 0); /* the release mends what calls others */
	assert_int_equal(amd64->items.count, 0);
	assert_true(amd64->functions > 1000 && amd64->switching > 0);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(regular_arm64)
TEST(regular_amd64)
TEST(plain_in_program)
TEST(plain_at_random)
TEST(preemption)
TEST(preemption_by_package)
TEST(packages)
TEST(places)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_regular_arm64),    cmocka_unit_test(test_regular_amd64),
		cmocka_unit_test(test_plain_in_program), cmocka_unit_test(test_plain_at_random),
		cmocka_unit_test(test_preemption),       cmocka_unit_test(test_preemption_by_package),
		cmocka_unit_test(test_packages),         cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
