/* go_fatal.c: the runtime ended the process with `fatal error: …`. */
#include "heuristics/ordinary_ends.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_go_fatal;

/* The frame that threw: on the thread's own stack, or on the goroutine's. */
static bool threw(struct analysis *analysis, struct stack *ret)
{
	int32_t goroutine = analysis->thread_goroutine[analysis->dying_thread];

	thread_stack(analysis, (size_t)analysis->dying_thread, ret);
	if (find_role(ret, ROLE_THROW) != SIZE_MAX || find_role(ret, ROLE_FATAL) != SIZE_MAX)
		return true;
	if (goroutine < 0)
		return false;
	goroutine_stack(analysis, (size_t)goroutine, ret);
	return find_role(ret, ROLE_THROW) != SIZE_MAX || find_role(ret, ROLE_FATAL) != SIZE_MAX;
}

/* m.dying and m.throwing (runtime/panic.go startpanic_m, throw): the M itself says that it brings the process down. */
static void state_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;

	for (size_t i = 0; i < runtime->machines.count; i++) {
		const struct machine *m = &runtime->machines.items[i];

		if (m->thread == finding->thread && m->dying > 0)
			evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
				     "M%" PRId64 " of that thread is marked dying (m.dying %" PRId32 ", m.throwing %" PRId32 ")",
				     m->id, m->dying, m->throwing);
	}
	if (diagnosis->analysis->image->stop.known)
		evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_FAIR, false, "the process ended by %s",
			     diagnosis->analysis->image->stop.name);
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const char *line = analysis->messages.line;
	int32_t goroutine;
	struct finding *finding;
	struct stack stack = {0};

	if (!line || strncmp(line, "fatal error: ", 13))
		return;
	goroutine = analysis->thread_goroutine[analysis->dying_thread];
	finding = finding_add(diagnosis, &detector_go_fatal);
	finding->thread = analysis->dying_thread;
	finding->goroutine = goroutine;
	finding->title = arena_printf(diagnosis->arena, "the Go runtime ended the process: %s", line);
	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "the runtime's last words: \"%s\"", line);
	if (threw(analysis, &stack))
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "the stack of the thread that died, %" PRId64 ", passes the runtime's throw",
			     analysis->image->threads.items[analysis->dying_thread].id);
	state_evidence(diagnosis, finding);
	if (goroutine >= 0) {
		goroutine_stack(analysis, (size_t)goroutine, &stack);
		point_at(analysis, finding, &stack, first_program_frame(&stack, 0));
	}
}

static const char *const supersedes[] = {"unknown-fault", NULL};

const struct detector detector_go_fatal = {
	.id = "go-fatal",
	.title = "the Go runtime ended the process with a fatal error",
	.explanation = "The runtime found a condition that it cannot continue from (a deadlock, concurrent map writes, an exhausted "
		       "heap, damage to its own state) and threw. No deferred function can stop that. Evidence: its message, kept in "
		       "runtime.printBacklog, and runtime.throw or runtime.fatal on a stack.\n"
		       "What to do: the message names the condition; the goroutine's stack shows where it was met.",
	.rank = 30,
	.supersedes = supersedes,
	.run = run,
};
