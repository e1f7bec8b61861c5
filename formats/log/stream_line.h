/* stream_line.h: a line on its way from the log to a crash. */
#ifndef FORMATS_LOG_STREAM_LINE_H
#define FORMATS_LOG_STREAM_LINE_H

#include "base/span.h"

struct stream_line {
	struct span text;
	const uint8_t *raw; /* where that line begins in the log, envelope and all */
	uint64_t number; /* of the line of the file */
	uint32_t width;  /* bytes of that line, envelope and all; saturating */
	uint16_t below;  /* lines in its text behind the first: a goroutine with its stack, as printed (whole_stack.h) */
	uint8_t kind;    /* enum log_kind (grammar.h), once it is in a stream */
	bool bare;       /* without the envelope of the line before: perhaps its continuation */
};

#endif
