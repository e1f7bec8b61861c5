/* stack_keys.h: a stack in words that are the same in every build of a program. */
#ifndef REPORT_FINGERPRINT_STACK_KEYS_H
#define REPORT_FINGERPRINT_STACK_KEYS_H

#include "heuristics/detector.h"

/* Functions that count, innermost first, each once: the program's own, inlined ones too, as many as are asked for; of closures only the
 * innermost function, since up to Go 1.20 their names do not tell what they are written in where that is inlined. Of Go's library
 * only what the program called is in it, by the function that it called, and of the runtime and the C library nothing: what they do
 * inside differs from release to release. */
struct stack_keys {
	struct analysis *analysis;
	struct arena *arena;
	size_t most, taken;    /* functions of the program */
	size_t innermost;      /* so many of them are what it died in; 0: no matter */
	size_t within;         /* keys up to the last of those; set as they are added */
	const char *c_called;  /* what the goroutine called by cgo: Go's own frame says it already; NULL: nothing */
	const char *library;   /* the outermost function of Go's library since the program's last; NULL: none */
	VEC(const char *) keys;
	VEC(size_t) met;       /* per key: how often */
};

/* Adds a stack from a frame on. */
void stack_keys_add(struct stack_keys *keys, const struct stack *stack, size_t from);

/* Where a stack has no function of the program, the outermost of Go's library is better than nothing. */
void stack_keys_end(struct stack_keys *keys);

/* "main.f+0x1f", "libz.so+0x1234": a frame in one build. */
const char *stack_place(struct analysis *analysis, struct arena *arena, const struct frame *frame);

#endif
