/* options.c: see options.h. */
#include "lib/options.h"

#include "lib/result.h"

#include <string.h>

bool options_take(const void *given, size_t size, void *ret, size_t known, struct ts_result *result)
{
	const char *bytes = given;

	memset(ret, 0, known);
	if (!given)
		return true;
	memcpy(ret, given, size < known ? size : known);
	for (size_t i = known; i < size; i++)
		if (bytes[i]) {
			result_fail(result, ERR_UNSUPPORTED, "an option is set that this release of libtornstack does not have: install that "
				    "of the header which the program was compiled with");
			return false;
		}
	return true;
}
