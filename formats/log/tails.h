/* tails.h: what some writers put behind the text of every line: the border of a table, a column with a number, a tag. */
#ifndef FORMATS_LOG_TAILS_H
#define FORMATS_LOG_TAILS_H

#include "formats/log/line_list.h"

/* Takes off all lines what stands behind most lines that a goroutine begins with, numbers and blanks aside. */
void tails_cut(struct line_list *lines, const struct anchored_lines *anchored);

#endif
