/* truth.c: see truth.h. */
#include "tests/truth.h"

#include <string.h>

bool finding_has_certainty(const json_t *finding, const char *certainty)
{
	const char *text = json_string_value(json_object_get(finding, "certainty"));

	return text && !strcmp(text, certainty);
}

/* What the tables have no name for is called "?". */
static bool is_left_out(const json_t *said)
{
	const char *text = json_string_value(said);

	return !said || json_is_null(said) || (text && !strcmp(text, "?"));
}

bool finding_holds(const json_t *finding, const json_t *truth)
{
	static const char *const keys[] = {"goroutine", "function", "pc",        "observed",
					   "repaired",  "sp_error", "caller_pc", "caller_sp"};

	if (!json_equal(json_object_get(finding, "rule"), json_object_get(truth, "rule")))
		return false;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const json_t *said = json_object_get(finding, keys[i]), *want = json_object_get(truth, keys[i]);

		if (want && !is_left_out(said) && !json_equal(said, want))
			return false;
	}
	return true;
}

bool truth_has(const struct truth *truth, const json_t *finding)
{
	static const char *const lists[] = {"also", "may"};
	const json_t *one;
	size_t i;

	if (finding_holds(finding, truth->expect))
		return true;
	json_array_foreach(json_object_get(truth->sound, "findings"), i, one)
		if (finding_has_certainty(one, "certain") && finding_holds(finding, one))
			return true;
	for (size_t list = 0; list < sizeof lists / sizeof *lists; list++)
		json_array_foreach(json_object_get(truth->expect, lists[list]), i, one)
			if (finding_holds(finding, one))
				return true;
	return false;
}
