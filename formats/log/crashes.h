/* crashes.h: all crashes of a log, beside the one that its image is of. */
#ifndef FORMATS_LOG_CRASHES_H
#define FORMATS_LOG_CRASHES_H

#include "formats/archive/digest.h"
#include "formats/dump/image.h"
#include "formats/log/stamp.h"

struct log_crash {
	size_t number;                  /* in the log, from 1, as file_options.crash takes it: lists of stacks count */
	uint64_t first_line, last_line; /* of the file */
	uint64_t bytes;                 /* of its lines */
};

/* How many crashes are in the log that an image is of: lists of stacks that end no process are none. 0: it is no log. */
size_t log_crash_count(const struct image *image);

/* … and how many numbers there are for file_options.crash. */
size_t log_crash_numbers(const struct image *image);

/* The crash of an index, the last of the log first. */
struct log_crash log_crash_at(const struct image *image, size_t index);

/* The text of that crash (lines.h). */
struct log_block;
const struct log_block *log_crash_block(const struct image *image, size_t index);

/* What tells a crash from others, in any log: equal for the same crash in two logs, or in one that has grown. */
struct log_crash_key {
	char digest[DIGEST_TEXT]; /* of its lines without what stands around them, and of when it was; of equal ones in a log of their number, too */
	struct log_stamp seen;
};

/* Of the last `count` crashes, the last first. `arena` is scratch memory. */
void log_crash_keys(struct arena *arena, const struct image *image, size_t count, struct log_crash_key *ret);

/* That crash as an image of its own, on another arena; `log` must outlive it. */
struct image *log_crash_image(struct arena *arena, struct notes *notes, const struct image *log, size_t index);

#endif
