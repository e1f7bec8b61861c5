/* test_long_stacks.c: stacks of a million frames: their ends are kept, and no dump makes walking them last for ever. */
#include "analyzer/unwind/recursion.h"
#include "analyzer/unwind/unwind.h"
#include "report/text/text.h"
#include "tests/build/go_scene.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BUDGET = 1 << 30 };

/* main.first, which called itself until its stack was full. */
struct endless {
	struct go_builder *builder;
	struct go_stack at;
	size_t first;
	size_t frames;
};

static struct endless endless_new(struct arena *arena, const struct arch *arch)
{
	struct endless r = {.builder = go_new(arena, arch, 24, 5), .frames = 1};
	size_t goexit = go_add_goexit(r.builder);

	r.first = go_add_frame(r.builder, "main.first", arch->link_register ? 16 : 8, 0);
	r.at = go_stack_new(r.builder, GO_STACKS, (1 << 24) + 0x1000, goexit);
	go_link(r.builder, r.first, r.first);
	for (; r.at.sp > r.at.lo + 0x100; r.frames++)
		go_push(&r.at, r.first);
	return r;
}

/* Goroutines that all claim to stand where the recursion does. */
static struct analysis *analyze_goroutines(const struct endless *r, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct goroutine g = {.id = i + 1, .status = G_SYSCALL, .stack_lo = r->at.lo, .stack_hi = r->at.hi,
				      .syscall_pc = r->at.pc, .syscall_sp = r->at.sp,
				      .startpc = go_entry(r->builder, r->first)};
		uint64_t address = go_goroutine(r->builder, &g, true);

		go_put(r->builder, address + r->builder->layout->offset[LAYOUT_g_sched_g], address);
	}
	return analyze(go_load(r->builder));
}

static bool noted(const struct analysis *analysis, const char *part)
{
	for (size_t i = 0; i < analysis->notes->count; i++)
		if (strstr(analysis->notes->items[i], part))
			return true;
	return false;
}

static void deep_on(struct arena *arena, const struct arch *arch)
{
	struct endless r = endless_new(arena, arch);
	struct analysis *analysis = analyze_goroutines(&r, 1);
	struct stack stack = {0};
	struct stack again = {0};

	goroutine_stack(analysis, 0, &stack);
	assert_int_equal(stack.end, END_COMPLETE);
	assert_true(stack.frames.count >= 2 * STACK_KEPT && stack.frames.count <= 3 * STACK_KEPT);
	assert_int_equal(stack_depth(&stack), r.frames);
	assert_int_equal(stack.elided_at, STACK_KEPT);
	again.digest = 1;
	goroutine_stack(analysis, 0, &again); /* a copy of what analyze() has walked */
	assert_true(again.digest == stack.digest && again.frames.items != stack.frames.items);
	assert_memory_equal(again.frames.items, stack.frames.items, stack.frames.count * sizeof *stack.frames.items);
	assert_int_equal(stack.elided_period, 1);
	assert_false(noted(analysis, "more frames than"));
}

/* Walking the same stack once for each goroutine would take as long as anyone wants. */
static void overlapping_on(struct arena *arena, const struct arch *arch)
{
	enum { GOROUTINES = 14, SHOWN = 1 << 22 };
	struct endless r = endless_new(arena, arch);
	struct analysis *analysis = analyze_goroutines(&r, GOROUTINES);
	const size_t whole = SHOWN / r.frames + 1;
	struct stack stack = {0};

	assert_true(whole > 1 && whole < GOROUTINES);
	assert_int_equal(analysis->goroutine_limit.short_from, whole);
	for (size_t i = 0; i < GOROUTINES; i++) {
		goroutine_stack(analysis, i, &stack);
		assert_int_equal(stack_depth(&stack), i < whole ? r.frames : SHORT_STACK);
		assert_int_equal(stack.end, i < whole ? END_COMPLETE : END_LIMIT);
	}
	assert_true(noted(analysis, "the stacks of goroutines have more frames than the dump has room for"));
}

/* A tear keeps its place among the frames that are kept, or has none. */
static void torn_below(struct arena *arena, const struct arch *arch, size_t below, size_t above, uint32_t frame)
{
	struct scene_options options = {.arch = arch, .minor = 24, .patch = 5};
	struct go_scene scene = scene_new(arena, &options);
	struct go_builder *builder = scene.builder;
	size_t first = go_add_frame(builder, "main.first", arch->link_register ? 16 : 8, 0);
	struct go_stack at = go_stack_new(builder, GO_STACKS + 0x1000000, 1 << 20, scene.goexit);
	struct stack stack = {0};
	struct analysis *analysis;

	go_link(builder, first, first);
	for (size_t i = 0; i < above; i++)
		go_push(&at, first);
	go_push(&at, scene.deep_caller);
	scene_push_torn(&scene, &at);
	for (size_t i = 0; i < below; i++)
		go_push(&at, first);
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
	assert_int_equal(stack.end, END_COMPLETE);
	assert_true(stack.elided);
	assert_int_equal(analysis->tears.count, 2); /* goroutine 1 has one of its own */
	assert_int_equal(analysis->tears.items[1].frame, frame);
	assert_int_equal(analysis->tears.items[1].callers, above + 2);
	if (frame != FRAME_ELIDED)
		assert_int_equal(stack.frames.items[frame].tear, 1);
}

static void torn_on(struct arena *arena, const struct arch *arch)
{
	const size_t kept = STACK_KEPT;

	torn_below(arena, arch, 10, 3 * kept, 11);
	torn_below(arena, arch, kept + 10, 2 * kept, FRAME_ELIDED);
	torn_below(arena, arch, 3 * kept, 10, (uint32_t)(2 * kept + 1));
}

/* Frames that are not kept are said to be the one below only if all of them are. */
static void print_gap(struct arena *arena)
{
	struct go_builder *builder = go_new(arena, &arch_amd64, 24, 5);
	size_t goexit = go_add_goexit(builder);
	size_t first = go_add_frame(builder, "main.first", 8, 0);
	size_t second = go_add_frame(builder, "main.second", 8, 0);
	struct endless r = {.builder = builder, .first = first, .at = go_stack_new(builder, GO_STACKS, 1 << 20, goexit)};
	const struct report_options options = {.columns = 100};
	struct diagnosis diagnosis = {.arena = arena};
	struct text text = {.arena = arena, .options = &options, .diagnosis = &diagnosis};
	struct stack stack = {0};
	char *printed = NULL;
	size_t size;

	go_link(builder, first, first);
	go_link(builder, second, first);
	for (size_t i = 0; i < 3 * STACK_KEPT; i++)
		go_push(&r.at, i < 2 * STACK_KEPT - 2000 ? second : first);
	text.analysis = diagnosis.analysis = analyze_goroutines(&r, 1);
	goroutine_stack(text.analysis, 0, &stack);
	assert_int_equal(stack.elided, STACK_KEPT);
	assert_int_equal(stack.elided_period, 0);
	text.page = (struct page){.out = open_memstream(&printed, &size), .arena = arena, .columns = options.columns};
	text_stack(&text, &stack, 0);
	fclose(text.page.out);
	assert_non_null(strstr(printed, "4,999 more of this frame"));
	assert_non_null(strstr(printed, "5,000 more frames"));
	assert_null(strstr(printed, "9,999"));
	free(printed);
}

/* Functions called in turn, `turns` times; below them frames that belong to no turn. */
static struct stack in_turns(struct arena *arena, struct go_builder *builder, size_t goexit, size_t period, size_t turns)
{
	struct go_stack at = go_stack_new(builder, GO_STACKS, 1 << 22, goexit);
	size_t functions[8];
	struct endless r = {.builder = builder};
	struct stack stack = {0};

	for (size_t i = 0; i < period; i++)
		functions[i] = go_add_frame(builder, arena_printf(arena, "main.turn%zu", i), 24, 0);
	for (size_t i = 0; i < period; i++)
		go_link(builder, functions[i], functions[(i + 1) % period]);
	for (size_t i = 0; i < period * turns; i++)
		go_push(&at, functions[i % period]);
	r.first = go_add_frame(builder, "main.leaf", 8, 0);
	go_push(&at, r.first);
	go_push(&at, r.first);
	r.at = at;
	goroutine_stack(analyze_goroutines(&r, 1), 0, &stack);
	assert_int_equal(stack_depth(&stack), period * turns + 3);
	return stack;
}

static void turns_on(struct arena *arena, const struct arch *arch, size_t period, size_t turns)
{
	struct go_builder *builder = go_new(arena, arch, 24, 5);
	struct stack stack = in_turns(arena, builder, go_add_goexit(builder), period, turns);
	struct recursion recursion;

	assert_true(recursion_find(arena, &stack, &recursion));
	assert_false(recursion.by_function);
	assert_int_equal(recursion.period, period);
	assert_int_equal(recursion.first, 2);
	assert_int_equal(recursion.frames, period * turns);
	assert_int_equal(recursion.bytes, recursion.frames * (arch->link_register ? 24 : 32));
	assert_int_equal(!!stack.elided, period * turns > (size_t)3 * STACK_KEPT);
}

static void turns(struct arena *arena)
{
	for (size_t period = 1; period <= 7; period++) {
		turns_on(arena, &arch_amd64, period, 20);
		turns_on(arena, &arch_amd64, period, 30011 / period);
		turns_on(arena, &arch_arm64, period, 30011 / period);
	}
}

/* A return address whose upper half was overwritten, among the frames that are not kept. */
static void damaged_on(struct arena *arena, const struct arch *arch)
{
	enum { BELOW = 2 * STACK_KEPT };
	struct endless r = endless_new(arena, arch);
	uint64_t slot = r.at.slot + (uint64_t)BELOW * 16;
	const struct damage *damage;
	struct analysis *analysis;

	go_put(r.builder, slot, (go_get(r.builder, slot) & UINT32_MAX) | 0x10ULL << 32);
	analysis = analyze_goroutines(&r, 1);
	assert_int_equal(analysis->damages.count, 1);
	damage = analysis->damages.items;
	assert_int_equal(damage->frame, FRAME_ELIDED);
	assert_true(damage->slot == slot);
	assert_int_equal(damage->depth, BELOW + 1);
	assert_int_equal(damage->callers, r.frames - BELOW - 1);
	assert_int_equal(damage->end, END_COMPLETE);
	assert_true(damage->all_calls);
	assert_int_equal(damage->others, 0);
}

static void damaged(struct arena *arena)
{
	damaged_on(arena, &arch_amd64);
	damaged_on(arena, &arch_arm64);
}

static void deep(struct arena *arena)
{
	deep_on(arena, &arch_amd64);
	deep_on(arena, &arch_arm64);
}

static void overlapping(struct arena *arena)
{
	overlapping_on(arena, &arch_amd64);
	overlapping_on(arena, &arch_arm64);
}

static void torn(struct arena *arena)
{
	torn_on(arena, &arch_amd64);
	torn_on(arena, &arch_arm64);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(deep)
TEST(overlapping)
TEST(torn)
TEST(print_gap)
TEST(turns)
TEST(damaged)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_overlapping),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_print_gap),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests_name("long_stacks", tests, NULL, NULL);
}
