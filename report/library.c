/* library.c: see library.h. */
#include "report/library.h"

#include <string.h>

bool function_is_library(const struct go_runtime *runtime, const char *function)
{
	const size_t module = runtime->main_module ? strlen(runtime->main_module) : 0;
	const char *slash = strchr(function, '/');
	const char *dot = strchr(function, '.');

	if (!strncmp(function, "main.", 5) ||
	    (module && !strncmp(function, runtime->main_module, module) && strchr("./", function[module])))
		return false;
	return !slash || !dot || slash < dot;
}
