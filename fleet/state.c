/* state.c: see state.h. */
#include "fleet/state.h"

#include "fleet/incident.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct state {
	struct arena *arena;
	int descriptor;
	off_t end; /* of the last line */
};

static void close_state(void *object)
{
	close(((struct state *)object)->descriptor);
}

static const struct err *io_error(struct state *state, const char *path)
{
	return err_new(state->arena, ERR_IO, "%s: %s", path, strerror(errno));
}

/* The next line and its size; of one that is longer than a line may be, so much that it is none. What is behind the last line end has no
 * line end. 0: there is nothing more. */
static size_t next_line(FILE *file, char text[static INCIDENT_LINE + 1])
{
	size_t size = 0;
	int letter;

	while (size <= INCIDENT_LINE && (letter = getc_unlocked(file)) != EOF) {
		text[size++] = (char)letter;
		if (letter == '\n')
			break;
	}
	return size;
}

/* What a run that was killed left behind the last line end is the beginning of a line; anything else is somebody's, and stays. */
static bool is_torn(const char *text, size_t size)
{
	static const char start[] = "{\"schema\":\"tornstack.triage/";
	const size_t known = sizeof start - 1;

	return size <= INCIDENT_LINE && text[size - 1] != '\n' && !memcmp(text, start, size < known ? size : known);
}

/* Of a log's crash: the line of the log comes behind it. */
static bool is_crash(const char *text, size_t size)
{
	static const char start[] = "{\"schema\":\"tornstack.triage/1\",\"kind\":\"crash\"";

	return size > sizeof start && !memcmp(text, start, sizeof start - 1) && text[size - 1] == '\n';
}

/* Whether the line of the log is there. If not, the run was killed before it had written all that it had to say of the log. */
static bool is_whole(FILE *file, off_t begin, char text[static INCIDENT_LINE + 1])
{
	size_t size = 0;

	if (fseeko(file, begin, SEEK_SET))
		return false;
	while ((size = next_line(file, text)) && is_crash(text, size))
		;
	return size && !is_torn(text, size) && !fseeko(file, begin, SEEK_SET);
}

static const struct err *read_lines(struct state *state, const char *path, bool (*line)(void *, const char *, size_t), void *context)
{
	char *text = arena_alloc(state->arena, INCIDENT_LINE + 1);
	const int copy = fcntl(state->descriptor, F_DUPFD_CLOEXEC, 0);
	FILE *file = copy < 0 ? NULL : fdopen(copy, "r");
	const struct err *err = file ? NULL : io_error(state, path);
	bool within = false; /* lines of a log's crashes that are known to be all there */
	size_t size;

	while (!err && (size = next_line(file, text)) && !is_torn(text, size)) {
		if (is_crash(text, size) && !within) {
			within = is_whole(file, state->end, text);
			if (!within)
				break;
			continue;
		}
		within = within && is_crash(text, size);
		if (text[size - 1] != '\n' || !line(context, text, size))
			err = err_new(state->arena, ERR_BAD_DATA, "%s: byte %lld is not the beginning of a line that tornstack triage wrote: this is no state file, or it is damaged",
				      path, (long long)state->end);
		state->end += (off_t)size;
	}
	if (file && ferror(file) && !err)
		err = io_error(state, path);
	if (file)
		fclose(file);
	return err;
}

const struct err *state_open(struct arena *arena, const char *path, bool (*line)(void *, const char *, size_t), void *context, struct state **ret)
{
	struct state *state = arena_alloc(arena, sizeof *state);
	const struct err *err;
	struct stat status;

	*state = (struct state){.arena = arena, .descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600)};
	if (state->descriptor < 0 || fstat(state->descriptor, &status))
		return io_error(state, path);
	arena_defer(arena, close_state, state);
	if (!S_ISREG(status.st_mode))
		return err_new(arena, ERR_BAD_DATA, "%s: it is not a file", path);
	if (flock(state->descriptor, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? err_new(arena, ERR_LIMIT, "%s: another triage is writing to it", path) : io_error(state, path);
	err = read_lines(state, path, line, context);
	if (!err && ftruncate(state->descriptor, state->end))
		err = io_error(state, path);
	*ret = state;
	return err;
}

bool state_add(struct state *state, const char *text, size_t size)
{
	for (size_t done = 0; done < size;) {
		const ssize_t written = pwrite(state->descriptor, text + done, size - done, state->end + (off_t)done);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			const int error = written ? errno : ENOSPC;

			if (ftruncate(state->descriptor, state->end)) {
				/* the next run does: there is no line end */
			}
			errno = error;
			return false;
		}
		done += (size_t)written;
	}
	state->end += (off_t)size;
	return true;
}
