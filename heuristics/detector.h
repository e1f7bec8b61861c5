/* detector.h: one way a Go process can end, or a stack be damaged. One file per detector, holding one const struct
 * detector, and one line in detectors.def. A detector is pure: it reads the analysis and appends findings. */
#ifndef HEURISTICS_DETECTOR_H
#define HEURISTICS_DETECTOR_H

#include "heuristics/finding.h"

struct detector {
	const char *id;          /* stable: in JSON, fixtures, documentation */
	const char *title;       /* what the rule says, for `tornstack explain` */
	const char *explanation; /* paragraphs for `tornstack explain`: meaning, evidence, what to do */
	bool corruption;         /* counts for --exit-code */
	bool symptom;            /* a consequence that another rule should explain: unexplained it is at most likely */
	int rank;                /* among equally certain root causes, the higher is the verdict */
	const char *const *supersedes; /* ids of rules whose findings this one explains, NULL-terminated; NULL: none */
	void (*run)(struct diagnosis *diagnosis);
};

/* All detectors in the order of detectors.def, ended by NULL. */
extern const struct detector *const detectors[];

/* The detector of that id, or NULL. */
const struct detector *detector_by_id(const char *id);

/* Appends an empty finding of a detector (indices -1) and returns it; valid until the next is added. */
struct finding *finding_add(struct diagnosis *diagnosis, const struct detector *detector);

#endif
