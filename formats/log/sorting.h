/* sorting.h: one step of taking lines apart: the outermost envelope off, and lines of one sender together. */
#ifndef FORMATS_LOG_SORTING_H
#define FORMATS_LOG_SORTING_H

#include "formats/log/streams.h"

/* Sorts lines by their senders, in order. Carriage returns at their ends, colours and entities are off already. */
struct log_streams log_sort(struct arena *arena, const struct stream_line *lines, size_t count);

#endif
