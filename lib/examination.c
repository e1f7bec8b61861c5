/* examination.c: see examination.h. */
#include "lib/examination.h"

#include "base/err.h"
#include "formats/archive/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ANSWER_MOST = 1 << 24 /* bytes: some of them for each crash of a log */ };

/* What an analysis says; its memory is taken as it is written to. */
struct answer {
	char *text;
	size_t size;
};

static void free_answer(void *object)
{
	munmap(((struct answer *)object)->text, ANSWER_MOST);
}

/* NULL: no memory. */
static struct answer *answer_new(struct arena *arena)
{
	struct answer *answer = arena_alloc(arena, sizeof *answer);

	answer->text = mmap(NULL, ANSWER_MOST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (answer->text == MAP_FAILED)
		return NULL;
	arena_defer(arena, free_answer, answer);
	return answer;
}

struct incident incident_failed(const struct input *input, const char *code, const char *text)
{
	return (struct incident){.path = input->path, .size = input->size, .modified = input->modified, .seen = input->seen, .host = input->host,
				 .error_code = code, .error = text};
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

/* What the file tells, which the dump must not; when a crash was the log may. */
static void tell_file(const struct input *input, const char *hash, struct incident *incident)
{
	incident->path = input->path;
	incident->size = input->size;
	incident->modified = input->modified;
	incident->seen = incident->crash && incident->crash_seen >= 0 ? incident->crash_seen : input->seen;
	incident->host = input->host;
	incident->hash = hash;
}

static struct ts_result analyse(const struct input *input, const struct ts_options *options, struct answer *answer)
{
	struct ts_options incident = *options;
	struct ts_result result = {.outcome = TS_FAILED, .error_code = "io"};
	FILE *out = answer ? fmemopen(answer->text, ANSWER_MOST, "w") : NULL;
	bool whole;

	incident.format = TS_INCIDENT;
	incident.every_crash = true;
	incident.workers = 1;
	incident.progress = NULL;
	incident.title = input->file ? input->path : NULL;
	if (!out) {
		snprintf(result.error, sizeof result.error, "%s: %s", input->path, strerror(errno));
		return result;
	}
	result = ts_analyze(file_of(input), &incident, out);
	whole = !fflush(out) && !ferror(out);
	answer->size = whole ? (size_t)ftell(out) : 0;
	fclose(out);
	if (!whole && result.outcome != TS_FAILED && result.outcome != TS_CANCELLED) {
		result.outcome = TS_FAILED;
		snprintf(result.error_code, sizeof result.error_code, "%s", err_code_name(ERR_LIMIT));
		snprintf(result.error, sizeof result.error, "%s: what is said of it needs too much memory", input->path);
	}
	return result;
}

/* The lines of an answer, of which the first is that of the file, and the others come from the last to the first. */
static bool read_answer(struct arena *arena, const struct answer *answer, struct examination *ret)
{
	const char *end = answer->text + answer->size;
	size_t left = 0;

	for (const char *at = answer->text; at < end; at++)
		left += *at == '\n';
	ret->items = arena_array(arena, left + 1, sizeof *ret->items);
	ret->count = left;
	for (const char *at = answer->text; left; left--) {
		const char *next = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
		struct incident *incident = &ret->items[left - 1];

		if (!incident_read(arena, at, (size_t)(next - at), incident))
			return false;
		incident->other = left != ret->count;
		if (incident->other ? !incident->crash : incident->error_code != NULL)
			return false;
		at = next;
	}
	return ret->count > 0;
}

static struct incident *only(struct arena *arena, struct examination *ret)
{
	ret->items = arena_alloc(arena, sizeof *ret->items);
	ret->count = 1;
	return ret->items;
}

static struct incident failed(struct arena *arena, const struct input *input, const struct ts_result *result)
{
	if (input->error)
		return incident_failed(input, err_code_name(ERR_IO), arena_printf(arena, "%s: %s", input->path, input->error));
	if (result->outcome == TS_FAILED)
		return incident_failed(input, arena_strdup(arena, *result->error_code ? result->error_code : err_code_name(ERR_IO)),
				       arena_strdup(arena, result->error));
	return incident_failed(input, err_code_name(ERR_CRASHED), arena_printf(arena, "%s: what its analysis said is no answer", input->path));
}

bool examine_input(struct arena *arena, const struct input *input, const struct ts_options *options, struct examination *ret)
{
	struct answer *answer = answer_new(arena);
	struct ts_result result = {.outcome = TS_FAILED};
	const char *hash;

	*ret = (struct examination){0};
	if (!input->error)
		result = analyse(input, options, answer);
	memcpy(ret->exposed, result.exposed, sizeof ret->exposed);
	if (result.outcome == TS_CANCELLED)
		return false;
	if (input->error || result.outcome == TS_FAILED || !answer || !read_answer(arena, answer, ret))
		*only(arena, ret) = failed(arena, input, &result);
	else if (*result.remark)
		ret->remark = arena_printf(arena, "%s: %s", input->path, result.remark);
	hash = input->error ? NULL : hash_of(arena, file_of(input));
	for (size_t i = 0; i < ret->count; i++)
		tell_file(input, hash, &ret->items[i]);
	return true;
}
