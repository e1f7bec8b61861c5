/* recorded_walker.c: see recorded_walker.h. */
#include "heuristics/damage/recorded_walker.h"

#include "golang/recorded_arguments.h"

static const struct recorded_frame *frame_at(const struct analysis *analysis, size_t at)
{
	const struct log_record *record = analysis->runtime->recorded->record;

	return at < record->system.count ? &record->frames.items[record->system.first + at] : NULL;
}

int32_t recorded_victim(const struct analysis *analysis, size_t from, size_t *frame)
{
	*frame = from;
	return recorded_names_goroutine(analysis->runtime, &analysis->runtime->recorded->record->system,
					analysis->thread_goroutine[analysis->dying_thread], frame);
}

bool recorded_reads(const struct analysis *analysis, size_t at, uint64_t address)
{
	const struct recorded_frame *frame = frame_at(analysis, at);
	uint64_t start, size;
	size_t next = 0;
	bool unsure;

	return frame && recorded_argument(frame, &next, &start, &unsure) && !unsure && recorded_argument(frame, &next, &size, &unsure) &&
	       !unsure && address - start < size;
}
