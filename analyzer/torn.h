/* torn.h: recognises a tear under a stopped pc and collects everything in the dump that proves or disproves it. */
#ifndef ANALYZER_TORN_H
#define ANALYZER_TORN_H

#include "analyzer/unwind.h"

/* The index in analysis->tears of the tear at a stopped frame, -1 when there is none. A tear is recorded when it is first
 * met; walking the same stack again finds the same record. */
int32_t torn_at(struct analysis *analysis, const struct walk_subject *subject, uint32_t frame,
		const struct context *context, const struct pc_info *info, bool preempted);

#endif
