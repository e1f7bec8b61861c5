/* system_calls.c: see system_calls.h. */
#include "formats/cpu/system_calls.h"

#include <stddef.h>

static const struct {
	const char *name;
	int32_t numbers[2]; /* by enum arch_id; -1: the CPU has no such call */
} calls[] = {
#define SYSTEM_CALL(name, amd64, arm64) {#name, {[ARCH_AMD64] = amd64, [ARCH_ARM64] = arm64}},
#include "formats/cpu/system_calls.def"
#undef SYSTEM_CALL
};

const char *system_call_name(const struct arch *arch, uint32_t number)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (calls[i].numbers[arch->id] >= 0 && (uint32_t)calls[i].numbers[arch->id] == number)
			return calls[i].name;
	return NULL;
}
