/* crash_openings.h: with which notes of the runtime's a crash may begin, and what tells that one is over. */
#ifndef FORMATS_LOG_CRASH_OPENINGS_H
#define FORMATS_LOG_CRASH_OPENINGS_H

#include "base/span.h"

#include <stdbool.h>

/* Whether a note may be the first line of a crash (openings.def). */
bool crash_opening(struct span note);

/* Whether it says that a stack cannot be walked, as the runtime also does in the midst of one that it prints. */
bool crash_opening_of_walk(struct span note);

/* Whether what ended the process is that a stack could not be walked. */
bool crash_by_walk(struct span end);

/* Whether a line, wherever it is from, says that the process is gone (gone.def). */
bool crash_is_over(struct span line);

#endif
