/* test_trial.c: what is found does not depend on the number of threads, nor does anything get lost where a trial gives up. */
#include "analyzer/trial.h"
#include "analyzer/waits/mentions.h"
#include "base/slices.h"
#include "heuristics/finding.h"
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
	ret->depth = index % 100;
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
				assert_true(results[i].signature == i * 3 && results[i].depth == i % 100);
		}
		trials_run(trials, 100, 50, results); /* whose arena is exhausted does no more */
		assert_true(results[0].settled && results[0].signature == 300 && !results[49].settled);
		trials_end(trials);
		trials_end(trials);
	}
	assert_int_equal(notes.count, 0);
}

/* ---- a stack that a trial leaves alone ---- */

enum { DEEP = 4 * STACK_KEPT };

static void look_deep(struct analysis *analysis, size_t index, struct stack *stack, struct trial *ret)
{
	goroutine_stack(analysis, index, stack);
	ret->depth = stack_depth(stack);
}

/* Nobody walks on where nobody wants to know. */
static void ends_early(struct arena *arena, const struct arch *arch)
{
	struct go_builder *builder = go_new(arena, arch, 24, 5);
	const size_t goexit = go_add_goexit(builder), first = go_add_frame(builder, "main.first", 16, 0);
	struct go_stack stack = go_stack_new(builder, GO_STACKS, 64 * DEEP, goexit);
	struct trial results[2 * SLICES_MOST];
	struct go_runtime *runtime;
	struct analysis *analysis;
	struct trials *trials;
	struct goroutine g;

	go_link(builder, first, first);
	for (int i = 0; i < DEEP; i++)
		go_push(&stack, first);
	g = (struct goroutine){.id = 1, .status = G_WAITING, .stack_lo = stack.lo, .stack_hi = stack.hi, .sched_pc = stack.pc,
			       .sched_sp = stack.sp};
	go_goroutine(builder, &g, true);
	runtime = go_load(builder);
	for (int i = 1; i < 2 * SLICES_MOST; i++)
		vec_push(arena, &runtime->goroutines, runtime->goroutines.items[0]);
	runtime->image->workers = 2;
	analysis = analyze(runtime);
	trials = trials_new(analysis, look_deep);
	assert_non_null(trials);
	analysis->long_stack.elided = 0;
	trials_run(trials, 0, 2 * SLICES_MOST, results);
	for (int i = 0; i < 2 * SLICES_MOST; i++) {
		assert_false(results[i].settled);
		assert_int_in_range(results[i].depth, 3 * STACK_KEPT, 3 * STACK_KEPT + 1);
	}
	trials_end(trials);
}

static void look_far(struct analysis *analysis, size_t index, struct stack *stack, struct trial *ret)
{
	(void)analysis;
	(void)index;
	(void)stack;
	ret->depth = 1 << 23; /* as if stacks overlapped */
}

/* Nor much at a time, but for what may be ordinary. */
static void walks_little(struct arena *arena, const struct arch *arch)
{
	enum { GOROUTINES = 64 };
	struct notes notes = {.arena = arena};
	struct image image = {.arena = arena, .notes = &notes, .arch = arch, .workers = 2};
	struct go_runtime runtime = {.arena = arena, .image = &image, .notes = &notes};
	struct analysis analysis = {.arena = arena, .image = &image, .runtime = &runtime, .notes = &notes};
	struct trial results[GOROUTINES];
	struct trials *trials;

	runtime.goroutines.count = GOROUTINES;
	trials = trials_new(&analysis, look_far);
	trials_run(trials, 0, GOROUTINES, results);
	for (size_t i = 0; i < GOROUTINES; i++)
		assert_int_equal(results[i].settled, i % (GOROUTINES / 2) < 2);
	trials_end(trials);
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

enum kind { TORN, SOUND, DAMAGED, WRONG, KINDS };

static enum kind mostly_sound(size_t index)
{
	return index % LONE == 17 ? TORN : index % LONE == 1800 ? DAMAGED : index % LONE == 3600 ? WRONG : SOUND;
}

static enum kind all_wrong(size_t index)
{
	(void)index;
	return WRONG;
}

static struct go_runtime *crowd_new(struct arena *arena, const struct arch *arch, enum kind (*kind_of)(size_t index))
{
	const struct scene_options options = {.arch = arch, .minor = 24, .patch = 5, .stop = SCENE_TORN};
	struct go_scene scene = scene_new(arena, &options);
	const struct functions functions = add_functions(&scene);
	struct go_runtime *runtime;
	struct goroutine kinds[KINDS];
	uint64_t wrong;

	add_parked(scene.builder, &functions, 2, false);
	add_parked(scene.builder, &functions, 3, true);
	wrong = add_parked(scene.builder, &functions, 4, false);
	go_put(scene.builder, wrong + scene.builder->layout->offset[LAYOUT_g_sched_g], wrong + 8);
	runtime = go_load(scene.builder);
	assert_int_equal(runtime->goroutines.count, KINDS);
	memcpy(kinds, runtime->goroutines.items, sizeof kinds);
	runtime->by_address = arena_array(arena, CROWD, sizeof *runtime->by_address);
	runtime->goroutines.count = 0;
	for (size_t i = 0; i < CROWD; i++) {
		const enum kind kind = kind_of(i);

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

static void same_findings(const struct diagnosis *a, const struct diagnosis *b)
{
	assert_int_equal(a->findings.count, b->findings.count);
	for (size_t i = 0; i < a->findings.count; i++) {
		assert_ptr_equal(a->findings.items[i].detector, b->findings.items[i].detector);
		assert_int_equal(a->findings.items[i].certainty, b->findings.items[i].certainty);
		assert_int_equal(a->findings.items[i].goroutine, b->findings.items[i].goroutine);
	}
}

static void same_for_any(struct arena *arena, const struct arch *arch)
{
	struct go_runtime *runtime = crowd_new(arena, arch, mostly_sound);
	struct analysis *one = analyze_with(runtime, 1);
	const struct diagnosis *first = diagnose(one);

	assert_int_equal(one->groups.count, 2); /* one for all but the torn: a repaired stack is as it was */
	assert_true(one->tears.count > 1 && one->damages.count > 1 && one->state_words.count > 1);
	for (unsigned workers = 2; workers <= SLICES_MOST; workers += 3) {
		struct analysis *more = analyze_with(runtime, workers);

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
		same_findings(diagnose(more), first);
	}
}

/* What every goroutine has is how the program is, however many words are filed. */
static void usual_for_any(struct arena *arena, const struct arch *arch)
{
	struct go_runtime *runtime = crowd_new(arena, arch, all_wrong);

	for (unsigned workers = 1; workers <= 2; workers++) {
		const struct analysis *analysis = analyze_with(runtime, workers);

		assert_int_equal(analysis->state_words.count, 0);
		assert_int_equal(analysis->notes->count, 1);
		assert_non_null(strstr(analysis->notes->items[0], "for the way of this program"));
	}
}

/* ---- searches of stacks, and the list itself ---- */

/* Who holds a word of the stacks, and one that none does. */
static void same_holders(struct arena *arena, const struct arch *arch)
{
	struct go_runtime *runtime = crowd_new(arena, arch, mostly_sound);
	struct analysis *analysis = analyze_with(runtime, 1);
	const struct stack *stack = &analysis->state_stack;
	struct mentions one = {0};

	goroutine_stack(analysis, 0, &analysis->state_stack); /* sound: main.first, which only the torn do not have */
	for (size_t i = 1; i < stack->frames.count; i++)
		mention_add(arena, &one, stack->frames.items[i].pc);
	mention_add(arena, &one, UINT64_MAX - 1);
	for (unsigned workers = 1; workers <= SLICES_MOST; workers++) {
		struct mentions more = one;
		uint64_t bytes = UINT64_MAX;

		more.items.items = arena_array(arena, one.items.count, sizeof *one.items.items);
		for (size_t i = 0; i < one.items.count; i++)
			more.items.items[i].address = one.items.items[i].address;
		runtime->image->workers = workers;
		mentions_scan(analysis, &more, &bytes);
		assert_true(more.complete && more.items.items[0].holder_count > CROWD / 2);
		assert_int_equal(more.items.items[one.items.count - 1].holder_count, 0);
		if (workers == 1)
			one = more;
		assert_same_items(more.items, one.items);
	}
}

/* Nearly all entries name the same few goroutines, some none at all. */
static void same_list(struct arena *arena, const struct arch *arch)
{
	enum { LISTED = 10000 };
	const uint64_t list = GO_HEAP + 0x800000;
	const struct scene_options options = {.arch = arch, .minor = 24, .patch = 5, .stop = SCENE_TORN};

	for (unsigned workers = 1; workers <= SLICES_MOST; workers++) {
		struct go_scene scene = scene_new(arena, &options);
		const struct functions functions = add_functions(&scene);
		const uint64_t g[] = {add_parked(scene.builder, &functions, 2, false), scene.goroutine, 0x10};
		struct go_runtime *runtime;

		go_memory(scene.builder, list, 8 * LISTED, SEGMENT_READ | SEGMENT_WRITE);
		for (uint64_t i = 0; i < LISTED; i++)
			go_put(scene.builder, list + 8 * i, g[i % 3]);
		go_put(scene.builder, GO_ALLGS, list);
		go_put(scene.builder, GO_ALLGS + 8, LISTED);
		scene.builder->image->workers = workers;
		runtime = go_load(scene.builder);
		assert_int_equal(runtime->goroutines.count, 2);
		assert_int_equal(runtime->goroutines_listed, LISTED - LISTED / 3);
	}
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_each_arch(BUDGET, name);                                                                       \
	}

TEST(gives_up)
TEST(ends_early)
TEST(walks_little)
TEST(same_for_any)
TEST(usual_for_any)
TEST(same_holders)
TEST(same_list)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gives_up),	cmocka_unit_test(test_ends_early),
		cmocka_unit_test(test_same_for_any), cmocka_unit_test(test_usual_for_any),
		cmocka_unit_test(test_same_holders), cmocka_unit_test(test_same_list),
		cmocka_unit_test(test_walks_little),
	};

	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
