/* torn.h: recognises a tear under a stopped pc and collects everything in the dump that proves or disproves it. */
#ifndef ANALYZER_UNWIND_TORN_H
#define ANALYZER_UNWIND_TORN_H

#include "analyzer/unwind/unwind.h"

enum { TORN_LIMIT = -2 };

/* The index in analysis->tears of the tear at a stopped frame, -1 when there is none, TORN_LIMIT when there is one more
 * than will be recorded. A tear is recorded when it is first met; walking the same stack again finds the same record. */
int32_t torn_at(struct analysis *analysis, const struct walk_subject *subject, uint32_t frame,
		const struct context *context, const struct pc_info *info, bool preempted);

#endif
