/* result.c: see result.h. */
#include "lib/result.h"

void result_fail(struct ts_result *result, enum err_code code, const char *text)
{
	result->outcome = TS_FAILED;
	snprintf(result->error_code, sizeof result->error_code, "%s", err_code_name(code));
	snprintf(result->error, sizeof result->error, "%s", text);
}
