/* subject.h: what a verdict is about, in words that a fingerprint is made of. */
#ifndef REPORT_FINGERPRINT_SUBJECT_H
#define REPORT_FINGERPRINT_SUBJECT_H

#include "heuristics/detector.h"

struct subject {
	VEC(const char *) words;  /* module, rule, what was said, functions: the same when the program is built again */
	size_t causes;            /* of the words, those before functions: what it died of */
	size_t innermost;         /* of the functions, the innermost that are what it died in (subjects.def); 0: that is not settled */
	const char *said;         /* what a panic said, without what may differ from run to run; NULL: none said anything */
	const char *unsettled;    /* the word that is `said`, as it is not known whether the text was built in; NULL: none is */
	VEC(const char *) places; /* frames with offsets: the same in one build only */
};

/* By the verdict's rule (subjects.def) that is the stack which it points at, so many functions of it, or what most goroutines do that are
 * not idle. On the diagnosis' arena. */
struct subject subject_of(const struct diagnosis *diagnosis, size_t functions);

#endif
