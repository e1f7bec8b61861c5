/* markdown.h: marks of Markdown (CommonMark 0.31, 6.1 and 6.2, 4.5) around what the runtime printed, as people paste it. */
#ifndef FORMATS_LOG_MARKDOWN_H
#define FORMATS_LOG_MARKDOWN_H

#include "formats/log/line_list.h"

/* Takes the marks for bold text and for code off the first line of the runtime's that has one, and off the line where they close. A line
 * that is marked alone, among lines that are not the runtime's, only quotes it, and is left as it is. True: some were taken off. */
bool markdown_undo(struct line_list *lines, const struct anchored_lines *anchored);

#endif
