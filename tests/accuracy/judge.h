/* judge.h: what a diagnosis of a changed dump says of the change. */
#ifndef ACCURACY_JUDGE_H
#define ACCURACY_JUDGE_H

#include "tests/accuracy/corpus.h"

enum { NO_RULE = 0xff, CERTAINTIES = 3 };

struct outcome {
	bool done;            /* else the process died of it */
	bool found, repaired; /* a finding names the very word, and with its true value */
	uint8_t rule;         /* of the surest finding that the unchanged dump does not have: index in detectors; NO_RULE */
	uint8_t certainty;    /* of that finding */
	uint8_t right[CERTAINTIES], wrong[CERTAINTIES]; /* new findings, by certainty */
	uint8_t wrong_rule;   /* of the first wrong one, NO_RULE; and the word that it names, and what it says that was there */
	uint64_t wrong_slot, wrong_value;
};

/* Of classes of values findings of every rule count, of the others those about damaged memory. A finding is new when the diagnosis
 * of the unchanged dump has none of its rule about the same goroutine and word (bad-pointer: of the same kind, or of one that
 * shows in the pointer itself; torn-value: of the same two words); it is wrong when it names another word, another value of it, or
 * a rule that such a change is no case of. */
struct outcome outcome_of(const struct target *target, const struct diagnosis *diagnosis, const struct mutation *mutation);

#endif
