/* narrative.h: what happened, in words: made once, printed by every format. It is written for someone who has
 * never read the Go runtime. Its strings hold text of the dump as it is: formats escape. */
#ifndef REPORT_NARRATIVE_NARRATIVE_H
#define REPORT_NARRATIVE_NARRATIVE_H

#include "heuristics/detector.h"

/* What a format for people may show under a paragraph. */
enum exhibit {
	EXHIBIT_NONE,
	EXHIBIT_INSTRUCTIONS, /* the machine code around the verdict's pc */
	EXHIBIT_LAST_WORDS,   /* what the runtime printed before the process ended */
};

struct paragraph {
	const char *text;
	enum exhibit exhibit;
};

struct narrative {
	const char *headline;             /* one sentence, without certainty and rule */
	VEC(struct paragraph) paragraphs; /* in the order of events */
	VEC(const char *) confirmations;  /* what would settle it */
	VEC(const char *) actions;        /* for the next hour, most useful first */
	VEC(const char *) remedies;       /* for good, most useful first */
};

/* The narrative of a diagnosis' verdict, on its arena. */
const struct narrative *narrative_of(const struct diagnosis *diagnosis);

#endif
