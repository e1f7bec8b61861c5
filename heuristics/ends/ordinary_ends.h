/* ordinary_ends.h: shared by the detectors of a process's ordinary ends. */
#ifndef HEURISTICS_ENDS_ORDINARY_ENDS_H
#define HEURISTICS_ENDS_ORDINARY_ENDS_H

#include "heuristics/detector.h"

/* Whether a frame belongs to the runtime, or to no Go function. */
bool is_runtime_frame(const struct frame *frame);

/* Index of the first frame at or above `from` that is the program's own; SIZE_MAX: none. */
size_t first_program_frame(const struct stack *stack, size_t from);

/* Index of the innermost frame with a role; SIZE_MAX: none. */
size_t find_role(const struct stack *stack, enum func_role role);

/* Makes a finding point at a frame of its goroutine's stack; ignored when there is no such frame. */
void point_at(struct analysis *analysis, struct finding *finding, const struct stack *stack, size_t frame);

/* The innermost function at a frame that is the program's own, be it inlined. */
const char *program_function(struct analysis *analysis, const struct stack *stack, size_t frame);

/* Index of the frame of the program that panicked, in its goroutine's stack; SIZE_MAX: unknown. */
size_t panic_frame(const struct stack *stack, const struct panic_value *panic);

/* go_fatal.c: index of the frame that called runtime.throw or runtime.fatal, on the stack of the thread that died or on that of its goroutine;
 * *ret is the stack that has it. SIZE_MAX: no such frame. */
size_t thrower_find(struct analysis *analysis, struct stack *ret);

/* go_fatal.c: that the runtime threw: the stack of the thread that died, and what its M says of itself. */
void thrown_evidence(struct diagnosis *diagnosis, struct finding *finding);

/* go_fatal.c: what the runtime said before the last line, for whoever has to understand that. */
void backlog_evidence(struct diagnosis *diagnosis, struct finding *finding, enum weight weight, const char *last);

/* go_fatal.c: m.throwing of the thread that died: whom the runtime blames (runtime.throwType, Go 1.19). */
enum throw_type { THROW_UNKNOWN, THROW_USER, THROW_RUNTIME };
enum throw_type throw_blames(const struct analysis *analysis);

/* go_fatal.c: whether the runtime's last words only say that the CPU faulted (fault_messages.def). */
bool message_names_fault(const struct analysis *analysis);

/* The panic that the others came after; NULL: there are only Goexits. */
const struct panic_value *oldest_panic(const struct messages *messages);

/* Text up to its first line's end, as much of it as one sentence bears. */
const char *one_line(struct arena *arena, const char *text);

/* Walks the stack that a finding speaks of: its goroutine's, else its thread's. Whether it leads to where it began, or to another
 * stack. */
bool is_whole_stack(struct analysis *analysis, const struct finding *finding, struct stack *ret);

#endif
