/* writer.c: see writer.h. */
#include "heuristics/damage/writer.h"

#include <ctype.h>
#include <inttypes.h>

enum { WORD = 8, QUOTED = 32, SURE_WORDS = 3 };

const struct pc_info *writer_function(const struct overrun *overrun)
{
	return !overrun ? NULL : overrun->has_store ? overrun->assembly : overrun->local.function;
}

/* "of text, "X-Forwarded-For: …"": the beginning of a text is what somebody may know again. */
static const char *shape_of(struct diagnosis *diagnosis, const struct run *run)
{
	char text[QUOTED + 1] = {0};
	size_t length = 0;

	if (run->shape != RUN_text)
		return run_shape_text(run->shape);
	image_read(diagnosis->analysis->image, run->start, text, run->end - run->start < QUOTED ? run->end - run->start : QUOTED);
	while (isprint((unsigned char)text[length]))
		length++;
	text[length] = 0;
	return arena_printf(diagnosis->arena, "%s (\"%s\")", run_shape_text(run->shape), text);
}

static void run_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct run *run)
{
	static const char *const ways[] = {[RUN_UNKNOWN] = "", [RUN_UPWARDS] = ", written upwards",
					   [RUN_DOWNWARDS] = ", written downwards"};
	const bool sure = run->sure && run->words >= SURE_WORDS;

	if (run->shape == RUN_NONE)
		return;
	evidence_word(diagnosis, finding, sure ? WEIGHT_STRONG : WEIGHT_FAIR, false, run->start, NULL,
		      "a run of %" PRIu32 " words %s goes over the return address, from here to 0x%" PRIx64 "%s", run->words,
		      shape_of(diagnosis, run), run->end, ways[run->direction]);
	if (run->end - WORD != finding->slot && run->end - WORD != run->start)
		evidence_word(diagnosis, finding, WEIGHT_WEAK, false, run->end - WORD, NULL, "its last word");
}

/* How a variable lies to where the run begins, or ends. */
static const char *relation(const struct overrun *overrun)
{
	if (overrun->local.address == overrun->run.start)
		return "where";
	if (!overrun->presumed)
		return "beside which";
	if (overrun->run.direction == RUN_DOWNWARDS)
		return "above which";
	return overrun->local.address < overrun->run.start ? "in memory that was used again since, above which" :
							      "below which";
}

static void local_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct overrun *overrun)
{
	const struct local *local = &overrun->local;
	const bool down = overrun->run.direction == RUN_DOWNWARDS;

	if (!local->function)
		return;
	if (!local->pc) {
		evidence_add(diagnosis, finding, EVIDENCE_STACK_BOUNDS, WEIGHT_WEAK, false, "the run begins in the frame of %s",
			     go_func_name(local->function));
		return;
	}
	evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, overrun->presumed ? WEIGHT_WEAK : WEIGHT_FAIR, false,
		     "the instruction at 0x%" PRIx64 " in %s %s the variable at SP+0x%" PRIx64
		     ", 0x%" PRIx64 ", %s the run %s%s%s", local->pc, go_func_name(local->function),
		     local->by_index ? "reaches by an index into" : "takes the address of", (uint64_t)local->offset,
		     local->address, relation(overrun), down ? "ends" : "begins", local->passed_to ? "; it is passed to " : "",
		     local->passed_to ? local->passed_to : "")
		->address = local->pc;
}

static void store_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct overrun *overrun,
			   const struct damage *damage)
{
	const struct asm_store *store = &overrun->store;

	if (!overrun->has_store)
		return;
	evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, false,
		     "%s, in assembly, stores %u bytes at SP+0x%" PRIx64 ", and %s return address lies at SP+0x%" PRIx64
		     ": its frame is too small", go_func_name(overrun->assembly), store->size, (uint64_t)store->offset,
		     store->callers ? "its caller's" : "its own", (uint64_t)(store->frame + store->at))
		->address = store->pc;
	if (overrun->foretold)
		evidence_add(diagnosis, finding, EVIDENCE_PREDICTION, WEIGHT_STRONG, false,
			     "executed from its entry on, with the arguments on the stack, its code stores 0x%" PRIx64 " there, in every call: "
			     "that is the word", damage->observed);
}

static uint64_t lowest_sp(struct diagnosis *diagnosis, const struct damage *damage)
{
	struct stack stack = {0};

	if (damage->goroutine >= 0)
		goroutine_stack(diagnosis->analysis, (size_t)damage->goroutine, &stack);
	return stack.frames.count ? stack.frames.items[0].sp : UINT64_MAX;
}

void writer_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage)
{
	struct overrun *overrun = arena_alloc(diagnosis->arena, sizeof *overrun);

	if (damage->kind != DAMAGE_SMASHED || !overrun_find(diagnosis->analysis, damage, lowest_sp(diagnosis, damage), overrun))
		return;
	finding->overrun = overrun;
	run_evidence(diagnosis, finding, &overrun->run);
	local_evidence(diagnosis, finding, overrun);
	store_evidence(diagnosis, finding, overrun, damage);
}
