/* survey.c: see survey.h. */
#include "lib/survey.h"

#include "base/isolation.h"
#include "base/steps.h"
#include "lib/grants.h"
#include "report/escape.h"

#include <stdio.h>
#include <string.h>

#define BUDGET ((size_t)1 << 30)

enum { STEPS = 1 << 25, GRANTS_BUDGET = 1 << 20, SURVEY_DONE = ISOLATION_TOLD };

struct surveying {
	const char *core;
	const struct ts_options *options;
	struct arena *arena;
	struct grants grants;
	struct survey survey;
};

/* ---- the look ---- */

static void fail(struct surveying *surveying, const struct err *err)
{
	surveying->survey.code = (int32_t)err->code;
	snprintf(surveying->survey.error, sizeof surveying->survey.error, "%s",
		 escape_line(surveying->arena, err_describe(surveying->arena, err)));
}

static void judge(struct surveying *surveying, const struct go_runtime *runtime)
{
	struct survey *survey = &surveying->survey;

	survey->done = true;
	survey->is_other = runtime->presence == PRESENCE_NONE;
	survey->has_plan = runtime->presence == PRESENCE_GO && live_plan_of(runtime, &survey->plan);
	if (survey->is_other)
		snprintf(survey->error, sizeof survey->error, "%s", escape_line(surveying->arena, runtime->presence_because));
}

static void look(void *context)
{
	struct surveying *surveying = context;
	const struct file_options files = {.max_size = surveying->options->max_size};
	const struct exe_search search = {.given = surveying->options->executables, .sysroot = surveying->options->sysroot, .options = &files};
	struct notes *notes = arena_alloc(surveying->arena, sizeof *notes);
	struct exe_candidate exe = {.source = EXE_NONE};
	struct image *image;
	const struct err *err;

	notes->arena = surveying->arena;
	err = image_open(surveying->arena, notes, surveying->core, &files, &image);
	if (!err)
		image->files.root = search.sysroot;
	if (!err)
		err = locate_exe(image, &search, &exe);
	if (err)
		fail(surveying, err);
	else
		judge(surveying, go_runtime_load(image, &exe));
}

static void look_here(struct surveying *surveying)
{
	struct steps steps, *before = steps_joined();

	surveying->arena = arena_new(BUDGET);
	surveying->survey.code = ERR_LIMIT;
	snprintf(surveying->survey.error, sizeof surveying->survey.error, "it takes more memory than it may");
	steps_fill(&steps, STEPS);
	steps_join(&steps);
	if (surveying->arena)
		arena_run(surveying->arena, look, surveying);
	steps_join(before);
	arena_free(surveying->arena);
}

/* ---- the child ---- */

static void work(void *context)
{
	struct surveying *surveying = context;

	look_here(surveying);
	broker_tell(SURVEY_DONE, &surveying->survey, sizeof surveying->survey);
}

/* ---- the parent ---- */

static int open_granted(void *context, const char *path)
{
	return grants_open(&((const struct surveying *)context)->grants, path);
}

static bool is_granted(void *context, const char *path)
{
	return grants_file(&((const struct surveying *)context)->grants, path);
}

/* Nothing is fetched for a process that runs: its executable is here. */
static void fetch_nothing(void *context, const char *build_id, struct broker_answer *ret)
{
	(void)context;
	(void)build_id;
	ret->error = ERR_ABSENT + 1;
	ret->text[0] = 0;
}

static bool told(void *context, const struct broker_message *message)
{
	struct surveying *surveying = context;

	if (message->kind != SURVEY_DONE || message->size != sizeof surveying->survey)
		return false;
	memcpy(&surveying->survey, message->data, sizeof surveying->survey);
	surveying->survey.error[sizeof surveying->survey.error - 1] = 0;
	return true;
}

static void confine(void *context)
{
	struct surveying *surveying = context;
	const struct isolation isolation = {.body = work, .open = open_granted, .is_file = is_granted, .fetch = fetch_nothing,
					    .told = told, .cancel = {surveying->options->cancelled, surveying->options->context},
					    .context = surveying};
	struct isolation_result result;

	surveying->grants = grants_of(surveying->arena, surveying->core, surveying->options);
	result = isolation_run(&isolation);
	if (result.end == ISOLATION_NONE) {
		look_here(surveying);
		return;
	}
	memcpy(surveying->survey.exposed, result.exposed, sizeof result.exposed);
	if (result.end == ISOLATION_DONE)
		return;
	surveying->survey.done = false;
	surveying->survey.code = isolation_describe(&result, "the first look at the process", "reading it", surveying->survey.error,
						    sizeof surveying->survey.error) ? ERR_LIMIT : ERR_CRASHED;
}

void survey_run(const char *core, const struct ts_options *options, struct survey *ret)
{
	struct surveying surveying = {.core = core, .options = options};

	if (options->isolated) {
		struct arena *arena = surveying.arena = arena_new(GRANTS_BUDGET);

		if (arena)
			arena_run(arena, confine, &surveying);
		arena_free(arena);
	} else {
		look_here(&surveying);
	}
	*ret = surveying.survey;
}
