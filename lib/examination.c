/* examination.c: see examination.h. */
#include "lib/examination.h"

#include "base/err.h"
#include "formats/archive/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct answer {
	char *text;
	size_t size;
};

static void free_answer(void *object)
{
	free(((struct answer *)object)->text);
}

static void fail(struct arena *arena, struct incident *incident, const char *code, const char *text)
{
	incident->error_code = arena_strdup(arena, code);
	incident->error = arena_strdup(arena, text);
}

static const char *file_of(const struct input *input)
{
	return input->file ? input->file : input->path;
}

static const char *hash_of(struct arena *arena, const char *path)
{
	const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char digits[DIGEST_TEXT];
	const bool hashed = descriptor >= 0 && digest_file(descriptor, digits);

	if (descriptor >= 0)
		close(descriptor);
	return hashed ? arena_strdup(arena, digits) : NULL;
}

/* What the file tells, which the dump must not. */
static void tell_file(struct arena *arena, const struct input *input, struct incident *incident)
{
	incident->path = input->path;
	incident->size = input->size;
	incident->modified = input->modified;
	incident->seen = input->seen;
	incident->host = input->host;
	incident->hash = input->error ? NULL : hash_of(arena, file_of(input));
}

static struct ts_result analyse(const struct input *input, const struct ts_options *options, struct answer *answer)
{
	struct ts_options incident = *options;
	struct ts_result result = {.outcome = TS_FAILED, .error_code = "io"};
	FILE *out = open_memstream(&answer->text, &answer->size);

	incident.format = TS_INCIDENT;
	incident.workers = 1;
	incident.progress = NULL;
	incident.title = input->file ? input->path : NULL;
	if (!out) {
		snprintf(result.error, sizeof result.error, "%s: %s", input->path, strerror(errno));
		return result;
	}
	result = ts_analyze(file_of(input), &incident, out);
	if (fclose(out) && result.outcome != TS_FAILED) {
		result.outcome = TS_FAILED;
		snprintf(result.error, sizeof result.error, "%s: %s", input->path, strerror(errno));
	}
	return result;
}

bool examine_input(struct arena *arena, const struct input *input, const struct ts_options *options, struct incident *ret, char *exposed, size_t size)
{
	struct answer *answer = arena_alloc(arena, sizeof *answer);
	struct ts_result result = {.outcome = TS_FAILED};

	*ret = (struct incident){0};
	arena_defer(arena, free_answer, answer);
	if (!input->error)
		result = analyse(input, options, answer);
	snprintf(exposed, size, "%s", result.exposed);
	if (result.outcome == TS_CANCELLED)
		return false;
	if (input->error)
		fail(arena, ret, err_code_name(ERR_IO), arena_printf(arena, "%s: %s", input->path, input->error));
	else if (result.outcome == TS_FAILED)
		fail(arena, ret, *result.error_code ? result.error_code : err_code_name(ERR_IO), result.error);
	else if (!incident_read(arena, answer->text, answer->size, ret) || ret->error_code)
		fail(arena, ret, err_code_name(ERR_CRASHED), arena_printf(arena, "%s: what its analysis said is no answer", input->path));
	tell_file(arena, input, ret);
	return true;
}
