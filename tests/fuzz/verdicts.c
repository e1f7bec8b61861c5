/* verdicts.c: see verdicts.h. */
#include "tests/fuzz/verdicts.h"

#include <stdlib.h>
#include <string.h>

static bool is_certain(const json_t *finding)
{
	const char *certainty = json_string_value(json_object_get(finding, "certainty"));

	return certainty && !strcmp(certainty, "certain");
}

static bool number(const json_t *finding, const char *key, uint64_t *ret)
{
	const char *text = json_string_value(json_object_get(finding, key));

	*ret = text ? strtoull(text, NULL, 16) : 0;
	return text != NULL;
}

/* A finding may leave out what it could not see; what it says must be true. */
static bool holds(const json_t *finding, const json_t *truth)
{
	static const char *const keys[] = {"goroutine", "function", "pc",        "observed",
					   "repaired",  "sp_error", "caller_pc", "caller_sp"};

	if (!json_equal(json_object_get(finding, "rule"), json_object_get(truth, "rule")))
		return false;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const json_t *said = json_object_get(finding, keys[i]), *want = json_object_get(truth, keys[i]);

		if (want && said && !json_is_null(said) && !json_equal(said, want))
			return false;
	}
	return true;
}

/* It names a word that was changed, and says nothing false of what it was. */
static bool is_named(const struct fixture *fixture, const struct edits *edits, const json_t *finding)
{
	uint64_t slot, repaired, offset;

	if (!number(finding, "slot", &slot))
		return false;
	for (size_t i = 0; i < edits->count; i++)
		if (edits->items[i].file == DUMP && edits->items[i].place == slot &&
		    place_of_address(fixture->image, slot, &offset))
			return !number(finding, "repaired", &repaired) || repaired == span_u64(fixture->original[DUMP], offset);
	return false;
}

static bool is_true(const struct fixture *fixture, const json_t *finding)
{
	static const char *const lists[] = {"also", "may"};
	const json_t *truth;
	size_t i;

	if (holds(finding, fixture->expect))
		return true;
	json_array_foreach(json_object_get(fixture->sound, "findings"), i, truth)
		if (is_certain(truth) && holds(finding, truth))
			return true;
	for (size_t list = 0; list < sizeof lists / sizeof *lists; list++)
		json_array_foreach(json_object_get(fixture->expect, lists[list]), i, truth)
			if (holds(finding, truth))
				return true;
	return false;
}

const json_t *verdicts_wrong(const struct fixture *fixture, const struct edits *edits, const json_t *report)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(report, "findings"), i, finding)
		if (is_certain(finding) && !is_true(fixture, finding) && !is_named(fixture, edits, finding))
			return finding;
	return NULL;
}
