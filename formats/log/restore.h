/* restore.h: what copying and showing did to the lines of one sender, undone. */
#ifndef FORMATS_LOG_RESTORE_H
#define FORMATS_LOG_RESTORE_H

#include "formats/log/streams.h"

/* Entities of HTML made characters again, where lines of the runtime have them. */
void restore_entities(struct arena *arena, struct log_stream *stream);

/* Without what all lines are indented by. */
void restore_indent(struct log_stream *stream);

/* The lines in the order in which they were printed, where a log browser shows the last first: then true. */
bool restore_order(struct log_stream *stream);

/* Lines that were broken at some width made one again, where that makes lines of the runtime of them. */
void restore_width(struct arena *arena, struct log_stream *stream);

/* Every line has a blank one behind it that is not the runtime's. */
void restore_blanks(struct log_stream *stream);

#endif
