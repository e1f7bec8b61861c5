/* recorded_arguments.h: what functions were called with, as a log prints it (runtime/traceback.go printArgs). */
#ifndef GOLANG_RECORDED_ARGUMENTS_H
#define GOLANG_RECORDED_ARGUMENTS_H

#include "golang/recorded.h"

/* The next number among a frame's arguments as printed ("0x4000003c00, {0x1, 0x2?}, ..."), from byte *at of them on, which it moves. `unsure`:
 * the runtime marked it as one that may be stale. False: there is none. */
bool recorded_argument(const struct recorded_frame *frame, size_t *at, uint64_t *value, bool *unsure);

/* Whether two frames were called with the same address, of which the runtime was sure at both; the first such. */
bool recorded_share_argument(const struct recorded_frame *a, const struct recorded_frame *b, uint64_t *ret);

/* The goroutine whose g is an argument of a frame of a printed stack, from number *frame on, the innermost first, other than that of index
 * `except`; its index, and *frame: which one; -1: none is. */
int32_t recorded_names_goroutine(const struct go_runtime *runtime, const struct recorded_stack *stack, int32_t except, size_t *frame);

#endif
