/* environment.c: the GODEBUG that was in effect. runtime.argv points at the argument vector of the initial stack; after
 * argc pointers and a NULL comes the environment (System V ABI, "Process Initialization"). On Windows the PEB leads to a
 * block of UTF-16 strings (winternl.h: TEB, PEB, RTL_USER_PROCESS_PARAMETERS; the offsets are those of 64 bits). */
#include "base/utf16.h"
#include "golang/load/load.h"

#include <string.h>

enum { ARGUMENT_LIMIT = 1 << 16, ENVIRONMENT_LIMIT = 1 << 14, BLOCK_LIMIT = 1 << 16, VALUE_LIMIT = 1024 };

enum { TEB_PEB = 0x60, PEB_PARAMETERS = 0x20, PARAMETERS_ENVIRONMENT = 0x80 };

static const char name[] = "GODEBUG=";

/* The NUL-terminated value after the name, or NULL. */
static const char *value_of(struct go_runtime *runtime, uint64_t address)
{
	const char *variable = span_string(image_peek(runtime->image, address, VALUE_LIMIT), 0, VALUE_LIMIT);

	if (!variable || strncmp(variable, name, sizeof name - 1))
		return NULL;
	image_cite(runtime->image, address, strlen(variable) + 1);
	return arena_strdup(runtime->arena, variable + sizeof name - 1);
}

/* The environment block of a Windows process: strings, each with its NUL, and an empty one. */
static struct span environment_block(struct image *image)
{
	for (size_t i = 0; i < image->threads.count; i++) {
		uint64_t teb = image->threads.items[i].teb;
		uint64_t peb, parameters, block;

		if (teb && image_u64(image, teb + TEB_PEB, &peb) && image_u64(image, peb + PEB_PARAMETERS, &parameters) &&
		    image_u64(image, parameters + PARAMETERS_ENVIRONMENT, &block))
			return image_view(image, block, BLOCK_LIMIT);
	}
	return (struct span){0};
}

static bool is_value(struct span block, uint64_t at)
{
	for (size_t i = 0; name[i]; i++)
		if (span_u16(block, at + 2 * i) != (uint8_t)name[i])
			return false;
	return true;
}

static void from_block(struct go_runtime *runtime)
{
	struct span block = environment_block(runtime->image);
	uint64_t at = 0;

	while (span_u16(block, at) && !is_value(block, at)) {
		while (span_u16(block, at))
			at += 2;
		at += 2;
	}
	if (span_u16(block, at))
		runtime->godebug = utf16_text(runtime->arena, span_from(block, at + 2 * (sizeof name - 1)));
}

static void from_arguments(struct go_runtime *runtime)
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

void environment_load(struct go_runtime *runtime)
{
	if (runtime->image->os == OS_WINDOWS)
		from_block(runtime);
	else
		from_arguments(runtime);
}
