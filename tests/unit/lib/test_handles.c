/* test_handles.c: several analyses at once, each by a thread of its own, which are all read at once as well. Run by make tsan, too. */
#include "base/sandbox.h"
#include "lib/tornstack.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const cases[] = {"amd64-nil", "arm64-nonleaf-unwind-stripped", "windows-amd64-late-silent", "amd64-stuck"};

enum { CASES = sizeof cases / sizeof *cases, ROUNDS = 2 };

struct task {
	const char *name;
	bool isolated;
	struct ts_handle *handle;
	struct ts_result result;
};

static void *open_case(void *argument)
{
	struct task *task = argument;
	char dump[256], exe[256];
	const char *const executables[] = {exe, NULL};
	const struct ts_options options = {.executables = executables, .sysroot = "/nonexistent", .workers = 2, .isolated = task->isolated};

	snprintf(dump, sizeof dump, "fixtures/cases/%s/dump.zst", task->name);
	snprintf(exe, sizeof exe, "fixtures/cases/%s/exe.zst", task->name);
	task->result = ts_open(dump, &options, &task->handle);
	return NULL;
}

static size_t count_frames(const struct ts_report *report)
{
	size_t frames = 0;

	for (size_t i = 0; i < report->group_count; i++)
		frames += report->groups[i]->stack.frame_count * (size_t)report->groups[i]->count;
	return frames;
}

static void *read_all(void *argument)
{
	const struct task *tasks = argument;
	size_t frames = 0;

	for (size_t i = 0; i < CASES; i++)
		frames += count_frames(ts_report_of(tasks[i].handle));
	return (void *)frames;
}

static void in_threads(void *(*run)(void *), void *argument, size_t step, void **ret)
{
	pthread_t threads[CASES];

	for (size_t i = 0; i < CASES; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run, (char *)argument + i * step), 0);
	for (size_t i = 0; i < CASES; i++)
		pthread_join(threads[i], ret ? &ret[i] : NULL);
}

static void check_round(bool isolated, const struct task alone[static CASES])
{
	struct task tasks[CASES];
	void *frames[CASES];

	for (size_t i = 0; i < CASES; i++)
		tasks[i] = (struct task){.name = cases[i], .isolated = isolated};
	in_threads(open_case, tasks, sizeof *tasks, NULL);
	for (size_t i = 0; i < CASES; i++) {
		if (!tasks[i].handle)
			fail_msg("%s: %s", tasks[i].name, tasks[i].result.error);
		assert_string_equal(ts_report_of(tasks[i].handle)->verdict->headline, ts_report_of(alone[i].handle)->verdict->headline);
		assert_string_equal(ts_report_of(tasks[i].handle)->fingerprint, ts_report_of(alone[i].handle)->fingerprint);
	}
	in_threads(read_all, tasks, 0, frames);
	for (size_t i = 0; i < CASES; i++) {
		assert_true(frames[i] == frames[0] && frames[i]);
		ts_close(tasks[i].handle);
	}
}

static void check(bool isolated)
{
	struct task alone[CASES];

	for (size_t i = 0; i < CASES; i++) {
		alone[i] = (struct task){.name = cases[i]};
		open_case(&alone[i]);
		assert_non_null(alone[i].handle);
	}
	for (size_t i = 0; i < ROUNDS; i++)
		check_round(isolated, alone);
	for (size_t i = 0; i < CASES; i++)
		ts_close(alone[i].handle);
}

static void here(void **state)
{
	(void)state;
	check(false);
}

static void isolated(void **state)
{
	(void)state;
	if (SANDBOX_FORKS_ALONE)
		skip();
	check(true);
}

static bool at_once(void *context)
{
	++*(unsigned *)context;
	return true;
}

static void each_has_its_own_context(void **state)
{
	unsigned asked = 0;
	const struct ts_options options = {.cancelled = at_once, .context = &asked};
	struct ts_handle *handle = (struct ts_handle *)&asked;

	(void)state;
	assert_int_equal(ts_open("fixtures/cases/amd64-nil/dump.zst", &options, &handle).outcome, TS_CANCELLED);
	assert_null(handle);
	assert_true(asked > 0);
}

/* A program of another release's header: shorter options are completed, and longer ones refused only where they ask for something. */
static void options_of_other_releases(void **state)
{
	struct {
		struct ts_options options;
		uint64_t newer;
	} given = {.options = {.sysroot = "/nonexistent"}};
	struct ts_handle *handle;
	struct ts_result result;

	(void)state;
	assert_int_equal(ts_open_sized("fixtures/cases/amd64-nil/dump.zst", &given.options, sizeof given, &handle).outcome, TS_ANALYSED);
	ts_close(handle);
	assert_int_equal(ts_open_sized("fixtures/cases/amd64-nil/dump.zst", &given.options, offsetof(struct ts_options, pid), &handle).outcome,
			 TS_ANALYSED);
	ts_close(handle);
	given.newer = 1;
	result = ts_open_sized("fixtures/cases/amd64-nil/dump.zst", &given.options, sizeof given, &handle);
	assert_int_equal(result.outcome, TS_FAILED);
	assert_string_equal(result.error_code, "unsupported");
	assert_null(handle);
	ts_close(handle);
	assert_int_equal(ts_open("fixtures/cases/amd64-nil/dump.zst", NULL, &handle).outcome, TS_ANALYSED);
	ts_close(handle);
}

static void forms_that_no_report_has(void **state)
{
	const char *const none[] = {NULL};

	(void)state;
	assert_string_equal(ts_analyze("fixtures/cases/amd64-nil/dump.zst", &(struct ts_options){.format = TS_SARIF}, stdout).error_code, "unsupported");
	assert_string_equal(ts_scan(none, &(struct ts_scan_options){.format = TS_HTML}, stdout).error_code, "unsupported");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(here), cmocka_unit_test(isolated), cmocka_unit_test(each_has_its_own_context),
		cmocka_unit_test(options_of_other_releases), cmocka_unit_test(forms_that_no_report_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
