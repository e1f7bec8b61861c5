/* sample.c: see sample.h. */
#include "lib/sample.h"

#include "base/temporary.h"
#include "fleet/incident.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPORT_MOST = 1 << 20 /* bytes of a report that are kept */ };

struct sampling {
	struct arena *arena;
	const char *path; /* what is read */
	struct ts_options options;
};

static bool succeeded(enum ts_outcome outcome)
{
	return outcome == TS_ANALYSED || outcome == TS_ANALYSED_CORRUPTION;
}

/* NULL: there is none. */
static const char *text_of(const struct sampling *sampling, enum ts_format format)
{
	struct ts_options options = sampling->options;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *kept = NULL;
	bool made;

	options.format = format;
	options.goroutines = TS_GOROUTINES_GROUPS;
	made = out && succeeded(ts_analyze(sampling->path, &options, out).outcome);
	if (out && fclose(out))
		made = false;
	if (made)
		kept = arena_strndup(sampling->arena, text, size < REPORT_MOST ? size : REPORT_MOST);
	free(text);
	return kept;
}

static bool make(const struct sampling *sampling, const char **headline, const char **report)
{
	const char *line = text_of(sampling, TS_INCIDENT);
	struct incident incident;

	*report = line ? text_of(sampling, TS_TEXT) : NULL;
	if (!*report || !incident_read(sampling->arena, line, strlen(line), &incident))
		return false;
	*headline = incident.headline;
	return true;
}

/* A file without a name that has nothing of the dump but what a report needs and may tell; -1: none can be made. */
static int redact(const char *path, const struct ts_options *given)
{
	struct ts_options options = *given;
	const int descriptor = temporary_open(), copy = descriptor < 0 ? -1 : dup(descriptor);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	bool made;

	options.format = TS_SLIM;
	options.tables = true;
	options.workers = 1;
	options.progress = NULL;
	options.db = NULL;
	made = out && succeeded(ts_analyze(path, &options, out).outcome);
	if (out ? fclose(out) : copy >= 0 && close(copy))
		made = false;
	if (made || descriptor < 0)
		return descriptor;
	close(descriptor);
	return -1;
}

/* Whether that crash of the log still has that number: logs are rotated. */
static bool is_there(const struct sampling *sampling, const char *fingerprint)
{
	const char *line = text_of(sampling, TS_INCIDENT);
	struct incident incident;

	return line && incident_read(sampling->arena, line, strlen(line), &incident) && !strcmp(incident.fingerprint, fingerprint);
}

bool sample_report(struct arena *arena, const struct sample *sample, const char *fingerprint, const struct ts_options *options, bool unredacted,
		   const char **headline, const char **report)
{
	const char *path = sample->path, *slash = strrchr(path, '/');
	struct sampling sampling = {.arena = arena, .path = path, .options = *options};
	bool made;
	int descriptor;

	sampling.options.workers = 1;
	sampling.options.progress = NULL;
	sampling.options.db = NULL;
	sampling.options.crash = sample->total > 1 ? (unsigned)sample->number : 0;
	if (sampling.options.crash && !is_there(&sampling, fingerprint))
		return false;
	if (unredacted)
		return make(&sampling, headline, report);
	descriptor = redact(path, &sampling.options);
	if (descriptor < 0)
		return false;
	sampling.path = arena_printf(arena, "/proc/self/fd/%d", descriptor);
	sampling.options = (struct ts_options){.max_size = options->max_size, .title = slash ? slash + 1 : path, .workers = 1, .alone = true,
					       .isolated = options->isolated, .cancelled = options->cancelled,
					       .context = options->context};
	made = make(&sampling, headline, report);
	close(descriptor);
	return made;
}
