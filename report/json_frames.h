/* json_frames.h: the frames of stacks in JSON. A dump may have many millions of them at a few thousand pcs, so what depends
 * only on the pc is put into words once. */
#ifndef REPORT_JSON_FRAMES_H
#define REPORT_JSON_FRAMES_H

#include "report/json_writer.h"

/* Writes the frames, separated by commas: one object per line of struct frame_line. Returns the number of those before
 * stack->elided_at. */
size_t write_frames(struct writer *writer, const struct stack *stack);

#endif
