/* part.h: which part of the heap is wrong, by what the collector and the allocator throw (texts.def) or by which of
 * their functions met a fault (functions.def). */
#ifndef HEURISTICS_HEAP_PART_H
#define HEURISTICS_HEAP_PART_H

#include "heuristics/detector.h"

enum heap_part {
#define HEAP_PART(id, what, usual) PART_##id,
#include "heuristics/heap/parts.def"
#undef HEAP_PART
	PART_BY_FUNCTION, /* the text alone does not tell: the function that met it does */
	PART_NONE,
};

struct heap_part_text {
	const char *what;  /* completes "the Go heap is damaged: …" */
	const char *usual; /* a sentence: what that comes from as a rule */
};

/* The words of a part that parts.def has. */
const struct heap_part_text *heap_part_text(enum heap_part part);

/* The part by the runtime's last line, "fatal error: …" (NULL: there is none), and by the name of a function. NONE: neither
 * the collector's nor the allocator's. */
enum heap_part heap_part_of_line(const char *line);
enum heap_part heap_part_of_function(const char *name);

/* The innermost function of the heap's own at or above a frame, with only the runtime's helpers (throw, panicIndex, memmove, …)
 * below it: its part and name, and in *frame the index of its frame. NONE: something else lies there.
 * `wrote`: the fault was a write. */
enum heap_part heap_part_on_stack(struct analysis *analysis, const struct stack *stack, bool wrote, size_t *frame,
				  const char **name);

#endif
