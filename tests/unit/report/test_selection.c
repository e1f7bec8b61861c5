/* test_selection.c: the clock of a dump, how long goroutines have waited by it, and which of them a filter selects. */
#include "report/selection.h"

#include "golang/load/load.h"
#include "golang/pc_memo.h"
#include "golang/wait_reasons.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define DATA UINT64_C(0x20000)
#define SECOND INT64_C(1000000000)

enum { SLICE = 0, LIST = 0x40, P_SIZE = 0x4000, PS = 0x1000, P_COUNT = 3, DATA_SIZE = PS + P_COUNT * P_SIZE };

/* Go 1.26, as in wait_reasons.def. */
enum { REASON_SLEEP = 14, REASON_SELECT_NONE = 17, REASON_SELECT = 18, REASON_RECEIVE = 19 };

struct fixture {
	struct arena *arena;
	struct notes notes;
	struct image image;
	struct go_runtime runtime;
	struct diagnosis diagnosis;
	uint8_t data[DATA_SIZE];
};

static void put(struct fixture *f, uint64_t offset, uint64_t value)
{
	memcpy(f->data + offset, &value, sizeof value); /* tests run on little-endian machines, like the dumps */
}

static void put_p(struct fixture *f, uint64_t number, uint64_t id, int64_t scheduled, int64_t called)
{
	const uint32_t *offset = f->runtime.layout->offset;
	const uint64_t p = PS + number * P_SIZE;

	put(f, LIST + 8 * number, DATA + p);
	put(f, p + offset[LAYOUT_p_id], id);
	put(f, p + offset[LAYOUT_p_sysmontick_schedwhen], (uint64_t)scheduled);
	put(f, p + offset[LAYOUT_p_sysmontick_syscallwhen], (uint64_t)called);
}

static void add_goroutine(struct fixture *f, uint16_t status, uint8_t reason, int64_t waitsince, uint64_t gopc,
			  uint64_t parent)
{
	uint64_t id = f->runtime.goroutines.count + 1;

	vec_push(f->arena, &f->runtime.goroutines,
		 (struct goroutine){.address = 0x100000 * id,
				    .id = id,
				    .status = status,
				    .wait_reason = reason,
				    .waitsince = waitsince,
				    .gopc = gopc,
				    .parent_id = parent,
				    .machine = -1});
}

static struct fixture *make(void)
{
	struct arena *arena = arena_new(1 << 24);
	struct fixture *f = arena_alloc(arena, sizeof *f);
	bool exact;

	f->arena = f->notes.arena = arena;
	f->image = (struct image){.arena = arena, .notes = &f->notes, .arch = &arch_amd64};
	vec_push(arena, &f->image.segments,
		 (struct segment){DATA, DATA_SIZE, {f->data, DATA_SIZE}, DATA_SIZE, SEGMENT_READ | SEGMENT_WRITE, 0, 0});
	f->runtime = (struct go_runtime){.arena = arena, .image = &f->image, .notes = &f->notes};
	f->runtime.version.minor = 26;
	f->runtime.layout = layout_find(OS_LINUX, ARCH_AMD64, 26, 0, &exact);
	f->runtime.decoder = decoder_new(arena, &arch_amd64);
	f->runtime.globals.allp = DATA + SLICE;
	put(f, SLICE, DATA + LIST);
	put(f, SLICE + 8, P_COUNT);
	put_p(f, 0, 0, 900 * SECOND, 700 * SECOND);
	put_p(f, 1, 1, 0, 1000 * SECOND);
	put_p(f, 2, 2, 800 * SECOND, 0);
	pc_memo_new(&f->runtime);
	f->diagnosis.arena = arena;
	return f;
}

/* Goroutines 1 to 7, of which 3, 4 and 6 have one stack: none of them has any. */
static struct fixture *make_goroutines(void)
{
	struct fixture *f = make();

	add_goroutine(f, G_RUNNING, REASON_RECEIVE, 0, 0x9990, 0); /* the reason is of the last time it waited */
	add_goroutine(f, G_WAITING, REASON_SELECT, 100 * SECOND, 0x5550, 1);
	add_goroutine(f, G_WAITING, REASON_RECEIVE, 999 * SECOND, 0x6660, 1);
	add_goroutine(f, G_WAITING, REASON_RECEIVE, 400 * SECOND, 0x6660, 2);
	add_goroutine(f, G_WAITING, REASON_SELECT_NONE, 0, 0x5550, 2);
	add_goroutine(f, G_WAITING, REASON_RECEIVE, 0, 0x6660, 2);
	add_goroutine(f, G_SYSCALL, REASON_SLEEP, 940 * SECOND, 0x5550, 2);
	clock_load(&f->runtime);
	f->diagnosis.analysis = analyze(&f->runtime);
	return f;
}

static void newest_reading(void **state)
{
	struct fixture *f = make();

	(void)state;
	clock_load(&f->runtime);
	assert_int_equal(f->runtime.newest_time, 1000 * SECOND);
	add_goroutine(f, G_WAITING, REASON_SLEEP, 1001 * SECOND, 0, 0);
	clock_load(&f->runtime);
	assert_int_equal(f->runtime.newest_time, 1001 * SECOND);
	arena_free(f->arena);
}

/* What is no P, and what no clock says, counts for nothing. */
static void wrong_readings(void **state)
{
	struct fixture *f = make();

	(void)state;
	put_p(f, 1, 7, 0, 5000 * SECOND);
	clock_load(&f->runtime);
	assert_int_equal(f->runtime.newest_time, 900 * SECOND);
	put_p(f, 1, 1, -1, INT64_MAX);
	add_goroutine(f, G_WAITING, REASON_SLEEP, -5, 0, 0);
	clock_load(&f->runtime);
	assert_int_equal(f->runtime.newest_time, 900 * SECOND);
	put(f, SLICE + 8, UINT64_MAX); /* a list that does not end */
	clock_load(&f->runtime);
	assert_int_equal(f->runtime.newest_time, 900 * SECOND);
	f->runtime.globals.allp = 0;
	clock_load(&f->runtime);
	assert_int_equal(f->runtime.newest_time, 0);
	arena_free(f->arena);
}

static void waiting_times(void **state)
{
	static const int64_t expected[] = {-1, 900, 1, 600, -1, -1, 60}; /* -1: unknown */
	struct fixture *f = make_goroutines();
	int64_t waited;

	(void)state;
	for (size_t i = 0; i < f->runtime.goroutines.count; i++) {
		bool known = goroutine_waited(&f->runtime, &f->runtime.goroutines.items[i], &waited);

		assert_int_equal(known ? waited / SECOND : -1, expected[i]);
	}
	f->runtime.goroutines.items[1].status = G_RUNNABLE; /* it waits for nothing any more */
	assert_false(goroutine_waited(&f->runtime, &f->runtime.goroutines.items[1], &waited));
	arena_free(f->arena);
}

/* "1 3 4": the ids that a filter selects; groups and chosen must agree. */
static const char *selected(struct fixture *f, struct goroutine_filter filter)
{
	const struct selection *selection = selection_make(&f->diagnosis, &filter);
	const char *list = "";
	size_t members = 0;

	for (size_t i = 0; i < f->runtime.goroutines.count; i++)
		if (selection->chosen[i])
			list = arena_printf(f->arena, "%s%s%d", list, *list ? " " : "",
					    (int)f->runtime.goroutines.items[i].id);
	for (size_t i = 0; i < selection->group_count; i++) {
		const struct selected_group *group = &selection->groups[i];

		members += group->count;
		assert_true(!i || group[-1].count >= group->count);
		for (size_t j = 0; j < group->count; j++)
			assert_true(selection->chosen[group->members[j]]);
	}
	assert_int_equal(members, selection->count);
	return list;
}

static void by_state(void **state)
{
	struct fixture *f = make_goroutines();
	const char *const receive[] = {"chan receive", NULL}, *const select[] = {"SELECT", NULL};
	const char *const start[] = {"sel", NULL}, *const two[] = {"running", "sys", NULL};
	const char *const wait[] = {"waiting", NULL};

	(void)state;
	assert_string_equal(selected(f, (struct goroutine_filter){0}), "1 2 3 4 5 6 7");
	assert_string_equal(selected(f, (struct goroutine_filter){.states = receive}), "3 4 6");
	assert_string_equal(selected(f, (struct goroutine_filter){.states = select}), "2"); /* not "(no cases)" */
	assert_string_equal(selected(f, (struct goroutine_filter){.states = start}), "2 5");
	assert_string_equal(selected(f, (struct goroutine_filter){.states = two}), "1 7");
	assert_string_equal(selected(f, (struct goroutine_filter){.states = wait}), "2 3 4 5 6");
	arena_free(f->arena);
}

static void by_id_and_time(void **state)
{
	static const uint64_t ids[] = {2, 2, 4, 6};
	struct fixture *f = make_goroutines();
	const char *const receive[] = {"chan receive", NULL};

	(void)state;
	assert_string_equal(selected(f, (struct goroutine_filter){.ids = ids, .id_count = 2}), "2 4 5 6");
	assert_string_equal(selected(f, (struct goroutine_filter){.ids = ids, .id_count = 2, .states = receive}), "4 6");
	assert_string_equal(selected(f, (struct goroutine_filter){.waiting_over = 60 * SECOND}), "2 4 7");
	assert_string_equal(selected(f, (struct goroutine_filter){.waiting_over = 60 * SECOND + 1}), "2 4");
	assert_string_equal(selected(f, (struct goroutine_filter){.waiting_over = 901 * SECOND}), "");
	arena_free(f->arena);
}

static void those_of_unknown_time_are_counted(void **state)
{
	struct fixture *f = make_goroutines();
	const struct goroutine_filter filter = {.waiting_over = SECOND};

	(void)state;
	assert_int_equal(selection_make(&f->diagnosis, &filter)->untimed, 2); /* and not the running one */
	assert_int_equal(selection_make(&f->diagnosis, NULL)->untimed, 0);
	arena_free(f->arena);
}

static void no_function_no_match(void **state)
{
	struct fixture *f = make_goroutines();
	const char *const any[] = {"main.", NULL};

	(void)state;
	assert_string_equal(selected(f, (struct goroutine_filter){.functions = any}), "");
	assert_string_equal(selected(f, (struct goroutine_filter){.creators = any}), "");
	arena_free(f->arena);
}

static void groups(void **state)
{
	struct fixture *f = make_goroutines();
	const struct selection *selection = selection_make(&f->diagnosis, NULL);
	const struct selected_group *largest = &selection->groups[0];
	struct creator_count creator = group_creator(&f->runtime, f->arena, largest);

	(void)state;
	assert_int_equal(selection->group_count, 5);
	assert_int_equal(largest->count, 3);
	assert_int_equal(largest->timed, 2);
	assert_int_equal(largest->least, SECOND);
	assert_int_equal(largest->most, 600 * SECOND);
	assert_int_equal(creator.gopc, 0x6660);
	assert_int_equal(creator.parents, 2);
	assert_int_equal(creator.parent, 1);
	for (size_t i = 2; i < selection->group_count; i++)
		assert_true(*selection->groups[i - 1].members < *selection->groups[i].members);
	arena_free(f->arena);
}

static void tallies(void **state)
{
	struct fixture *f = make_goroutines();
	const struct selection *selection = selection_make(&f->diagnosis, NULL);
	const struct state_count *states;
	const struct creator_count *creators;

	(void)state;
	assert_int_equal(selection_states(&f->diagnosis, selection, &states), 5);
	assert_int_equal(states[0].count, 3);
	assert_int_equal(states[0].wait_reason, REASON_RECEIVE);
	assert_int_equal(states[1].status, G_RUNNING);
	assert_int_equal(states[1].wait_reason, 0);
	assert_int_equal(selection_creators(&f->diagnosis, selection, &creators), 2); /* goroutine 1 is no one's */
	assert_int_equal(creators[0].gopc, 0x5550);
	assert_int_equal(creators[0].count, 3);
	assert_int_equal(creators[0].parents, 2);
	assert_int_equal(creators[1].gopc, 0x6660);
	arena_free(f->arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newest_reading),
		cmocka_unit_test(wrong_readings),
		cmocka_unit_test(waiting_times),
		cmocka_unit_test(by_state),
		cmocka_unit_test(by_id_and_time),
		cmocka_unit_test(those_of_unknown_time_are_counted),
		cmocka_unit_test(no_function_no_match),
		cmocka_unit_test(groups),
		cmocka_unit_test(tallies),
	};

	return cmocka_run_group_tests_name("selection", tests, NULL, NULL);
}
