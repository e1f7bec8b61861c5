/* number_text.h: numbers as the runtime's print writes them (runtime/print.go). */
#ifndef ANALYZER_LAST_WORDS_NUMBER_TEXT_H
#define ANALYZER_LAST_WORDS_NUMBER_TEXT_H

#include "base/arena.h"

/* A float as print writes it: seven digits with an exponent of three (before Go 1.26), or, `shortest`, the fewest digits that
 * give that value again (strconv 'g', -1); of a float32 then, the fewest for its own precision. */
const char *float_text(struct arena *arena, double value, bool shortest, bool single);

/* "(1+2i)", of two floats. */
const char *complex_text(struct arena *arena, double real, double imaginary, bool shortest, bool single);

#endif
