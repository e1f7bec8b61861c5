/* checks.c: see checks.h. */
#include "report/content/checks.h"

#include <string.h>

static const struct check checks[] = {
#define CHECK(kind, gdb, delve) [EVIDENCE_##kind] = {gdb, delve},
#include "report/content/checks.def"
#undef CHECK
};

enum { ADDITION = 24 }; /* Delve adds no numbers to addresses */

/* The command with its address in place of "@", and the sum in place of "@+24". */
static const char *with_address(struct arena *arena, const char *command, uint64_t address)
{
	const char *result = "";

	for (const char *at; (at = strchr(command, '@')); command = at + 1) {
		const bool sum = !strncmp(at, "@+24", 4);

		result = arena_printf(arena, "%s%.*s%s", result, (int)(at - command), command, hex_text(arena, address + (sum ? ADDITION : 0)));
		at += sum ? 3 : 0;
	}
	return arena_printf(arena, "%s%s", result, command);
}

struct check evidence_check(struct arena *arena, const struct finding *finding, const struct evidence *evidence)
{
	const uint64_t address = evidence->address ? evidence->address : evidence->kind == EVIDENCE_INSTRUCTION && finding->has_pc ? finding->pc : 0;
	struct check check = {0};

	if ((size_t)evidence->kind < sizeof checks / sizeof *checks && address)
		check = checks[evidence->kind];
	if (check.gdb)
		check = (struct check){with_address(arena, check.gdb, address), with_address(arena, check.delve, address)};
	return check;
}
