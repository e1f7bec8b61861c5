/* streams.h: the lines of a part of a log, without their envelopes, and each with those of its own sender. */
#ifndef FORMATS_LOG_STREAMS_H
#define FORMATS_LOG_STREAMS_H

#include "base/vec.h"
#include "formats/log/grammar.h"

/* A part of a log in which something of the runtime's was found. */
struct log_region {
	size_t start, end; /* whole lines */
	uint64_t line;     /* number of the first */
	bool faint;        /* only words were found that others use as well, in the middle of lines: "panic: " */
};

struct log_record {
	struct span text;
	uint64_t number; /* of the line of the file */
	uint32_t width;  /* bytes of that line, envelope and all; saturating */
	uint8_t kind;    /* enum log_kind */
	bool bare;       /* without the envelope of the line before: perhaps its continuation */
};

struct log_stream {
	uint64_t sender;
	bool enveloped; /* something stood around its lines */
	VEC(struct log_record) records;
	VEC(uint8_t) partial; /* a line whose end is still to come */
};

struct log_streams {
	VEC(struct log_stream) items;
};

/* Takes a region of a log apart. Texts are the log's, or on the arena where something had to be undone. */
struct log_streams log_streams_of(struct arena *arena, struct span log, const struct log_region *region);

#endif
