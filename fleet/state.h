/* state.h: what a triage has done so far: a file of lines (incident.h), to which each input adds one, and a log one for each of its other crashes
 * before that. A run that was killed loses what it was writing of one input, and goes on with the others. */
#ifndef FLEET_STATE_H
#define FLEET_STATE_H

#include "base/err.h"

struct state;

/* Opens it, or makes it (0600), for this process alone until the arena is freed, and hands its lines to `line`. What was
 * not written whole, of a line or of the lines of an input, is removed from its end. Errors: IO, LIMIT (another process has it), BAD_DATA (another kind of file). */
const struct err *state_open(struct arena *arena, const char *path, bool (*line)(void *context, const char *text, size_t size), void *context,
			     struct state **ret);

/* Adds the lines of an input; the last ends with a line end. False: errno says why; the file is as it was before. */
bool state_add(struct state *state, const char *text, size_t size);

#endif
