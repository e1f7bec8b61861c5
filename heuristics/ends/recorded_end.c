/* recorded_end.c: see recorded_end.h. */
#include "heuristics/ends/recorded_end.h"

#include "golang/recorded.h"

#include <inttypes.h>

void recorded_words_evidence(struct diagnosis *diagnosis, struct finding *finding, const char *line)
{
	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "the runtime's last words: \"%s\"",
		     one_line(diagnosis->arena, line));
}

void recorded_state_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	const struct goroutine *g = finding->goroutine >= 0 ? &runtime->goroutines.items[finding->goroutine] : NULL;
	const bool ran = g && g->status == G_RUNNING;

	if (g)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, ran ? WEIGHT_STRONG : WEIGHT_FAIR, false,
			     "behind them, on line %" PRIu64 " of the log, the runtime printed goroutine %" PRIu64 ", which was %s",
			     recorded_goroutine(runtime, (size_t)finding->goroutine)->line, g->id,
			     goroutine_wait_reason(runtime, g) ? "waiting" : goroutine_status_name(g));
}

void recorded_stop_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct recorded_signal *signal = &analysis->runtime->recorded->record->signal;
	struct stack stack = {0};
	size_t at = 0;

	thread_stack(analysis, (size_t)finding->thread, &stack);
	if (!stack.frames.count && finding->goroutine >= 0)
		goroutine_stack(analysis, (size_t)finding->goroutine, &stack);
	while (at < stack.frames.count && !(signal->has_pc && stack.frames.items[at].pc == signal->pc))
		at++;
	if (at < stack.frames.count)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "the stack that was printed first stands at that very pc, 0x%" PRIx64 ", in %s", signal->pc,
			     go_func_name(stack.frames.items[at].info));
}

void recorded_stack_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack, size_t frame)
{
	const bool whole = stack->end == END_COMPLETE;

	if (frame >= stack->frames.count)
		return;
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, whole ? WEIGHT_STRONG : WEIGHT_FAIR, false,
		     "its stack, as printed, passes %s at %s%s", program_function(diagnosis->analysis, stack, frame),
		     frame_address_text(diagnosis->arena, &stack->frames.items[frame]),
		     whole ? ", and leads to where the goroutine began" : "; the log does not have all of it");
}
