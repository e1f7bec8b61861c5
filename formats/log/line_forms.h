/* line_forms.h: forms that some writers give to text as such, which are undone before anything is looked for that stands around it. Each
 * is undone where lines of the runtime's show it, and nowhere else. */
#ifndef FORMATS_LOG_LINE_FORMS_H
#define FORMATS_LOG_LINE_FORMS_H

#include "formats/log/line_list.h"

/* Line breaks of HTML within a line; strings of Python, 'as it prints "them"' and b'bytes\n', which become strings of JSON; quoted-printable
 * (RFC 2045 6.7); strings of JSON as lists of bytes (journalctl -o json); "file-12-" of grep -C, which becomes "file:12:"; marks
 * of Markdown (markdown.h). True: something
 * was undone, and what was known of the lines' numbers is of others. */
bool line_forms_undo(struct arena *arena, struct line_list *lines, const struct anchored_lines *anchored);

#endif
