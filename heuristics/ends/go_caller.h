/* go_caller.h: which Go function called C, by the stack of a goroutine that is in C. */
#ifndef HEURISTICS_ENDS_GO_CALLER_H
#define HEURISTICS_ENDS_GO_CALLER_H

#include "heuristics/detector.h"

struct go_caller {
	const char *function;  /* of the program, e.g. "main.consume"; NULL: unknown */
	const char *c_function; /* what it called, by cgo's name for it ("die_of" of main._Cfunc_die_of); NULL: unknown */
	const char *place;     /* "main.go:109"; NULL: unknown */
};

/* Whether a frame is of C that the runtime printed by a symbolizer's help (runtime.SetCgoTraceback), above runtime.cgocall. */
bool is_symbolized(const struct frame *frame);

/* False: the goroutine does not stand in runtime.cgocall. */
bool go_caller_find(struct analysis *analysis, size_t goroutine, struct go_caller *ret);

/* The same of a stack, whose goroutine may not be known. */
bool go_caller_on(struct analysis *analysis, const struct stack *stack, struct go_caller *ret);

/* Adds that the finding's goroutine, or one whose number a log does not show, stands in runtime.cgocall, for whom. */
void go_caller_evidence(struct diagnosis *diagnosis, struct finding *finding, enum weight weight,
			const struct go_caller *caller);

#endif
