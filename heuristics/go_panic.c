/* go_panic.c: the process ended by a Go panic that nobody recovered. */
#include "heuristics/ordinary_ends.h"

#include <inttypes.h>

extern const struct detector detector_go_panic;

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct messages *messages = &analysis->messages;
	const struct panic_value *panic;
	const struct goroutine *g;
	struct finding *finding;
	struct stack stack = {0};
	size_t gopanic;

	if (!messages->panics.count || messages->goroutine < 0)
		return;
	panic = &messages->panics.items[0];
	g = &analysis->runtime->goroutines.items[messages->goroutine];
	goroutine_stack(analysis, (size_t)messages->goroutine, &stack);
	gopanic = find_role(&stack, ROLE_GOPANIC);
	if (gopanic == SIZE_MAX)
		return;
	finding = finding_add(diagnosis, &detector_go_panic);
	finding->goroutine = messages->goroutine;
	finding->thread = analysis->dying_thread;
	point_at(analysis, finding, &stack, first_program_frame(&stack, gopanic));
	finding->title = arena_printf(diagnosis->arena, "goroutine %" PRIu64 " panicked%s%s%s%s", g->id,
				      finding->function ? " in " : "", finding->function ? finding->function : "",
				      messages->line ? ": " : "", messages->line ? messages->line : "");
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
		     "goroutine %" PRIu64 " has an unrecovered panic, runtime._panic at 0x%" PRIx64 "%s%s", g->id, panic->address,
		     messages->line ? ": " : "", messages->line ? messages->line : "");
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "its stack passes runtime.gopanic%s%s%s%s", finding->function ? ", called from " : "",
		     finding->function ? finding->function : "", finding->has_pc ? " at pc " : "",
		     finding->has_pc ? hex_text(diagnosis->arena, finding->pc) : "");
	if (analysis->image->stop.known)
		evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
			     "the runtime then ended the process: %s on thread %" PRId64, analysis->image->stop.name,
			     analysis->image->threads.items[analysis->dying_thread].id);
}

static const char *const supersedes[] = {"unknown-fault", NULL};

const struct detector detector_go_panic = {
	.id = "go-panic",
	.title = "a Go panic that nobody recovered",
	.explanation = "A goroutine called panic, or the runtime did on its behalf (a nil dereference, an index out of range), and "
		       "no deferred function recovered it; the runtime printed the panic and ended the process. Evidence: the "
		       "goroutine's runtime._panic, and runtime.gopanic on its stack.\n"
		       "What to do: read the message and the function that the verdict names; the goroutine's stack shows how it "
		       "came there.",
	.rank = 40,
	.supersedes = supersedes,
	.run = run,
};
