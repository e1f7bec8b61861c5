/* verdicts.c: see verdicts.h. */
#include "tests/fuzz/verdicts.h"

#include <stdlib.h>

static bool number(const json_t *finding, const char *key, uint64_t *ret)
{
	const char *text = json_string_value(json_object_get(finding, key));

	*ret = text ? strtoull(text, NULL, 16) : 0;
	return text != NULL;
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

/* It calls a goroutine by the number that was written into its g, and says nothing else that is false. */
static bool is_renumbered(const struct fixture *fixture, const struct edits *edits, const json_t *finding)
{
	const json_int_t goroutine = json_integer_value(json_object_get(finding, "goroutine"));
	bool written = false, holds;
	json_t *rest;

	for (size_t i = 0; i < edits->count; i++)
		written |= edits->items[i].file == DUMP && edits->items[i].word == (uint64_t)goroutine;
	rest = written ? json_copy((json_t *)(uintptr_t)finding) : NULL;
	json_object_del(rest, "goroutine");
	holds = rest && truth_has(&fixture->truth, rest);
	json_decref(rest);
	return holds;
}

const json_t *verdicts_wrong(const struct fixture *fixture, const struct edits *edits, const json_t *report)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(report, "findings"), i, finding)
		if (finding_has_certainty(finding, "certain") && !truth_has(&fixture->truth, finding) && !is_named(fixture, edits, finding) &&
		    !is_renumbered(fixture, edits, finding))
			return finding;
	return NULL;
}
