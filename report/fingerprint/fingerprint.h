/* fingerprint.h: two keys that tell dumps of the same defect from all others: across builds of a program, and of one build. */
#ifndef REPORT_FINGERPRINT_FINGERPRINT_H
#define REPORT_FINGERPRINT_FINGERPRINT_H

#include "heuristics/detector.h"

/* Keys of 16 hexadecimal digits, on the diagnosis' arena. Neither holds an address, an id, a path, a time, or values of the run. */
struct fingerprint {
	const char *across; /* module, rule, and what subject.h says: equal over releases of Go, build flags, CPUs and edits elsewhere */
	const char *exact;  /* … with the build-id and the offsets in functions: equal for one build and one place only */
	const char *said;   /* of what a panic said, whatever differs from run to run left out; NULL: none did */
	const char *build;  /* the build-id, else Go's own; as the dump has it. NULL: not known */
};

struct fingerprint fingerprint_of(const struct diagnosis *diagnosis);

#endif
