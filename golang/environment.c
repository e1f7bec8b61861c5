/* environment.c: the GODEBUG that was in effect. runtime.argv points at the argument vector of the initial stack; after
 * argc pointers and a NULL comes the environment (System V ABI, "Process Initialization"). */
#include "golang/load.h"

#include <string.h>

enum { ARGUMENT_LIMIT = 1 << 16, ENVIRONMENT_LIMIT = 1 << 14, VALUE_LIMIT = 1024 };

static const char name[] = "GODEBUG=";

/* The NUL-terminated value after the name, or NULL. */
static const char *value_of(struct go_runtime *runtime, uint64_t address)
{
	const char *variable = span_string(image_view(runtime->image, address, VALUE_LIMIT), 0, VALUE_LIMIT);

	if (!variable || strncmp(variable, name, sizeof name - 1))
		return NULL;
	return arena_strdup(runtime->arena, variable + sizeof name - 1);
}

void environment_load(struct go_runtime *runtime)
{
	uint64_t argv, at, variable;
	uint32_t argc;

	if (!runtime->globals.argc || !runtime->globals.argv ||
	    !image_u32(runtime->image, runtime->globals.argc, &argc) || argc > ARGUMENT_LIMIT ||
	    !image_u64(runtime->image, runtime->globals.argv, &argv))
		return;
	at = argv + 8 * ((uint64_t)argc + 1);
	for (int i = 0; i < ENVIRONMENT_LIMIT && image_u64(runtime->image, at, &variable) && variable; i++, at += 8) {
		const char *value = value_of(runtime, variable);

		if (value) {
			runtime->godebug = value;
			return;
		}
	}
}
