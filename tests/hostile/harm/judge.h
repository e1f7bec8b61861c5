/* judge.h: what is wrong with the report of a damaged dump, held against the truth and the report of the sound one. */
#ifndef TESTS_HOSTILE_HARM_JUDGE_H
#define TESTS_HOSTILE_HARM_JUDGE_H

#include "tests/hostile/harm/places.h"
#include "tests/truth.h"

/* What is wrong, or NULL. No report may call something certain that is not true; that of a dump cut short has no finding of
 * corruption that the whole one lacks, does not call it healthy by itself, and says that it is cut short. */
const char *judge(const struct truth *truth, const struct victim *victim, const struct harm *harm, const json_t *report);

#endif
