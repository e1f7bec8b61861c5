/* test_rank.c: from evidence to certainty, and from findings to one verdict. A wrong "certain" is the worst bug there can
 * be: each proof word of a tear is corrupted in turn here, and certainty must drop. */
#include "heuristics/detector.h"
#include "tests/build/findings.h"
#include "tests/build/go_scene.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 256 << 20 };

static const struct scene_options scenes[] = {
	{.arch = &arch_arm64, .minor = 24, .patch = 5}, /* every word there is */
	{.arch = &arch_arm64, .minor = 26, .patch = 8, .leaf = true},
	{.arch = &arch_arm64, .minor = 20, .patch = 14}, /* the frame pointer is in asyncPreempt's frame alone */
	{.arch = &arch_arm64, .minor = 18, .patch = 10, .leaf = true},
	{.arch = &arch_arm64, .minor = 24, .patch = 5, .registers = true},
	{.arch = &arch_amd64, .minor = 24, .patch = 5},
	{.arch = &arch_amd64, .minor = 24, .patch = 5, .registers = true},
};

enum { SCENES = sizeof scenes / sizeof *scenes };

static struct diagnosis *diagnose_scene(struct go_scene *scene)
{
	return diagnose(analyze(go_load(scene->builder)));
}

static void expect_certainty(const struct diagnosis *diagnosis, enum certainty certainty)
{
	const struct finding *finding = finding_of(diagnosis, "split-sp");

	assert_non_null(finding);
	assert_string_equal(certainty_name(finding->certainty), certainty_name(certainty));
}

/* ---- the tear ---- */

static void torn(struct arena *arena)
{
	for (size_t i = 0; i < SCENES; i++) {
		struct go_scene scene = scene_new(arena, &scenes[i]);
		struct diagnosis *diagnosis = diagnose_scene(&scene);
		const struct finding *finding = finding_of(diagnosis, "split-sp");
		bool is_arm64 = scenes[i].arch->link_register;

		assert_int_equal(diagnosis->findings.count, 1);
		expect_certainty(diagnosis, CERTAINTY_CERTAIN);
		assert_int_equal(diagnosis->verdict.kind, VERDICT_FOUND);
		assert_int_equal(diagnosis->verdict.finding, 0);
		assert_string_equal(finding->function, "main.bigFrame");
		assert_int_equal(finding->goroutine, 0);
		assert_int_equal(finding->pc, scene.pc);
		assert_int_equal(finding->observed, scene.sp);
		assert_int_equal(finding->sp_error, is_arm64 ? SCENE_ARM64_LOW : 8);
		assert_int_equal(finding->repaired, scene.sp - (is_arm64 ? SCENE_ARM64_LOW : 8));
		assert_true(finding->has_caller);
		assert_int_equal(finding->caller_pc, scene.caller_pc);
		assert_int_equal(finding->caller_sp, scene.top);
		assert_int_equal(finding->bugs.count, is_arm64 ? 1 : 0);
	}
}

static void near_misses(struct arena *arena)
{
	for (size_t i = 0; i < 2 * SCENES; i++) {
		struct scene_options options = scenes[i / 2];
		struct go_scene scene;
		struct diagnosis *diagnosis;

		options.stop = i % 2 ? SCENE_BEFORE : SCENE_AFTER;
		scene = scene_new(arena, &options);
		diagnosis = diagnose_scene(&scene);
		assert_int_equal(diagnosis->findings.count, 0);
		assert_int_equal(diagnosis->verdict.kind, VERDICT_HEALTHY);
	}
}

enum word { LINK, FRAME_POINTER, CHAIN, SAVED, WORDS };

static uint64_t word_address(const struct go_scene *scene, enum word word)
{
	const uint64_t addresses[] = {scene->link_word, scene->fp_word, scene->caller_slot, scene->saved_slot};

	return addresses[word];
}

/* What this scene proves its tear with, so that corrupting it must cost the certainty. */
static bool is_proof(const struct scene_options *options, enum word word)
{
	bool is_arm64 = options->arch->link_register;

	switch (word) {
	case LINK:
		return is_arm64 && !options->registers;
	case FRAME_POINTER:
		return !options->registers && (!is_arm64 || options->minor >= 21);
	case CHAIN:
		return true;
	default:
		return !is_arm64;
	}
}

static void corrupted(struct arena *arena, const struct scene_options *options, enum word word, uint64_t value)
{
	struct go_scene scene = scene_new(arena, options);
	uint64_t address = word_address(&scene, word);
	const struct finding *finding;
	struct diagnosis *diagnosis;

	if (!is_proof(options, word))
		return;
	go_put(scene.builder, address, value);
	diagnosis = diagnose_scene(&scene);
	finding = finding_of(diagnosis, "split-sp");
	assert_non_null(finding);
	if (finding->certainty == CERTAINTY_CERTAIN)
		fail_msg("still certain with word %d = %#llx (%s, Go 1.%d)", word, (unsigned long long)value,
			 options->arch->name, options->minor);
	if (finding->has_caller)
		assert_int_equal(finding->caller_pc, scene.caller_pc);
}

static void one_word_corrupted(struct arena *arena)
{
	for (size_t i = 0; i < SCENES; i++) {
		struct go_scene sound = scene_new(arena, &scenes[i]);

		for (enum word word = 0; word < WORDS; word++) {
			uint64_t address = word_address(&sound, word);
			uint64_t values[] = {0,
					     1,
					     0x0605040702010003,
					     GO_TEXT + scenes[i].arch->quantum,
					     GO_STACKS + 0x800,
					     UINT64_MAX,
					     address ? go_get(sound.builder, address) ^ UINT64_C(1) << 40 : 0,
					     address ? go_get(sound.builder, address) + 8 : 0};

			for (size_t j = 0; j < sizeof values / sizeof *values; j++)
				corrupted(arena, &scenes[i], word, values[j]);
		}
	}
}

/* LR replaced by a return address of another caller, whose frame is of another size. */
static void another_caller(struct arena *arena)
{
	for (size_t i = 0; i < SCENES; i++) {
		struct go_scene scene = scene_new(arena, &scenes[i]);
		size_t other = go_add_frame(scene.builder, "main.otherCaller", 0xb0, 0);
		enum word word = scenes[i].arch->link_register ? LINK : SAVED;

		if (!is_proof(&scenes[i], word))
			continue;
		go_link(scene.builder, other, scene.big_frame);
		go_put(scene.builder, word_address(&scene, word), go_return_pc(scene.builder, other));
		assert_int_not_equal(finding_of(diagnose_scene(&scene), "split-sp")->certainty, CERTAINTY_CERTAIN);
	}
}

static void all_words_corrupted(struct arena *arena)
{
	static const uint64_t values[] = {0,         1, 0x0605040702010003, GO_TEXT + 4, GO_TEXT + 1, GO_STACKS + 0x800,
					  UINT64_MAX};

	for (size_t i = 0; i < SCENES * 7; i++) {
		const struct scene_options *options = &scenes[i / 7];
		struct go_scene scene = scene_new(arena, options);
		struct diagnosis *diagnosis;
		struct stack stack = {0};

		for (enum word word = 0; word < WORDS; word++)
			if (word_address(&scene, word))
				go_put(scene.builder, word_address(&scene, word), values[i % 7]);
		go_put(scene.builder, scene.saved_slot - 8, values[i % 7]);
		if (options->registers) {
			struct registers *registers = &scene.builder->image->threads.items[0].registers;

			reg_set(registers, options->arch->fp, values[i % 7]);
			if (options->arch->link_register)
				reg_set(registers, options->arch->lr, values[i % 7]);
		}
		diagnosis = diagnose_scene(&scene);
		if (diagnosis->findings.items[0].certainty != CERTAINTY_POSSIBLE)
			fail_msg("scene %zu, value %#llx: %s", i / 7, (unsigned long long)values[i % 7],
				 certainty_name(diagnosis->findings.items[0].certainty));
		assert_false(diagnosis->findings.items[0].has_caller);
		goroutine_stack(diagnosis->analysis, 0, &stack);
		assert_int_equal(stack.frames.count, options->registers ? 1 : 3); /* no caller made up */
	}
}

static void unsafe_point(struct arena *arena)
{
	for (size_t i = 0; i < SCENES; i++) {
		struct scene_options options = scenes[i];
		struct go_scene scene;

		options.unsafe_point = true;
		scene = scene_new(arena, &options);
		expect_certainty(diagnose_scene(&scene), options.registers ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY);
	}
}

/* ---- caps ---- */

static void caps(struct arena *arena)
{
	static const struct {
		enum identity identity;
		enum layout_source layout;
		enum certainty certainty;
	} rows[] = {
		{IDENTITY_SAME, LAYOUT_SOURCE_TABLE, CERTAINTY_CERTAIN},
		{IDENTITY_EQUIVALENT, LAYOUT_SOURCE_TABLE, CERTAINTY_CERTAIN},
		{IDENTITY_SAME, LAYOUT_SOURCE_DWARF, CERTAINTY_CERTAIN},
		{IDENTITY_SAME, LAYOUT_SOURCE_NEAREST, CERTAINTY_LIKELY},
		{IDENTITY_SAME, LAYOUT_SOURCE_NONE, CERTAINTY_LIKELY},
		{IDENTITY_UNVERIFIED, LAYOUT_SOURCE_TABLE, CERTAINTY_LIKELY},
		{IDENTITY_UNVERIFIED, LAYOUT_SOURCE_NEAREST, CERTAINTY_LIKELY},
		{IDENTITY_MISMATCH, LAYOUT_SOURCE_TABLE, CERTAINTY_POSSIBLE},
		{IDENTITY_MISMATCH, LAYOUT_SOURCE_NEAREST, CERTAINTY_POSSIBLE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct go_scene scene = scene_new(arena, &scenes[0]);
		struct analysis *analysis = analyze(go_load(scene.builder));

		analysis->runtime->identity = rows[i].identity;
		analysis->runtime->layout_source = rows[i].layout;
		expect_certainty(diagnose(analysis), rows[i].certainty);
	}
}

/* ---- weights ---- */

/* A tear filed by hand: which witnesses there are decides. */
static void weights(struct arena *arena)
{
	static const struct {
		bool link_live, link_calls, fp_due, fp_agrees, all_calls, assumed;
		enum stack_end end;
		enum certainty certainty;
	} rows[] = {
		{true, true, true, true, true, false, END_COMPLETE, CERTAINTY_CERTAIN},
		{true, true, false, false, true, false, END_COMPLETE, CERTAINTY_CERTAIN}, /* release stores no FP */
		{true, true, true, true, true, true, END_COMPLETE, CERTAINTY_LIKELY},     /* the code was assumed */
		{true, true, true, false, true, false, END_COMPLETE, CERTAINTY_LIKELY},
		{true, true, true, true, false, false, END_COMPLETE, CERTAINTY_LIKELY},
		{true, true, true, true, true, false, END_DAMAGED, CERTAINTY_LIKELY},
		{true, true, true, true, true, false, END_NOT_SAVED,
		 CERTAINTY_LIKELY}, /* nothing against, nothing for */
		{true, true, true, false, true, false, END_DAMAGED, CERTAINTY_POSSIBLE},
		{true, false, true, false, false, false, END_DAMAGED, CERTAINTY_POSSIBLE},
		{false, false, false, false, true, false, END_COMPLETE, CERTAINTY_LIKELY}, /* no word in memory */
		{false, false, false, false, false, true, END_UNMAPPED, CERTAINTY_POSSIBLE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct go_scene scene = scene_new(arena, &scenes[0]);
		struct analysis *analysis = analyze(go_load(scene.builder));
		struct tear *tear = &analysis->tears.items[0];
		enum certainty certainty;

		tear->link_live = rows[i].link_live;
		tear->link_calls = rows[i].link_calls;
		tear->frame_pointer_due = tear->has_frame_pointer = rows[i].fp_due;
		tear->frame_pointer_expected = tear->frame_pointer + (rows[i].fp_agrees ? 0 : 8);
		tear->all_calls = rows[i].all_calls;
		tear->assumed = rows[i].assumed;
		tear->end = rows[i].end;
		tear->saved_slot = 0;
		certainty = finding_of(diagnose(analysis), "split-sp")->certainty;
		if (certainty != rows[i].certainty)
			fail_msg("row %zu is %s", i, certainty_name(certainty));
	}
}

/* Decisive is the only strong witness of its class, and only of what is certain: without it, it would not be. */
static void decisive(struct arena *arena)
{
	for (size_t i = 0; i < SCENES; i++) {
		struct go_scene scene = scene_new(arena, &scenes[i]);
		const struct finding *finding = finding_of(diagnose_scene(&scene), "split-sp");
		unsigned memory = 0, strong_memory = 0, instructions = 0;

		for (size_t e = 0; e < finding->evidence.count; e++) {
			const struct evidence *evidence = &finding->evidence.items[e];
			const bool stored = evidence->kind == EVIDENCE_MEMORY || evidence->kind == EVIDENCE_REGISTER;

			instructions += evidence->kind == EVIDENCE_INSTRUCTION && evidence->weight == WEIGHT_DECISIVE;
			memory += stored && evidence->weight == WEIGHT_DECISIVE;
			strong_memory += stored && evidence->weight == WEIGHT_STRONG && !evidence->against;
		}
		assert_int_equal(instructions, 1);
		assert_true(memory ? memory == 1 && !strong_memory : strong_memory >= 2);
	}
}

/* ---- verdicts ---- */

static const char fatal[] = "fatal error: traceback did not unwind completely\n";

static struct diagnosis *with_walker(struct arena *arena, const struct scene_options *options, const char *named)
{
	struct go_scene scene = scene_new(arena, options);

	scene_add_walker(&scene, arena_printf(arena, "%s%s", named, fatal));
	scene.builder->image->stop =
		(struct stop){.known = true, .number = SIGABRT, .name = "SIGABRT", .thread = SCENE_WALKER_THREAD};
	return diagnose_scene(&scene);
}

/* The torn stack explains the unwinder's crash, which explains the fatal error. */
static void explained(struct arena *arena)
{
	struct diagnosis *diagnosis =
		with_walker(arena, &scenes[0], "runtime: g1: frame.sp=0xc000430f00 top=0xc00043ffd0\n");
	const struct finding *crash = finding_of(diagnosis, "unwinder-crash");
	const struct finding *ended = finding_of(diagnosis, "go-fatal");

	assert_non_null(crash);
	assert_string_equal(diagnosis->findings.items[0].detector->id, "split-sp");
	assert_int_equal(diagnosis->verdict.finding, 0);
	assert_int_equal(crash->explained_by, 0);
	assert_int_equal(crash->goroutine, 0);
	assert_int_equal(crash->certainty, CERTAINTY_CERTAIN);
	assert_int_equal(diagnosis->analysis->image->threads.items[crash->thread].id, SCENE_WALKER_THREAD);
	if (ended) {
		assert_true(ended->explained_by >= 0);
		assert_string_equal(diagnosis->findings.items[ended->explained_by].detector->id, "unwinder-crash");
	}
	assert_int_equal(diagnosis->verdict.runners_up.count, 0);
	assert_int_equal(diagnosis->verdict.unexplained.count, 0);
}

/* No message names the victim: the walker's own frames do. */
static void victim_from_frames(struct arena *arena)
{
	struct diagnosis *diagnosis = with_walker(arena, &scenes[0], "");
	const struct finding *crash = finding_of(diagnosis, "unwinder-crash");

	assert_non_null(crash);
	assert_int_equal(crash->goroutine, 0);
	assert_int_equal(crash->explained_by, 0);
}

/* The stack that was walked is sound: the crash is not explained by anything, and is the verdict itself. */
static void unexplained(struct arena *arena)
{
	struct scene_options options = scenes[0];
	struct diagnosis *diagnosis;

	options.stop = SCENE_BEFORE;
	diagnosis = with_walker(arena, &options, "runtime: g1: frame.sp=0xc000430f00 top=0xc00043ffd0\n");
	assert_null(finding_of(diagnosis, "split-sp"));
	assert_string_equal(diagnosis->findings.items[diagnosis->verdict.finding].detector->id, "unwinder-crash");
	assert_int_equal(diagnosis->findings.items[diagnosis->verdict.finding].explained_by, -1);
}

/* The message names another goroutine than the torn one: both are said, neither explains the other. */
static void another_victim(struct arena *arena)
{
	struct diagnosis *diagnosis =
		with_walker(arena, &scenes[0], "runtime: g3: frame.sp=0xc000430f00 top=0xc00043ffd0\n");
	const struct finding *crash = finding_of(diagnosis, "unwinder-crash");

	assert_non_null(crash);
	assert_int_equal(crash->goroutine, 1);
	assert_int_equal(crash->explained_by, -1);
	assert_string_equal(diagnosis->findings.items[diagnosis->verdict.finding].detector->id, "split-sp");
	assert_int_equal(diagnosis->verdict.runners_up.count, 1);
	assert_int_equal(diagnosis->verdict.unexplained.count, 1);
}

/* A tear that nobody walked did not end the process; what did is said to be unexplained. */
static void another_end(struct arena *arena)
{
	struct go_scene scene = scene_new(arena, &scenes[0]);
	struct diagnosis *diagnosis;

	scene_add_walker(&scene, "");
	scene.builder->image->stop =
		(struct stop){.known = true, .number = SIGABRT, .name = "SIGABRT", .thread = SCENE_WALKER_THREAD};
	diagnosis = diagnose_scene(&scene);
	assert_string_equal(diagnosis->findings.items[diagnosis->verdict.finding].detector->id, "split-sp");
	assert_null(finding_of(diagnosis, "unwinder-crash"));
	assert_int_equal(diagnosis->verdict.unexplained.count, 1);
	assert_non_null(strstr(diagnosis->verdict.unexplained.items[0], "SIGABRT"));
}

static void order(struct arena *arena)
{
	struct diagnosis *diagnosis =
		with_walker(arena, &scenes[0], "runtime: g3: frame.sp=0xc000430f00 top=0xc00043ffd0\n");

	for (size_t i = 1; i < diagnosis->findings.count; i++) {
		const struct finding *before = &diagnosis->findings.items[i - 1];
		const struct finding *after = &diagnosis->findings.items[i];

		assert_true(before->certainty > after->certainty ||
			    (before->certainty == after->certainty && before->detector->rank >= after->detector->rank));
	}
	for (size_t i = 0; i < diagnosis->verdict.runners_up.count; i++)
		assert_non_null(diagnosis->verdict.runners_up.items[i].separated_by);
}

static void ends(struct arena *arena)
{
	static const struct {
		struct stop stop;
		bool go; /* a Go program was found */
		enum verdict_kind kind;
		bool cut;
	} rows[] = {
		{{.known = false}, true, VERDICT_HEALTHY, false},
		{{.known = false}, true, VERDICT_UNKNOWN, true},
		{{.known = false}, false, VERDICT_UNKNOWN, false},
		{{.known = true, .number = SIGABRT, .name = "SIGABRT"}, true, VERDICT_UNKNOWN, false},
		{{.known = true, .number = SIGABRT, .name = "SIGABRT"}, false, VERDICT_UNKNOWN, false},
	};
	struct scene_options options = scenes[0];

	options.stop = SCENE_BEFORE;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct go_scene scene = scene_new(arena, &options);
		struct go_runtime *runtime;
		struct diagnosis *diagnosis;

		scene.builder->image->stop = rows[i].stop;
		scene.builder->image->truncated = rows[i].cut;
		runtime = go_load(scene.builder);
		if (!rows[i].go)
			runtime->modules.count = runtime->goroutines.count = 0;
		diagnosis = diagnose(analyze(runtime));
		assert_int_equal(diagnosis->findings.count, 0);
		assert_int_equal(diagnosis->verdict.kind, rows[i].kind);
	}
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(4u * BUDGET, name);                                                                                        \
	}

TEST(torn)
TEST(near_misses)
TEST(one_word_corrupted)
TEST(another_caller)
TEST(all_words_corrupted)
TEST(unsafe_point)
TEST(caps)
TEST(weights)
TEST(decisive)
TEST(explained)
TEST(victim_from_frames)
TEST(unexplained)
TEST(another_victim)
TEST(another_end)
TEST(order)
TEST(ends)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_one_word_corrupted),
		cmocka_unit_test(test_another_caller),
		cmocka_unit_test(test_all_words_corrupted),
		cmocka_unit_test(test_unsafe_point),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_decisive),
		cmocka_unit_test(test_explained),
		cmocka_unit_test(test_victim_from_frames),
		cmocka_unit_test(test_unexplained),
		cmocka_unit_test(test_another_victim),
		cmocka_unit_test(test_another_end),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests_name("rank", tests, NULL, NULL);
}
