/* test_trial.c: what is found does not depend on the number of threads, nor does anything get lost where a trial gives up. */
#include "analyzer/trial.h"
#include "base/slices.h"
#include "tests/build/go_scene.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
	BUDGET = 1 << 30,
	CROWD = 40000, /* more than are looked at together */
	STACK = 0x2000,
	LONE = 4999, /* every so many goroutines are as the one that is torn, or that is damaged, or whose g is wrong */
};

/* ---- the trials themselves ---- */

enum { SETTLED, GIVES_UP, NOTES, EXHAUSTS };

static int way_of(size_t index)
{
	return index % 97 == 5 ? GIVES_UP : index % 101 == 7 ? NOTES : index == CROWD - 3 ? EXHAUSTS : SETTLED;
}

static void look(struct analysis *analysis, size_t index, struct stack *stack, struct trial *ret)
{
	const int way = way_of(index);

	(void)stack;
	ret->signature = index * 3;
	ret->depth = index;
	if (way == GIVES_UP)
		assert_true(trial_gives_up(analysis));
	if (way == NOTES)
		note_add(analysis->notes, "%zu", index);
	if (way == EXHAUSTS)
		arena_alloc(analysis->arena, BUDGET);
}

static void gives_up(struct arena *arena, const struct arch *arch)
{
	struct notes notes = {.arena = arena};
	struct image image = {.arena = arena, .notes = &notes, .arch = arch};
	struct go_runtime runtime = {.arena = arena, .image = &image, .notes = &notes};
	struct analysis analysis = {.arena = arena, .image = &image, .runtime = &runtime, .notes = &notes};
	struct trial *results = arena_array(arena, CROWD, sizeof *results);

	runtime.goroutines.count = CROWD;
	assert_false(trial_gives_up(&analysis));
	image.workers = 1;
	assert_null(trials_new(&analysis, look));
	for (image.workers = 2; image.workers <= SLICES_MOST + 1; image.workers++) {
		struct trials *trials = trials_new(&analysis, look);

		assert_non_null(trials);
		memset(results, 1, CROWD * sizeof *results);
		trials_run(trials, 0, CROWD, results);
		for (size_t i = 0; i < CROWD; i++) {
			assert_int_equal(results[i].settled, way_of(i) == SETTLED && i < CROWD - 3);
			if (results[i].settled)
				assert_true(results[i].signature == i * 3 && results[i].depth == i);
		}
		trials_run(trials, 100, 50, results); /* whose arena is exhausted does no more */
		assert_true(results[0].settled && results[0].depth == 100 && !results[49].settled);
		trials_end(trials);
		trials_end(trials);
	}
	assert_int_equal(notes.count, 0);
}

/* ---- a whole analysis ---- */

/* What goroutines are made for, and where they park. */
struct functions {
	size_t goexit, first, gopark;
};

static struct functions add_functions(const struct go_scene *scene)
{
	struct go_builder *builder = scene->builder;
	const struct functions functions = {scene->goexit, go_add_frame(builder, "main.first", 0x60, 0),
					    go_add_frame(builder, "runtime.gopark", 0x40, 0)};

	go_link(builder, functions.first, functions.gopark);
	go_link(builder, functions.gopark, go_add_mcall(builder));
	return functions;
}

static uint64_t add_parked(struct go_builder *builder, const struct functions *functions, uint64_t id, bool damaged)
{
	struct go_stack stack = go_stack_new(builder, GO_STACKS + 0x800000 + id * STACK, STACK, functions->goexit);
	struct goroutine g = {.id = id, .status = G_WAITING, .stack_lo = stack.lo, .stack_hi = stack.hi};
	uint64_t address;

	go_push(&stack, functions->first);
	go_push(&stack, functions->gopark);
	if (damaged)
		go_put(builder, stack.slot, (go_get(builder, stack.slot) & UINT32_MAX) | (uint64_t)0x10 << 32);
	g.sched_pc = stack.pc;
	g.sched_sp = stack.sp;
	g.sched_bp = stack.fp;
	g.startpc = go_entry(builder, functions->first);
	address = go_goroutine(builder, &g, true);
	go_put(builder, address + builder->layout->offset[LAYOUT_g_sched_g], address);
	return address;
}

/* Goroutines that nearly all are as one that is sound. */
static struct go_runtime *crowd_new(struct arena *arena, const struct arch *arch)
{
	const struct scene_options options = {.arch = arch, .minor = 24, .patch = 5, .stop = SCENE_TORN};
	struct go_scene scene = scene_new(arena, &options);
	const struct functions functions = add_functions(&scene);
	struct go_runtime *runtime;
	struct goroutine kinds[4];
	uint64_t wrong;

	add_parked(scene.builder, &functions, 2, false);
	add_parked(scene.builder, &functions, 3, true);
	wrong = add_parked(scene.builder, &functions, 4, false);
	go_put(scene.builder, wrong + scene.builder->layout->offset[LAYOUT_g_sched_g], wrong + 8);
	runtime = go_load(scene.builder);
	assert_int_equal(runtime->goroutines.count, 4);
	memcpy(kinds, runtime->goroutines.items, sizeof kinds);
	runtime->by_address = arena_array(arena, CROWD, sizeof *runtime->by_address);
	runtime->goroutines.count = 0;
	for (size_t i = 0; i < CROWD; i++) {
		const size_t kind = i % LONE == 17 ? 0 : i % LONE == 1800 ? 2 : i % LONE == 3600 ? 3 : 1;

		kinds[kind].id = i + 1;
		vec_push(arena, &runtime->goroutines, kinds[kind]);
		runtime->by_address[i] = (struct goroutine_key){kinds[kind].address, i};
	}
	return runtime;
}

#define assert_same_items(a, b)                                                                                        \
	do {                                                                                                           \
		assert_int_equal((a).count, (b).count);                                                                \
		if ((a).count)                                                                                         \
			assert_memory_equal((a).items, (b).items, (a).count * sizeof *(a).items);                       \
	} while (0)

static struct analysis *analyze_with(struct go_runtime *runtime, unsigned workers)
{
	struct notes *notes = arena_alloc(runtime->arena, sizeof *notes);

	notes->arena = runtime->arena;
	runtime->notes = notes;
	runtime->image->workers = workers;
	return analyze(runtime);
}

static void same_for_any(struct arena *arena, const struct arch *arch)
{
	struct go_runtime *runtime = crowd_new(arena, arch);
	const struct analysis *one = analyze_with(runtime, 1);

	assert_int_equal(one->groups.count, 2); /* one for all but the torn: a repaired stack is as it was */
	assert_true(one->tears.count > 1 && one->damages.count > 1 && one->state_words.count > 1);
	for (unsigned workers = 2; workers <= SLICES_MOST; workers += 3) {
		const struct analysis *more = analyze_with(runtime, workers);

		assert_same_items(more->groups, one->groups);
		assert_memory_equal(more->goroutine_group, one->goroutine_group, CROWD * sizeof *one->goroutine_group);
		assert_same_items(more->tears, one->tears);
		assert_same_items(more->damages, one->damages);
		assert_same_items(more->wrong_pointers, one->wrong_pointers);
		assert_same_items(more->state_words, one->state_words);
		assert_int_equal(more->goroutine_limit.short_from, one->goroutine_limit.short_from);
		assert_int_equal(more->notes->count, one->notes->count);
		for (size_t i = 0; i < one->notes->count; i++)
			assert_string_equal(more->notes->items[i], one->notes->items[i]);
	}
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_each_arch(BUDGET, name);                                                                       \
	}

TEST(gives_up)
TEST(same_for_any)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gives_up),
		cmocka_unit_test(test_same_for_any),
	};

	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
