/* frames.h: a stack as a list of lines: with the frame that the verdict points at, the seam where it was torn, and without what recurs.
 * Strings hold text of the dump as it is: formats escape. */
#ifndef REPORT_CONTENT_FRAMES_H
#define REPORT_CONTENT_FRAMES_H

#include "heuristics/detector.h"

struct listed_line {
	struct frame_line line;
	const char *pc;       /* "" of inlined calls, and where it is not known */
	const char *function; /* "?" where it is not known */
	const char *place;    /* "main.go:25", or "" */
	const char *remark;   /* "inlined", or "" */
	const char *elision;  /* what is left out here; NULL: this is a frame */
	bool seam;            /* the runtime goes astray before this frame */
};

struct stack_listing {
	VEC(struct listed_line) lines;
	int64_t torn_by;  /* bytes; 0: not known, or not torn */
	const char *end;  /* why it is not whole; NULL: it is */
	uint64_t end_address; /* 0: none */
};

/* `verbose`: all of it, and full names of files. */
void stack_list(struct arena *arena, const struct diagnosis *diagnosis, const struct stack *stack, bool verbose, struct stack_listing *ret);

/* "torn here by 416 bytes: …" */
const char *seam_text(struct arena *arena, const struct stack_listing *listing);

/* The frame that the verdict is about, for frame_is_pointed; pc 0: none. */
struct pointed_frame {
	uint64_t pc, sp;
};
struct pointed_frame verdict_frame(const struct diagnosis *diagnosis);
bool frame_is_pointed(const struct pointed_frame *pointed, const struct frame *frame);

/* Where that is, "main.(*conn).decode main.go:65"; else the function that it names; NULL: none. */
const char *verdict_place(struct arena *arena, const struct diagnosis *diagnosis);

/* Whose stacks the verdict is about; -1: nobody's. */
struct verdict_stacks {
	int32_t goroutine, thread;
};
struct verdict_stacks verdict_stacks(const struct diagnosis *diagnosis);

/* "Stack of goroutine 22, repaired  (waiting: preempted)" */
const char *goroutine_heading(struct arena *arena, const struct analysis *analysis, size_t index, const struct stack *stack);
const char *thread_heading(struct arena *arena, const struct analysis *analysis, size_t index);

#endif
