/* c_frames.h: the frames of C that a thread had when it was stopped, and who is to be named of them. */
#ifndef HEURISTICS_FAULTS_C_FRAMES_H
#define HEURISTICS_FAULTS_C_FRAMES_H

#include "heuristics/detector.h"

struct c_frames {
	struct stack stack;  /* the thread's */
	size_t first, end;   /* frames of C: first to end - 1; first is where the thread was stopped */
	size_t culprit;      /* the innermost that is neither the C library's nor a way to end the process; end: none */
	bool nowhere;        /* no code is at the first: the one above jumped there */
	bool death;          /* it was ending the process by a function of c_deaths.def */
	const char *reason;  /* what is known by those; NULL: nothing */
};

/* Of a thread that was stopped at `pc`, on a stack that is not a goroutine's. False: it was in Go. */
bool c_frames_find(struct analysis *analysis, size_t thread, uint64_t pc, struct c_frames *ret);

/* "parse (libparse.so)", "libparse.so+0x1234", "0x…": a frame in words, on the arena. */
const char *c_frame_text(struct analysis *analysis, const struct c_frames *frames, size_t index);

/* Whether a function of the runtime is one by which Go calls C. */
bool is_call_of_c(enum func_role role);

/* Whether a file is one of c_runtimes.def (NULL is none), and a function one of c_deaths.def. */
bool c_module_is_runtime(const char *module);
bool c_function_is_death(struct arena *arena, const char *function);

/* Whether a function is one of the C library's, by the beginning of its name. */
bool c_function_is_runtime(const char *function);

/* Where the file of a mapping begins in memory: what addr2line counts from. */
uint64_t c_module_start(const struct image *image, const struct mapping *mapping);

/* Its function, NULL: unknown. */
const char *c_frame_function(struct analysis *analysis, const struct c_frames *frames, size_t index);

#endif
