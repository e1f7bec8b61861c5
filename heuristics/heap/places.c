/* places.c: see places.h. */
#include "heuristics/heap/places.h"

#include "base/count.h"
#include "golang/heap/heap.h"
#include "heuristics/heap/owner.h"
#include "heuristics/heap/memory_search.h"

#include <inttypes.h>

enum { WORD = 8, PLACES_SHOWN = 2, HOLDERS_SHOWN = 3, THREADS_MOST = 10000 };

/* System stacks and signal stacks hold what the runtime itself worked with. */
static void skip_system_stacks(struct diagnosis *diagnosis, struct memory_search *search)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	struct address_range *ranges = arena_array(diagnosis->arena, 2 * runtime->machines.count + 1, sizeof *ranges);

	for (size_t i = 0; i < runtime->machines.count; i++) {
		const struct machine *m = &runtime->machines.items[i];

		ranges[2 * i] = (struct address_range){m->g0_lo, m->g0_hi};
		ranges[2 * i + 1] = (struct address_range){m->gsignal_lo, m->gsignal_hi};
	}
	search->skip = ranges;
	search->skip_count = 2 * runtime->machines.count;
}

/* Bytes that run from one object into the next ones: who filled the first wrote past its end. */
static void overrun_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct word_run *run)
{
	struct heap_place first, last;

	if (heap_find(diagnosis->analysis->runtime, run->start, &first) != HEAP_OBJECT ||
	    heap_find(diagnosis->analysis->runtime, run->end - WORD, &last) != HEAP_OBJECT || first.start == last.start)
		return;
	evidence_word(diagnosis, finding, WEIGHT_FAIR, false, run->start, NULL,
		      "they begin in the object at 0x%" PRIx64 ", %" PRIu64 " bytes from its start and %" PRIu64
		      " before its end, and run over into the one at 0x%" PRIx64 ": whoever filled the first wrote past its end",
		      first.start, run->start - first.start, first.start + first.size - run->start, last.start);
	finding->overwritten_from = run->start;
	finding->overwritten_to = run->end;
}

/* Which of its registers lead into [start, end), and what the thread does: nobody else may have the address by now. */
static bool thread_evidence(struct diagnosis *diagnosis, struct finding *finding, size_t thread, uint64_t start, uint64_t end)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct thread *of = &analysis->image->threads.items[thread];
	struct frame_line lines[INLINE_LIMIT];
	struct stack stack = {0};

	for (uint8_t reg = 0; reg < analysis->image->arch->reg_count; reg++) {
		uint64_t value;

		if (!reg_get(&of->registers, reg, &value) || value < start || value >= end)
			continue;
		thread_stack(analysis, thread, &stack);
		if (!stack.frames.count)
			return false;
		frame_lines(analysis->image, &stack, 0, lines);
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_FAIR, false,
			     "%s of thread %" PRId64 " leads into it, 0x%" PRIx64 ": that thread is in %s%s",
			     analysis->image->arch->reg_names[reg], of->id, value,
			     lines[0].function ? lines[0].function : lines[0].module ? "C code of " : "code without a name",
			     !lines[0].function && lines[0].module ? lines[0].module : "");
		return true;
	}
	return false;
}

/* The thread that died holds what it looked at. */
static void register_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t start, uint64_t end)
{
	const struct image *image = diagnosis->analysis->image;

	for (size_t i = 0, shown = 0; i < image->threads.count && i < THREADS_MOST && shown < HOLDERS_SHOWN; i++)
		if ((int64_t)i != finding->thread)
			shown += thread_evidence(diagnosis, finding, i, start, end);
}

/* Nobody but C, or the runtime, can have Go's addresses there; a block's own record holds where it starts. */
static void foreign_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t start, uint64_t end)
{
	struct memory_search search = {.first = start, .last = end - 1};
	struct heap_place place;
	size_t shown = 0;

	heap_find(diagnosis->analysis->runtime, start, &place);
	skip_system_stacks(diagnosis, &search);
	memory_search(diagnosis->analysis->image, &search);
	for (size_t i = 0; i < search.count && i < FOUND_KEPT && shown < HOLDERS_SHOWN; i++)
		if (is_foreign_memory(diagnosis, search.found[i].address) && search.found[i].value != place.span.start)
			shown += evidence_word(diagnosis, finding, WEIGHT_FAIR, false, search.found[i].address, NULL,
					       "the address of these bytes lies at 0x%" PRIx64 ", %s", search.found[i].address,
					       heap_owner(diagnosis, search.found[i].address));
}

/* What lies around a word; answers where it ends, so that other words of it need not be told. */
static uint64_t run_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t address)
{
	const struct word_run run = word_run_at(diagnosis->arena, diagnosis->analysis->image, address);

	if (!run.shape || run.end - run.start <= WORD)
		return run.end;
	evidence_word(diagnosis, finding, WEIGHT_FAIR, false, run.start, NULL,
		      "%" PRIu64 " bytes there, from 0x%" PRIx64 " to 0x%" PRIx64 ", are %s%s%s", run.end - run.start, run.start, run.end,
		      run.shape, run.text ? ": " : "", run.text ? run.text : "");
	overrun_evidence(diagnosis, finding, &run);
	foreign_evidence(diagnosis, finding, run.start, run.end);
	register_evidence(diagnosis, finding, run.start, run.end);
	return run.end;
}

void heap_run_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t address)
{
	run_evidence(diagnosis, finding, address);
}

void heap_value_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t value, uint64_t except)
{
	struct memory_search search = {.first = value, .last = value};
	uint64_t told = 0; /* words below it */
	size_t shown = 0;

	skip_system_stacks(diagnosis, &search);
	memory_search(diagnosis->analysis->image, &search);
	for (size_t i = 0; i < search.count && i < FOUND_KEPT && shown < PLACES_SHOWN; i++) {
		const uint64_t address = search.found[i].address;

		if (address < told || address == except)
			continue;
		shown += evidence_word(diagnosis, finding, WEIGHT_FAIR, false, address, NULL, "that value lies at 0x%" PRIx64 ", %s",
				       address, heap_owner(diagnosis, address));
		told = run_evidence(diagnosis, finding, address);
	}
	if (search.count > shown && shown == PLACES_SHOWN)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_WEAK, false,
			     "that value lies at %s of writable memory", counted_text(diagnosis->arena, search.count, "place"));
}

void heap_holder_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t start, uint64_t end)
{
	struct memory_search search = {.first = start, .last = end - 1};
	size_t shown = 0;

	skip_system_stacks(diagnosis, &search);
	memory_search(diagnosis->analysis->image, &search);
	for (size_t i = 0; i < search.count && i < FOUND_KEPT && shown < HOLDERS_SHOWN; i++)
		shown += evidence_word(diagnosis, finding, WEIGHT_FAIR, false, search.found[i].address, NULL,
				       "an address of it lies at 0x%" PRIx64 ", %s", search.found[i].address,
				       heap_owner(diagnosis, search.found[i].address));
	register_evidence(diagnosis, finding, start, end);
}
