/* demangle.c: the only file that knows libiberty. A mangled name may refer back to its own parts, so that a few hundred bytes stand
 * for terabytes; symbols are hostile. What is made is therefore taken piece by piece, and left when it is too long: libiberty has
 * allocated nothing then, since its callers' pieces come from its stack. */
#include "formats/exe/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

struct piece_taker {
	char text[DEMANGLED_LIMIT];
	size_t length;
	jmp_buf too_long;
};

static void take(const char *piece, size_t size, void *context)
{
	struct piece_taker *taker = context;

	if (size > DEMANGLED_LIMIT - taker->length)
		longjmp(taker->too_long, 1);
	memcpy(taker->text + taker->length, piece, size);
	taker->length += size;
}

static bool run(struct piece_taker *taker, const char *name, bool rust)
{
	if (setjmp(taker->too_long))
		return false;
	return rust ? rust_demangle_callback(name, DMGL_NO_OPTS, take, taker)
		    : cplus_demangle_v3_callback(name, DMGL_NO_OPTS, take, taker);
}

const char *demangled(struct arena *arena, const char *name)
{
	const bool itanium = !strncmp(name, "_Z", 2);
	struct piece_taker taker = {.length = 0};

	if ((!itanium && strncmp(name, "_R", 2)) || strlen(name) > MANGLED_LIMIT)
		return name;
	if (!run(&taker, name, true)) { /* Rust's legacy names are C++'s with a hash at their end */
		taker.length = 0;
		if (!itanium || !run(&taker, name, false))
			return name;
	}
	return taker.length ? arena_strndup(arena, taker.text, taker.length) : name;
}
