/* survey.h: a first look at a live process: whether it is a Go program, and where its lists are. It works on a copy of the data of
 * programs and libraries that was taken while the process ran, confined as any analysis (base/isolation.h). */
#ifndef LIB_SURVEY_H
#define LIB_SURVEY_H

#include "golang/live/plan.h"
#include "lib/tornstack.h"

/* Plain bytes: a confined child tells it. */
struct survey {
	bool done;      /* else `error` says why not */
	bool is_other;  /* no Go program: `error` says what shows it */
	bool has_plan;
	struct live_plan plan;
	int32_t code;   /* enum err_code */
	char error[512];
	char exposed[128]; /* as ts_result has it */
};

/* Looks at a core at a path; the options say which executable is its, and whether to be isolated. */
void survey_run(const char *core, const struct ts_options *options, struct survey *ret);

#endif
