/* recorded_word.c: see recorded_word.h. */
#include "heuristics/damage/recorded_word.h"

#include "golang/recorded.h"

#include <inttypes.h>
#include <string.h>

static const struct log_record *record_of(const struct analysis *analysis)
{
	return analysis->runtime->recorded ? analysis->runtime->recorded->record : NULL;
}

/* Whether it is known from where a walk ended (analyzer/unwind/recorded_damage.c). */
static bool is_early_end(const struct log_record *record, const struct damage *damage)
{
	return record && record->short_sp && damage->by_log && damage->returned && !damage->observed;
}

void recorded_complaint_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage)
{
	const struct log_record *record = record_of(diagnosis->analysis);

	if (record && record->bad_callee && record->bad_pc == damage->observed)
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false,
			     "the runtime met that word as it walked the stack: \"unexpected return pc for %s called from 0x%" PRIx64 "\"",
			     record->bad_callee, record->bad_pc);
	else if (is_early_end(record, damage))
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "the runtime's walk of the stack ended at runtime.sigpanic, whose return address is 0: \"%s\". A call would have left "
			     "its own there", record->complaint);
}

/* "main.walk+0x26" */
static const char *name_of(const struct analysis *analysis, uint64_t pc)
{
	const struct pc_info *info = go_pc(analysis->runtime, pc, false);

	return info->func ? arena_printf(analysis->arena, "%s+0x%" PRIx64, go_func_name(info), pc - info->func->entry) : "in no function";
}

static void half_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage)
{
	if (damage->named)
		evidence_add(diagnosis, finding, EVIDENCE_CALL_SITE, WEIGHT_STRONG, false,
			     "its lower half under the upper half that all pcs of the log have is 0x%" PRIx64 ", %s, which the log shows "
			     "elsewhere", damage->repaired, name_of(diagnosis->analysis, damage->repaired));
	else
		evidence_add(diagnosis, finding, EVIDENCE_CALL_SITE, WEIGHT_STRONG, true,
			     "its lower half under the upper half that all pcs of the log have, 0x%" PRIx64 ", lies among them, but is none "
			     "of them: it may be one by accident", damage->repaired);
}

/* Of a word that the CPU stopped at. */
static void return_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage)
{
	if (diagnosis->analysis->image->arch->link_register)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, damage->above_sp, NULL,
			      "the link register, where a call leaves its return address, held that word too: a RET took it");
	else
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, damage->above_sp, NULL,
			      "the word at SP, where a call leaves its return address, is none: a RET led there");
}

/* What code would say. */
static void code_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage)
{
	const bool seen = diagnosis->analysis->runtime->exe != NULL;

	if (seen && damage->repaired)
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_FAIR, false, "0x%" PRIx64 " is just behind a call", damage->repaired);
	else if (damage->repaired)
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, true,
			     "without the executable it is not seen whether a call stands before 0x%" PRIx64, damage->repaired);
	else
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, true,
			     "%s does not show what 0x%" PRIx64 " was written over", seen ? "the log" : "the log, without the executable,",
			     damage->observed);
}

/* Stacks are full of them. */
static void pointer_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage)
{
	if (!damage->repaired && damage->data)
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, true,
			     "0x%" PRIx64 " is a pointer to data, as stacks hold many: SP may have been wrong, and the return address another "
			     "word", damage->observed);
}

void recorded_word_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage)
{
	if (damage->kind != DAMAGE_SMASHED) /* which says so itself */
		recorded_complaint_evidence(diagnosis, finding, damage);
	if (damage->above_sp)
		return_evidence(diagnosis, finding, damage);
	if (damage->repaired)
		half_evidence(diagnosis, finding, damage);
	code_evidence(diagnosis, finding, damage);
	pointer_evidence(diagnosis, finding, damage);
}

bool recorded_landing_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage)
{
	const struct log_record *record = record_of(diagnosis->analysis);

	if (record && record->bad_callee && record->bad_pc == damage->landed && !strcmp(record->bad_callee, "runtime.sigpanic"))
		evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
			     "runtime.sigpanic, which the runtime puts above what a signal hit, was \"called from 0x%" PRIx64 "\", where "
			     "no code is: the CPU had jumped there", damage->landed);
	else if (is_early_end(record, damage))
		evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
			     "runtime.sigpanic is what the runtime puts above what a signal hit: the CPU had jumped to 0");
	else
		return false;
	return true;
}
