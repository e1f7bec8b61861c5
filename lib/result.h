/* result.h: how results say what went wrong. */
#ifndef LIB_RESULT_H
#define LIB_RESULT_H

#include "base/err.h"
#include "lib/tornstack.h"

/* TS_FAILED, with the code's name and a text, which is cut where a result has no more room. */
void result_fail(struct ts_result *result, enum err_code code, const char *text);

#endif
