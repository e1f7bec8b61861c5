/* handle.c: an analysis that is kept open. What its structs hold is what the report's JSON says, whether it was made in this process or
 * in an isolated one: there is one account of what was found. */
#include "lib/options.h"
#include "lib/report_reader.h"
#include "lib/result.h"
#include "lib/shapes.h"

#define BUDGET ((size_t)2 << 30)

struct ts_handle {
	struct arena *arena;
	const struct ts_report *report;
};

struct opening {
	struct ts_handle *handle;
	const char *dump;
	struct ts_options options;
	struct ts_result result;
};

static bool was_analysed(const struct ts_result *result)
{
	return result->outcome == TS_ANALYSED || result->outcome == TS_ANALYSED_CORRUPTION;
}

static void end(struct opening *opening, struct report_reader *reader)
{
	bool full;

	opening->handle->report = report_reader_end(reader, &full);
	if (full)
		result_fail(&opening->result, ERR_LIMIT, "what was found does not fit into 2 GiB of memory: ask for fewer goroutines");
	else if (!opening->handle->report)
		result_fail(&opening->result, ERR_CRASHED, "the analysis ended before its report was whole");
}

static void analyse(void *context)
{
	struct opening *opening = context;
	FILE *stream = NULL;
	struct report_reader *reader = report_reader_open(opening->handle->arena, &stream);

	if (!reader)
		return;
	opening->options.format = TS_JSON;
	opening->options.every_crash = false;
	opening->result = ts_analyze(opening->dump, &opening->options, stream);
	if (was_analysed(&opening->result))
		end(opening, reader);
}

/* It lies in its own arena. */
static void make_handle(void *context)
{
	struct opening *opening = context;
	struct ts_handle *handle = arena_alloc(opening->handle->arena, sizeof *handle);

	*handle = *opening->handle;
	opening->handle = handle;
}

struct ts_result ts_open_sized(const char *dump, const struct ts_options *options, size_t options_size, struct ts_handle **ret)
{
	struct ts_handle handle = {.arena = arena_new(BUDGET)};
	struct opening opening = {.handle = &handle, .dump = dump};

	*ret = NULL;
	result_fail(&opening.result, ERR_LIMIT, "no memory");
	if (handle.arena && options_take(options, options_size, &opening.options, sizeof opening.options, &opening.result))
		arena_run(handle.arena, analyse, &opening);
	if (handle.report && arena_run(handle.arena, make_handle, &opening))
		*ret = opening.handle;
	else
		arena_free(handle.arena);
	return opening.result;
}

const struct ts_report *ts_report_of(const struct ts_handle *handle)
{
	return handle->report;
}

void ts_close(struct ts_handle *handle)
{
	if (handle)
		arena_free(handle->arena);
}

const char *ts_certainty_name(enum ts_certainty certainty)
{
	return (unsigned)certainty <= TS_CERTAIN ? certainties[certainty] : certainties[TS_UNKNOWN];
}
