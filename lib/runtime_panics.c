/* runtime_panics.c: see runtime_panics.h. */
#include "lib/runtime_panics.h"

#include <string.h>

static const struct {
	const char *text;
	bool whole;
} panics[] = {
#define PANIC(text, whole) {text, whole},
#include "lib/runtime_panics.def"
#undef PANIC
};

bool runtime_panic_is(struct span value)
{
	for (size_t i = 0; i < sizeof panics / sizeof *panics; i++) {
		const struct span rest = span_from(value, strlen(panics[i].text));

		if (span_begins(value, panics[i].text) && (!panics[i].whole || !rest.size || span_begins(rest, " [recovered")))
			return true;
	}
	return false;
}
