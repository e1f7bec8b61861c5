/* frames.h: the members of a JSON object that tell of a stack. */
#ifndef REPORT_JSON_FRAMES_H
#define REPORT_JSON_FRAMES_H

#include "report/json/writer.h"

/* Writes "frames", one object per line of struct frame_line, and what follows them: how the stack ends. */
void write_stack(struct writer *writer, const struct stack *stack);

#endif
