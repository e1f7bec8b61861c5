/* streams.h: the lines of a part of a log, without their envelopes, and each with those of its own sender. */
#ifndef FORMATS_LOG_STREAMS_H
#define FORMATS_LOG_STREAMS_H

#include "base/vec.h"
#include "formats/log/grammar.h"
#include "formats/log/stream_line.h"

/* A part of a log in which something of the runtime's was found. */
struct log_region {
	size_t start, end; /* whole lines */
	uint64_t line;     /* number of the first */
	bool faint;        /* only words were found that others use as well, in the middle of lines: "panic: " */
};

struct log_stream {
	uint64_t sender; /* the same in each part of a region */
	size_t envelope; /* that its lines had last: which of those of their surroundings */
	bool enveloped; /* something stood around its lines */
	VEC(struct stream_line) records;
	VEC(uint8_t) partial; /* a line whose end is still to come */
};

struct log_streams {
	VEC(struct log_stream) items;
};

/* Whether the stacks of those whom an envelope tells apart lack places behind calls: then they are one. */
bool log_streams_torn(const struct log_streams *streams, size_t envelope);

/* Takes a region of a log apart. Texts are the log's, or on the arena where something had to be undone. *section is of the region before,
 * if that goes on in this one, or 0 (sections.h). */
struct log_streams log_streams_of(struct arena *arena, struct span log, const struct log_region *region, uint64_t *section);

#endif
