/* judge.c: see judge.h. */
#include "tests/hostile/harm/judge.h"

#include "heuristics/detector.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* --- certain and wrong --------------------------------------------------------------------------- */

/* It names the same damaged word and puts it right in the same way, whatever it says was done to it. */
static bool is_same_word(const json_t *finding, const json_t *truth)
{
	static const char *const keys[] = {"slot", "observed", "repaired"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const json_t *said = json_object_get(finding, keys[i]);

		if (!json_is_string(said) || !json_equal(said, json_object_get(truth, keys[i])))
			return false;
	}
	return true;
}

/* It says the same of the same instruction, which lies in another function if what is inlined there is not known any more. */
static bool is_same_place(const json_t *finding, const json_t *sound)
{
	static const char *const keys[] = {"rule", "goroutine", "pc"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (!json_equal(json_object_get(finding, keys[i]), json_object_get(sound, keys[i])))
			return false;
	return json_is_string(json_object_get(finding, "pc"));
}

/* A finding that names the very word that was changed tells the truth. */
static bool is_named(const struct harm *harm, const json_t *finding)
{
	return harm->address && number_of(finding, "slot") == harm->address;
}

static bool is_true(const struct truth *truth, const struct harm *harm, const json_t *finding)
{
	const json_t *one;
	size_t i;

	if (truth_has(truth, finding) || is_same_word(finding, truth->expect) || is_named(harm, finding))
		return true;
	json_array_foreach(json_object_get(truth->sound, "findings"), i, one)
		if (finding_has_certainty(one, "certain") && is_same_place(finding, one))
			return true;
	return false;
}

/* It is a consequence of another one, which is true. */
static bool follows_from_truth(const struct truth *truth, const struct harm *harm, const json_t *report, const json_t *finding)
{
	const json_t *index = json_object_get(finding, "explained_by");
	const json_t *cause = json_array_get(json_object_get(report, "findings"), (size_t)json_integer_value(index));

	return json_is_integer(index) && finding_has_certainty(cause, "certain") && is_true(truth, harm, cause);
}

/* --- what only the cut dump has ------------------------------------------------------------------ */

/* A chain of frame pointers costs nobody anything, but it is as wrong when it was made up. */
static bool is_corruption(const char *rule)
{
	const struct detector *detector = detector_by_id(rule);

	return (detector && detector->corruption) || !strcmp(rule, "bp-chain");
}

/* Of a dump that is cut short it may be unknown whose stack it is, and a consequence of damage may be all that is left of it. */
static bool is_known(const json_t *sound, const json_t *finding)
{
	const json_t *goroutine = json_object_get(finding, "goroutine"), *one;
	const struct detector *detector = detector_by_id(text_of(finding, "rule"));
	size_t i;

	json_array_foreach(json_object_get(sound, "findings"), i, one)
		if ((json_equal(json_object_get(one, "rule"), json_object_get(finding, "rule")) ||
		     (detector->symptom && is_corruption(text_of(one, "rule")))) &&
		    (json_is_null(goroutine) || json_equal(json_object_get(one, "goroutine"), goroutine)))
			return true;
	return false;
}

static const char *made_up(const struct truth *truth, const json_t *report)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(report, "findings"), i, finding)
		if (is_corruption(text_of(finding, "rule")) && !is_known(truth->sound, finding))
			return text_of(finding, "title");
	if (finding_has_certainty(json_object_get(report, "verdict"), "healthy") &&
	    !finding_has_certainty(json_object_get(truth->sound, "verdict"), "healthy"))
		return "healthy";
	return NULL;
}

const char *judge(const struct truth *truth, const struct victim *victim, const struct harm *harm, const json_t *report)
{
	const json_t *truncated = json_object_get(json_object_get(report, "input"), "truncated"), *finding;
	size_t i;

	if (!report)
		return "the report is not JSON";
	json_array_foreach(json_object_get(report, "findings"), i, finding)
		if (finding_has_certainty(finding, "certain") && !is_true(truth, harm, finding) && !follows_from_truth(truth, harm, report, finding))
			return text_of(finding, "title");
	if (harm->mask)
		return NULL;
	if (harm->offset < victim->last_promised &&
	    (!json_is_true(truncated) || !json_array_size(json_object_get(report, "notes"))))
		return "nothing says that the dump is cut short";
	return made_up(truth, report);
}
