/* sections.h: several files in one, in turns or one behind the other: before each part stands "==> NAME <==", and before that an empty
 * line (tail -f; GNU coreutils, tail.c write_header). */
#ifndef FORMATS_LOG_SECTIONS_H
#define FORMATS_LOG_SECTIONS_H

#include "formats/log/line_list.h"

struct log_section {
	uint64_t name; /* a hash; 0: there are no such lines */
	struct line_list lines;
};

struct log_sections {
	VEC(struct log_section) items;
};

/* Puts the lines of each file together. `before`: the log up to the first line. *name is the file that the first line is of, or 0, and
 * becomes the one that the last is of. */
struct log_sections log_sections_of(struct arena *arena, const struct line_list *lines, struct span before, uint64_t *name);

#endif
