/* verdicts.c: see verdicts.h. */
#include "tests/fuzz/verdicts.h"

#include <inttypes.h>
#include <stdio.h>
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

/* It names a word that was damaged already, now another, and says of it what is true of the sound dump's, but for who wrote it: that
 * can be seen by the word no more. */
static bool is_damaged_again(const struct fixture *fixture, const struct edits *edits, const json_t *finding)
{
	json_t *of_before = json_deep_copy(finding);
	uint64_t slot, observed, offset;
	bool holds = false;
	char text[32];

	json_object_del(of_before, "function");
	if (number(finding, "slot", &slot) && number(finding, "observed", &observed))
		for (size_t i = 0; i < edits->count && !holds; i++) {
			if (edits->items[i].file != DUMP || edits->items[i].place != slot || edits->items[i].word != observed ||
			    !place_of_address(fixture->image, slot, &offset))
				continue;
			snprintf(text, sizeof text, "0x%" PRIx64, span_u64(fixture->original[DUMP], offset));
			json_object_set_new(of_before, "observed", json_string(text));
			holds = truth_has(&fixture->truth, of_before);
		}
	json_decref(of_before);
	return holds;
}

/* It calls a goroutine by the number that was written into its g, and says nothing else that is false. */
static bool is_renumbered(const struct fixture *fixture, const struct edits *edits, const json_t *finding)
{
	const uint64_t goroutine = (uint64_t)json_integer_value(json_object_get(finding, "goroutine"));
	json_t *of_before = json_deep_copy(finding);
	bool holds = false;
	uint64_t offset;

	for (size_t i = 0; i < edits->count && !holds; i++) {
		if (edits->items[i].file != DUMP || edits->items[i].word != goroutine ||
		    !place_of_address(fixture->image, edits->items[i].place, &offset))
			continue;
		json_object_set_new(of_before, "goroutine", json_integer((json_int_t)span_u64(fixture->original[DUMP], offset)));
		holds = truth_has(&fixture->truth, of_before);
	}
	json_decref(of_before);
	return holds;
}

const json_t *verdicts_wrong(const struct fixture *fixture, const struct edits *edits, const json_t *report)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(report, "findings"), i, finding)
		if (finding_has_certainty(finding, "certain") && !truth_has(&fixture->truth, finding) && !is_named(fixture, edits, finding) &&
		    !is_damaged_again(fixture, edits, finding) && !is_renumbered(fixture, edits, finding))
			return finding;
	return NULL;
}
