/* state.h: what a triage has done so far: a file of lines (incident.h), to which each input adds one. A run that was killed loses the
 * line that it was writing, and goes on with the others. */
#ifndef FLEET_STATE_H
#define FLEET_STATE_H

#include "base/err.h"

struct state;

/* Opens it, or makes it (0600), for this process alone until the arena is freed, and hands its lines to `line`. A line that was
 * not written whole is removed from its end. Errors: IO, LIMIT (another process has it), BAD_DATA (another kind of file). */
const struct err *state_open(struct arena *arena, const char *path, bool (*line)(void *context, const char *text, size_t size), void *context,
			     struct state **ret);

/* Adds a line, which ends with a line end. False: errno says why; the file is as it was before. */
bool state_add(struct state *state, const char *text, size_t size);

#endif
