/* live_record.c: see live_record.h. */
#include "formats/dump/live_record.h"

#include "base/count.h"
#include "base/size.h"

#include <inttypes.h>

const char *live_pause_text(struct arena *arena, const struct live_record *live)
{
	return arena_printf(arena, "%" PRIu64 ".%" PRIu64 " ms", live->pause / 1000000, live->pause / 100000 % 10);
}

static void note_costs(struct image *image, const struct live_record *live)
{
	if (!live->heap_whole)
		note_add(image->notes, "the process has more memory than could be copied within the longest pause (--max-pause): stacks and what "
				       "the runtime keeps of goroutines were copied first; what was not is read as not saved");
	if (live->swapped)
		note_add(image->notes, "%s of its memory are swapped out and were not read", size_text(image->arena, live->swapped));
	if (live->stubborn)
		note_add(image->notes, "%s did not stop in time, in a system call that nothing interrupts or for want of a CPU: the registers are unknown",
			 counted_text(image->arena, live->stubborn, "thread"));
}

void live_record_read(struct image *image, struct span desc)
{
	struct reader reader = reader_of(desc);
	struct live_record *live = arena_alloc(image->arena, sizeof *live);

	live->pause = read_u64(&reader);
	live->pid = read_u64(&reader);
	live->copied = read_u64(&reader);
	live->swapped = read_u64(&reader);
	live->heap_whole = read_u64(&reader);
	live->stubborn = read_u64(&reader);
	if (reader.failed || image->live)
		return;
	image->live = live;
	note_add(image->notes, "process %" PRIu64 "%s was stopped for %s while %s of its memory were copied, and then ran on", live->pid,
		 image->pid && (uint64_t)image->pid != live->pid
			 ? arena_printf(image->arena, " (%" PRId64 " in its own PID namespace)", image->pid) : "",
		 live_pause_text(image->arena, live), size_text(image->arena, live->copied));
	note_costs(image, live);
}
