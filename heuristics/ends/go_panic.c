/* go_panic.c: the process ended by a Go panic that nobody recovered. */
#include "heuristics/ends/recorded_end.h"
#include "heuristics/ends/test_timeout.h"

#include <inttypes.h>

extern const struct detector detector_go_panic;

enum { TOLD_LIMIT = 8 }; /* panics of a chain that evidence is given of, the oldest first */

static const char *value_of(struct arena *arena, const struct panic_value *panic)
{
	if (panic->says) /* skipped by preprintpanics: the same value stands in the next record */
		return arena_printf(arena, "(%s) %s", panic->type, one_line(arena, panic->says));
	if (panic->text)
		return one_line(arena, panic->text);
	return panic->type ? arena_printf(arena, "(%s)", panic->type) : "a value that is not read";
}

/* Where the panic was called, for a sentence: " in main.f, called at 0x…"; empty when unknown. */
static const char *place_of(struct diagnosis *diagnosis, const struct stack *stack, const struct panic_value *panic)
{
	const size_t frame = panic_frame(stack, panic);

	if (frame == SIZE_MAX)
		return "";
	return arena_printf(diagnosis->arena, " in %s, at pc 0x%" PRIx64,
			    program_function(diagnosis->analysis, stack, frame), stack->frames.items[frame].pc);
}

static void origin_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct panic_value *panic)
{
	if (panic->origin && panic->type && !panic->origin_proved)
		evidence_word(diagnosis, finding, WEIGHT_WEAK, false, panic->origin_slot, NULL,
			      "the argument slot of its runtime.gopanic names the type %s", panic->origin);
	else if (panic->origin)
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, panic->origin_slot, NULL,
			      "the argument slot of its runtime.gopanic names the type %s, and that value, read from memory, "
			      "says the same", panic->origin);
}

/* One record of the chain: the word that its value's type, and the one that its flags are read from. */
static void record_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack,
			    const struct panic_value *panic)
{
	const struct layout *layout = diagnosis->analysis->runtime->layout;
	const char *place = place_of(diagnosis, stack, panic);

	if (panic->goexit) {
		evidence_word(diagnosis, finding, WEIGHT_WEAK, false, panic->address + layout->offset[LAYOUT_panic_goexit], NULL,
			      "the goroutine had called runtime.Goexit%s before, and its deferred functions ran", place);
		return;
	}
	evidence_word(diagnosis, finding, WEIGHT_FAIR, false, panic->address + layout->offset[LAYOUT_panic_arg_type], NULL,
		      "runtime._panic at 0x%" PRIx64 "%s: %s", panic->address, place, value_of(diagnosis->arena, panic));
	if (panic->recovered || panic->repanicked)
		evidence_word(diagnosis, finding, WEIGHT_WEAK, false, panic->address + layout->offset[LAYOUT_panic_recovered],
			      NULL, "it was recovered, by a deferred function that then panicked itself%s",
			      panic->repanicked ? " with the same value" : "");
	origin_evidence(diagnosis, finding, panic);
}

static void chain_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack)
{
	const struct messages *messages = &diagnosis->analysis->messages;

	for (size_t told = 0; told < messages->panics.count && told < TOLD_LIMIT; told++)
		record_evidence(diagnosis, finding, stack, &messages->panics.items[messages->panics.count - 1 - told]);
}

/* The record is a variable of the gopanic that made it, the last one: stack and memory must agree on that. */
static void stack_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack)
{
	const struct panic_value *last = &diagnosis->analysis->messages.panics.items[0];
	const size_t innermost = find_role(stack, ROLE_GOPANIC);
	const struct frame *gopanic = last->frame == (int64_t)innermost ? &stack->frames.items[innermost] : NULL;
	const char *place = place_of(diagnosis, stack, last);

	if (gopanic)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "its stack passes runtime.gopanic, called%s, whose frame 0x%" PRIx64 "-0x%" PRIx64
			     " holds that record", place, gopanic->sp, gopanic->fp);
	else
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_FAIR, false, "its stack passes runtime.gopanic");
}

/* The runtime died of the panic before any deferred function ran. */
static void broken_off_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack)
{
	const size_t generated = generated_frame(diagnosis->analysis->image, stack);

	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false,
		     "then the runtime looked for deferred functions along the stack, and threw: \"%s\"",
		     diagnosis->analysis->messages.broken_off);
	if (generated != SIZE_MAX)
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, stack->frames.items[generated].slot, NULL,
			      "below the panic the stack passes code that the process made itself, of which the runtime has no tables");
}

static void report(struct diagnosis *diagnosis, const struct stack *stack)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct messages *messages = &analysis->messages;
	const struct panic_value *oldest = oldest_panic(messages);
	const struct goroutine *g = &analysis->runtime->goroutines.items[messages->goroutine];
	struct finding *finding = finding_add(diagnosis, &detector_go_panic);
	const char *line = messages->line ? one_line(diagnosis->arena, messages->line) : NULL;

	finding->goroutine = messages->goroutine;
	finding->thread = analysis->dying_thread;
	point_at(analysis, finding, stack, panic_frame(stack, oldest));
	if (!finding->function)
		point_at(analysis, finding, stack, first_program_frame(stack, find_role(stack, ROLE_GOPANIC)));
	finding->title = arena_printf(diagnosis->arena, "goroutine %" PRIu64 " panicked%s%s%s%s", g->id,
				      finding->function ? " in " : "", finding->function ? finding->function : "",
				      line ? ": " : "", line ? line : "");
	evidence_word(diagnosis, finding, WEIGHT_STRONG, false,
		      g->address + analysis->runtime->layout->offset[LAYOUT_g_panic], NULL,
		      "g._panic of goroutine %" PRIu64 " leads to its %spanic, runtime._panic at 0x%" PRIx64 "%s%s", g->id,
		      messages->panics.count > 1 ? "last " : "", messages->panics.items[0].address, line ? ": " : "",
		      line ? line : "");
	chain_evidence(diagnosis, finding, stack);
	stack_evidence(diagnosis, finding, stack);
	if (messages->broken_off)
		broken_off_evidence(diagnosis, finding, stack);
	else if (analysis->image->stop.known)
		evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
			     "the runtime then ended the process: %s on %s", analysis->image->stop.name,
			     thread_text(analysis, analysis->dying_thread));
}

static const char *panicked_text(struct diagnosis *diagnosis, const struct finding *finding)
{
	const struct analysis *analysis = diagnosis->analysis;
	const char *in = finding->function ? arena_printf(diagnosis->arena, " in %s", finding->function) : "";

	if (finding->goroutine < 0)
		return arena_printf(diagnosis->arena, "a goroutine panicked%s", in);
	return arena_printf(diagnosis->arena, "goroutine %" PRIu64 " panicked%s",
			    analysis->runtime->goroutines.items[finding->goroutine].id, in);
}

static void recorded_chain_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack)
{
	const struct messages *messages = &diagnosis->analysis->messages;

	for (size_t told = 0; messages->panics.count > 1 && told < messages->panics.count && told < TOLD_LIMIT; told++) {
		const struct panic_value *panic = &messages->panics.items[messages->panics.count - 1 - told];
		const size_t frame = panic_frame(stack, panic);

		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false, "panic %zu of the chain%s%s%s: %s", told + 1,
			     frame == SIZE_MAX ? "" : ", in ", frame == SIZE_MAX ? "" : program_function(diagnosis->analysis, stack, frame),
			     panic->recovered ? ", recovered" : "", value_of(diagnosis->arena, panic));
	}
}

/* What the runtime made of a fault is told by that, as far as the log has it; the panic alone says no more than that there was one. */
static void yield_to_fault(struct diagnosis *diagnosis, struct finding *finding)
{
	if (diagnosis->analysis->fault.known)
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, true,
			     "the runtime made this panic of a %s: that says more", diagnosis->analysis->fault.name);
}

/* Of a log. */
static void report_recorded(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct messages *messages = &analysis->messages;
	struct finding *finding = finding_add(diagnosis, &detector_go_panic);
	struct stack stack = {0};
	size_t frame = SIZE_MAX;

	finding->goroutine = messages->goroutine;
	finding->thread = analysis->dying_thread;
	if (messages->goroutine >= 0) {
		goroutine_stack(analysis, (size_t)messages->goroutine, &stack);
		frame = panic_frame(&stack, oldest_panic(messages));
		if (frame == SIZE_MAX)
			frame = first_program_frame(&stack, 0);
		point_at(analysis, finding, &stack, frame);
	}
	finding->title = arena_printf(diagnosis->arena, "%s: %s", panicked_text(diagnosis, finding),
				      one_line(diagnosis->arena, messages->line));
	recorded_words_evidence(diagnosis, finding, messages->line);
	recorded_chain_evidence(diagnosis, finding, &stack);
	recorded_state_evidence(diagnosis, finding);
	recorded_stack_evidence(diagnosis, finding, &stack, frame);
	yield_to_fault(diagnosis, finding);
}

static void tell_timeout(struct diagnosis *diagnosis)
{
	struct test_timeout timeout;

	if (test_timeout_of(diagnosis->arena, &diagnosis->analysis->messages, &timeout))
		test_timeout_evidence(diagnosis, &diagnosis->findings.items[diagnosis->findings.count - 1], &timeout);
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct messages *messages = &analysis->messages;
	struct stack stack = {0};

	if (analysis->runtime->recorded && messages->panicked && oldest_panic(messages)) {
		report_recorded(diagnosis);
		tell_timeout(diagnosis);
		return;
	}
	if (!messages->panicked || messages->goroutine < 0 || !oldest_panic(messages) || !analysis->runtime->layout)
		return;
	goroutine_stack(analysis, (size_t)messages->goroutine, &stack);
	if (find_role(&stack, ROLE_GOPANIC) == SIZE_MAX)
		return;
	report(diagnosis, &stack);
	tell_timeout(diagnosis);
}

static const char *const supersedes[] = {"unknown-fault", NULL};

const struct detector detector_go_panic = {
	.id = "go-panic",
	.title = "a Go panic that nobody recovered",
	.explanation = "A goroutine called panic, or the runtime did on its behalf (a nil dereference, an index out of range), and "
		       "no deferred function recovered it; the runtime printed the panic and ended the process. Where deferred "
		       "functions panicked too, or recovered a panic and panicked again, there is a chain: the verdict names the "
		       "oldest, which the others came after. Evidence: g._panic and the runtime._panic records that it leads to, "
		       "each in the frame of the runtime.gopanic that made it, and runtime.fatalpanic on the stack. A panic whose "
		       "deferred functions were still running when something else ended the process is none.\n"
		       "What to do: read the message and the function that the verdict names; the goroutine's stack shows how it "
		       "came there.",
	.rank = 40,
	.supersedes = supersedes,
	.run = run,
};
