/* state_word.h: what the detectors of changed words of the scheduler's state share. */
#ifndef HEURISTICS_DAMAGE_STATE_WORD_H
#define HEURISTICS_DAMAGE_STATE_WORD_H

#include "analyzer/state/state.h"
#include "heuristics/detector.h"

enum state_kind {
	STATE_KIND_FLIP,    /* one bit away from the only value that it can have */
	STATE_KIND_OUTSIDE, /* a stack pointer off the goroutine's stack */
	STATE_KIND_OTHER,
};

enum state_kind state_word_kind(const struct state_word *word);

/* Adds the finding of a detector about such a word, with its title and all evidence. */
struct finding *state_word_finding(struct diagnosis *diagnosis, const struct detector *detector, const struct state_word *word);

#endif
