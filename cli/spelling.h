/* spelling.h: what a misspelt word was meant to be. */
#ifndef CLI_SPELLING_H
#define CLI_SPELLING_H

#include <argp.h>
#include <stdbool.h>

/* Letters to change, add or leave out to make one word of the other (Levenshtein); large where a word is too long. */
unsigned spelling_distance(const char *word, const char *name);

enum { MISSPELT = 2 /* letters, at most, of a word that was meant to be another */ };

/* A long option that no parser of `argp` knows, and the one that it was meant to be. False: there is none that is close to one. */
bool spelling_of_options(const struct argp *argp, int argc, char *const *argv, const char **wrong, const char **meant);

#endif
