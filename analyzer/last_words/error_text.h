/* error_text.h: what an error value says, from memory: for values that the runtime has not made text of yet, and to tell
 * the type of one that it has. */
#ifndef ANALYZER_LAST_WORDS_ERROR_TEXT_H
#define ANALYZER_LAST_WORDS_ERROR_TEXT_H

#include "golang/types.h"

/* What Error() of a value would give: of types in error_types.def, all fields of which can be read; else NULL. */
const char *error_text(struct go_runtime *runtime, uint64_t type, uint64_t data);

#endif
