/* line_list.h: the lines of a part of a log, as they stand in it. */
#ifndef FORMATS_LOG_LINE_LIST_H
#define FORMATS_LOG_LINE_LIST_H

#include "base/vec.h"
#include "formats/log/stream_line.h"

struct line_list {
	VEC(struct stream_line) items;
};

/* The numbers of lines in which something of the runtime's stands (anchors.def), but for goroutines that stand there as printed. */
struct anchored_lines {
	VEC(size_t) items;
};

struct anchored_lines anchored_lines_of(struct arena *arena, const struct line_list *lines);

#endif
