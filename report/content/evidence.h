/* evidence.h: why a verdict is believed, what else was found, and whom the kernel may still write to, in lines. Strings hold text of
 * the dump as it is: formats escape. */
#ifndef REPORT_CONTENT_EVIDENCE_H
#define REPORT_CONTENT_EVIDENCE_H

#include "heuristics/detector.h"

/* Whether a piece is of weight, or `verbose`. */
bool evidence_shown(const struct evidence *evidence, bool verbose);

/* The text, with the address if it does not name it itself. */
const char *evidence_line(struct arena *arena, const struct evidence *evidence);

/* "; explained by the verdict", or why it is not the verdict; "" */
const char *finding_relation(struct arena *arena, const struct diagnosis *diagnosis, size_t index);

/* The bug, which releases fix it, and whether that of the dump has it. */
const char *bug_line(struct arena *arena, const struct diagnosis *diagnosis, const struct cited_bug *cited);

struct exposure_lines {
	VEC(const char *) items;
};

/* A line for each parameter that the kernel will write to the stacks of goroutines: the first few. */
void exposure_list(struct arena *arena, const struct diagnosis *diagnosis, struct exposure_lines *ret);
#define EXPOSURES_HEADING "Exposed: the kernel will write to a stack that has moved on (nothing has happened yet)"

#endif
