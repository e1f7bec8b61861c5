/* profile.h: pprof's messages on their way out. A profile may have a million samples: nothing is kept but which texts, functions and
 * places it has already. Each message leaves as a profile of its own that holds nothing else; what is written one after the other is,
 * by the rules of protobuf, one profile. */
#ifndef REPORT_PROFILE_PROFILE_H
#define REPORT_PROFILE_PROFILE_H

#include "base/vec.h"
#include "base/word_map.h"
#include "report/profile/gzip.h"

#include <stdbool.h>

struct profile_label {
	const char *key, *value;
};

struct profile_line {
	const char *function;
	const char *file; /* "" : unknown */
	int64_t line;
};

struct profile {
	struct arena *arena;
	struct gzip *gzip;
	struct word_map texts, functions;
	uint64_t text_count, function_count, location_count;
};

/* Begins with the kind of its samples: so many goroutines. */
void profile_start(struct profile *profile, struct arena *arena, FILE *out);
void profile_end(struct profile *profile);

/* Text as it is to be shown; what is longer than 4 KB is cut. */
void profile_comment(struct profile *profile, const char *text);

/* The file of the program; locations with addresses in it are to say so. Its id is 1. */
void profile_mapping(struct profile *profile, uint64_t start, uint64_t end, const char *file, const char *build_id);

/* A place in code with its lines, the innermost call first; returns its id. */
uint64_t profile_location(struct profile *profile, uint64_t address, bool mapped, const struct profile_line *lines, size_t count);

/* `value` goroutines at locations, the innermost first. `scratch` is for what is needed until it is written. */
void profile_sample(struct profile *profile, struct arena *scratch, const uint64_t *locations, size_t count, int64_t value,
		    const struct profile_label *labels, size_t label_count);

#endif
