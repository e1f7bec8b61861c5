/* ordinary_ends.h: shared by the detectors of a process's ordinary ends. */
#ifndef HEURISTICS_ORDINARY_ENDS_H
#define HEURISTICS_ORDINARY_ENDS_H

#include "heuristics/detector.h"

/* Whether a frame belongs to the runtime, or to no Go function. */
bool is_runtime_frame(const struct frame *frame);

/* Index of the first frame at or above `from` that is the program's own; SIZE_MAX: none. */
size_t first_program_frame(const struct stack *stack, size_t from);

/* Index of the innermost frame with a role; SIZE_MAX: none. */
size_t find_role(const struct stack *stack, enum func_role role);

/* Makes a finding point at a frame of its goroutine's stack; ignored when there is no such frame. */
void point_at(struct analysis *analysis, struct finding *finding, const struct stack *stack, size_t frame);

#endif
