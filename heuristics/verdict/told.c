/* told.c: see told.h. Anybody can write such a line: it makes nothing more certain, and what differs from it less. */
#include "heuristics/verdict/told.h"

#include "golang/recorded.h"

#include <string.h>

static const struct log_record *record_of(const struct analysis *analysis)
{
	return analysis->runtime->recorded ? analysis->runtime->recorded->record : NULL;
}

/* The rule of that verdict; NULL: none was told, or none of that name is known. */
static const struct detector *told_rule(const struct analysis *analysis)
{
	const struct log_record *record = record_of(analysis);

	return record && record->told_rule ? detector_by_id(record->told_rule) : NULL;
}

static bool is_known(const char *certainty)
{
	for (enum certainty each = CERTAINTY_POSSIBLE; each <= CERTAINTY_CERTAIN; each++)
		if (!strcmp(certainty, certainty_name(each)))
			return true;
	return false;
}

void told_find(struct diagnosis *diagnosis)
{
	const struct log_record *record = record_of(diagnosis->analysis);
	const struct detector *rule = told_rule(diagnosis->analysis);
	const struct goroutine *g = rule ? goroutine_by_id(diagnosis->analysis->runtime, record->told_goroutine) : NULL;
	struct finding *finding;

	if (!rule || !is_known(record->told_certainty))
		return;
	for (size_t i = 0; i < diagnosis->findings.count; i++)
		if (diagnosis->findings.items[i].detector == rule)
			return;
	finding = finding_add(diagnosis, rule);
	finding->told = true;
	finding->thread = diagnosis->analysis->dying_thread;
	finding->goroutine = g ? (int32_t)(g - diagnosis->analysis->runtime->goroutines.items) : -1;
	finding->title = arena_printf(diagnosis->arena, "%s, as tornstack found in the dump that it wrote this text of", rule->title);
	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false,
		     "the text says that its verdict on the dump was %s, %s; what proves it is not in the text", rule->id, record->told_certainty);
}

enum certainty told_cap(const struct analysis *analysis, const struct finding *finding)
{
	const struct detector *rule = told_rule(analysis);

	return rule && rule != finding->detector ? CERTAINTY_POSSIBLE : CERTAINTY_CERTAIN;
}
