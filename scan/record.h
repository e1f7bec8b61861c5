/* record.h: what was found in one input, also as bytes: a child that scanned it tells its parent. */
#ifndef SCAN_RECORD_H
#define SCAN_RECORD_H

#include "scan/batch.h"

#include <stdio.h>

struct input_result {
	VEC(struct scanned) binaries;
	VEC(struct scan_failure) failures;
	size_t others;
	bool lost; /* it did not fit into memory */
	const char *exposed; /* what the sandbox lacked in which it was read; NULL: nothing, or it was not to be in one */
};

/* Writes all but `lost` and `exposed`, which the parent knows. What `out` cannot take is left for ferror. */
void record_write(const struct input_result *result, FILE *out);

/* Adds what such bytes say, on the arena; they may say anything. False: they are none, and nothing is added that was not whole. */
bool record_read(struct arena *arena, struct span bytes, struct input_result *result);

#endif
