/* truth.h: what may be called certain of a dump, whatever was done to it: what is true of the sound one. As tap.py's wrong_certain. */
#ifndef TESTS_TRUTH_H
#define TESTS_TRUTH_H

#include <jansson.h>
#include <stdbool.h>

struct truth {
	json_t *expect; /* expect.json of the case */
	json_t *sound;  /* the report of the undamaged dump */
};

bool finding_has_certainty(const json_t *finding, const char *certainty);

/* Whether a finding says what another one, or an expect.json, says. It may leave out what it could not see. */
bool finding_holds(const json_t *finding, const json_t *truth);

/* Whether a finding is what the case is about, or what else is true of it ("also", "may"), or certain of the sound dump. */
bool truth_has(const struct truth *truth, const json_t *finding);

#endif
