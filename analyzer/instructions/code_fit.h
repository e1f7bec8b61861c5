/* code_fit.h: whether the program's code is what its table of functions describes. */
#ifndef ANALYZER_INSTRUCTIONS_CODE_FIT_H
#define ANALYZER_INSTRUCTIONS_CODE_FIT_H

#include "golang/runtime.h"

/* False: of a sample of functions, most move SP otherwise than pcsp says. Then the file is damaged (its headers, which say
 * where in it the code lies, have no check of their own, and its build-id is still right), and every stack looks damaged.
 * This is noted, and runtime->tables_damaged is set. Milliseconds at the first call, nothing afterwards. */
bool code_fits(struct go_runtime *runtime);

#endif
