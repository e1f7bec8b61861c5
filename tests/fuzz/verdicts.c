/* verdicts.c: see verdicts.h. */
#include "tests/fuzz/verdicts.h"

#include <inttypes.h>
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

/* Whether a finding is true of the sound dump once it says under a key what a changed word was, which is taken; `unseen`: it may name
 * another function. */
static bool was_true(const struct fixture *fixture, const json_t *finding, const char *key, json_t *was, bool unseen)
{
	json_t *before = json_deep_copy(finding);
	bool holds;

	json_object_set_new(before, key, was);
	if (unseen)
		json_object_del(before, "function");
	holds = truth_has(&fixture->truth, before);
	json_decref(before);
	return holds;
}

/* The words beside a damaged one name who wrote there, where it is one of a run. */
static bool names_writer(const json_t *finding)
{
	return json_is_string(json_object_get(json_object_get(finding, "overrun"), "function"));
}

/* It names a word that was damaged already, now another, or calls a goroutine by the number that was written into its g; and says nothing
 * else that is false. */
static bool was_changed(const struct fixture *fixture, const struct edits *edits, const json_t *finding)
{
	const uint64_t goroutine = (uint64_t)json_integer_value(json_object_get(finding, "goroutine"));
	uint64_t slot = 0, observed = 0, offset;

	number(finding, "slot", &slot);
	number(finding, "observed", &observed);
	for (size_t i = 0; i < edits->count; i++) {
		const struct edit *edit = &edits->items[i];
		uint64_t was;

		if (edit->file != DUMP || !place_of_address(fixture->image, edit->place, &offset))
			continue;
		was = span_u64(fixture->original[DUMP], offset);
		if (edit->place == slot && edit->word == observed &&
		    was_true(fixture, finding, "observed", json_sprintf("0x%" PRIx64, was), !names_writer(finding)))
			return true;
		if (edit->word == goroutine && was_true(fixture, finding, "goroutine", json_integer((json_int_t)was), false))
			return true;
	}
	return false;
}

const json_t *verdicts_wrong(const struct fixture *fixture, const struct edits *edits, const json_t *report)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(report, "findings"), i, finding)
		if (finding_has_certainty(finding, "certain") && !truth_has(&fixture->truth, finding) && !is_named(fixture, edits, finding) &&
		    !was_changed(fixture, edits, finding))
			return finding;
	return NULL;
}
