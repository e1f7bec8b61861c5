/* checks.h: how whoever doubts it reads a piece of evidence again. */
#ifndef REPORT_CONTENT_CHECKS_H
#define REPORT_CONTENT_CHECKS_H

#include "heuristics/finding.h"

/* A command of gdb and one of Delve, for a debugger that has the dump and the executable open; NULL: there is none. */
struct check {
	const char *gdb, *delve;
};

struct check evidence_check(struct arena *arena, const struct finding *finding, const struct evidence *evidence);

#endif
