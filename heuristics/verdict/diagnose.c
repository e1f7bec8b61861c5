/* diagnose.c: of a Go program every detector is asked, and what they found is ranked and explained. */
#include "heuristics/faults/account.h"
#include "heuristics/verdict/citations.h"
#include "heuristics/verdict/named_frame.h"
#include "heuristics/verdict/rank.h"
#include "heuristics/verdict/rivals.h"
#include "heuristics/verdict/told.h"

#include "golang/recorded.h"

/* Of a log, what stands for a pc that was not printed points nowhere. */
static void forget_unknown_pcs(struct diagnosis *diagnosis)
{
	for (size_t i = 0; diagnosis->analysis->runtime->recorded && i < diagnosis->findings.count; i++) {
		struct finding *finding = &diagnosis->findings.items[i];

		finding->has_pc &= recorded_pc_known(finding->pc);
		for (size_t k = 0; k < finding->evidence.count; k++)
			if (!recorded_pc_known(finding->evidence.items[k].address))
				finding->evidence.items[k].address = 0;
	}
}

struct diagnosis *diagnose(struct analysis *analysis)
{
	struct diagnosis *diagnosis = arena_alloc(analysis->arena, sizeof *diagnosis);

	diagnosis->arena = analysis->arena;
	diagnosis->analysis = analysis;
	for (size_t i = 0; analysis->runtime->presence == PRESENCE_GO && detectors[i]; i++)
		detectors[i]->run(diagnosis);
	told_find(diagnosis);
	forget_unknown_pcs(diagnosis);
	named_frames_doubt(diagnosis);
	rank_findings(diagnosis);
	verdict_give(diagnosis);
	if (diagnosis->verdict.kind != VERDICT_FOUND)
		diagnosis->account = account_of(diagnosis);
	rivals_find(diagnosis);
	citations_find(diagnosis);
	return diagnosis;
}
