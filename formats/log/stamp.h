/* stamp.h: when a line of a log was written, by what stands around its text. */
#ifndef FORMATS_LOG_STAMP_H
#define FORMATS_LOG_STAMP_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct log_stamp {
	bool known;
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
};

/* The first date with a time of day (RFC 3339; also 2006/01/02 15:04:05, and what has a comma for its point) that stands in a line before its
 * text, else behind it. What names no zone is taken for UTC. */
struct log_stamp log_stamp_of(struct span line, struct span text);

#endif
