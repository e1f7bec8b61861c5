/* lines.h: one line of a stack in words. Strings hold text of the dump as it is: formats escape. */
#ifndef REPORT_CONTENT_LINES_H
#define REPORT_CONTENT_LINES_H

#include "analyzer/unwind/stack.h"

/* "main.go:25", "in libc.so.6", or ""; `verbose`: with the file's folder. */
const char *line_place(struct arena *arena, const struct frame_line *line, bool verbose);

/* A symbol of C++ or Rust as its language writes it; Go's are what they are; "?": in no known function. */
const char *line_function(struct arena *arena, const struct frame_line *line);

#endif
