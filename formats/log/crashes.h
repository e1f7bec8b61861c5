/* crashes.h: all crashes of a log, beside the one that its image is of. */
#ifndef FORMATS_LOG_CRASHES_H
#define FORMATS_LOG_CRASHES_H

#include "formats/dump/image.h"

struct log_crash {
	size_t number;                  /* in the log, from 1, as file_options.crash takes it: lists of stacks count */
	uint64_t first_line, last_line; /* of the file */
	uint64_t bytes;                 /* of its lines */
};

/* How many crashes are in the log that an image is of: lists of stacks that end no process are none. 0: it is no log. */
size_t log_crash_count(const struct image *image);

/* The crash of an index, the last of the log first. */
struct log_crash log_crash_at(const struct image *image, size_t index);

/* That crash as an image of its own, on another arena; `log` must outlive it. */
struct image *log_crash_image(struct arena *arena, struct notes *notes, const struct image *log, size_t index);

#endif
