/* verdicts.h: what may be called certain of a dump in which words were changed. */
#ifndef TESTS_FUZZ_VERDICTS_H
#define TESTS_FUZZ_VERDICTS_H

#include "tests/fuzz/edits.h"
#include "tests/fuzz/fixture.h"

/* A certain finding of the changed dump that neither the sound dump has, nor its expect.json, nor is about a word that was changed
 * (and right about what it was, or true of the sound dump's but for that word); NULL: none. */
const json_t *verdicts_wrong(const struct fixture *fixture, const struct edits *edits, const json_t *report);

#endif
