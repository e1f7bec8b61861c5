/* go_fatal.c: the runtime ended the process with `fatal error: …`. */
#include "heuristics/ends/recorded_end.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_go_fatal;

static const char *const fault_messages[] = {
#define FAULT_MESSAGE(line) line,
#include "heuristics/ends/fault_messages.def"
#undef FAULT_MESSAGE
};

/* Index of the frame that called runtime.throw or runtime.fatal; SIZE_MAX: no such frame. */
static size_t thrower_frame(const struct stack *stack)
{
	const size_t throw = find_role(stack, ROLE_THROW);
	size_t at = throw != SIZE_MAX ? throw : find_role(stack, ROLE_FATAL);

	/* other packages reach them by functions of the same names: sync.fatal, internal/runtime/maps.fatal */
	for (; at < stack->frames.count; at++) {
		const char *name = stack->frames.items[at].info->func ? go_func_name(stack->frames.items[at].info) : "";
		const char *dot = strrchr(name, '.');

		if (!dot || (strcmp(dot, ".throw") && strcmp(dot, ".fatal")))
			return at;
	}
	return SIZE_MAX;
}

size_t thrower_find(struct analysis *analysis, struct stack *ret)
{
	int32_t goroutine = analysis->thread_goroutine[analysis->dying_thread];
	size_t frame;

	thread_stack(analysis, (size_t)analysis->dying_thread, ret);
	frame = thrower_frame(ret);
	if (frame != SIZE_MAX || goroutine < 0)
		return frame;
	goroutine_stack(analysis, (size_t)goroutine, ret);
	return thrower_frame(ret);
}

static const char *const throw_types[] = {
	[THROW_UNKNOWN] = "",
	[THROW_USER] = ": the program's misuse",
	[THROW_RUNTIME] = ": the runtime's own error, not one of the program's calls",
};

/* Before Go 1.19, which brought runtime.fatal, 1 says no more than that it throws. */
static enum throw_type throw_type(const struct go_runtime *runtime, int32_t throwing)
{
	if (!runtime->functions[ROLE_FATAL] || throwing < THROW_USER || throwing > THROW_RUNTIME)
		return THROW_UNKNOWN;
	return (enum throw_type)throwing;
}

enum throw_type throw_blames(const struct analysis *analysis)
{
	const int32_t machine = analysis->dying_thread >= 0 ? analysis->thread_machine[analysis->dying_thread] : -1;

	return machine < 0 ? THROW_UNKNOWN : throw_type(analysis->runtime, analysis->runtime->machines.items[machine].throwing);
}

/* m.dying and m.throwing (runtime/panic.go startpanic_m, fatalthrow): the M itself says that it brings the process down. */
static void state_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;

	if (runtime->recorded)
		recorded_state_evidence(diagnosis, finding);

	for (size_t i = 0; i < runtime->machines.count && runtime->layout; i++) {
		const struct machine *m = &runtime->machines.items[i];

		if (m->thread != finding->thread || m->dying <= 0)
			continue;
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, m->address + runtime->layout->offset[LAYOUT_m_dying], NULL,
			      "M%" PRId64 " of that thread is marked dying (m.dying %" PRId32 ")", m->id, m->dying);
		if (m->throwing)
			evidence_word(diagnosis, finding, WEIGHT_FAIR, false,
				      m->address + runtime->layout->offset[LAYOUT_m_throwing], NULL, "m.throwing is %" PRId32 "%s",
				      m->throwing, throw_types[throw_type(runtime, m->throwing)]);
	}
	if (diagnosis->analysis->image->stop.known)
		evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_FAIR, false, "the process ended by %s",
			     diagnosis->analysis->image->stop.name);
}

static void stack_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0};
	const size_t frame = thrower_find(analysis, &stack);

	if (frame != SIZE_MAX)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "the stack of %s passes the runtime's throw, called by %s at %s",
			     dead_thread_text(analysis, analysis->dying_thread),
			     go_func_name(stack.frames.items[frame].info), frame_address_text(diagnosis->arena, &stack.frames.items[frame]));
}

void thrown_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	stack_evidence(diagnosis, finding);
	state_evidence(diagnosis, finding);
}

void backlog_evidence(struct diagnosis *diagnosis, struct finding *finding, enum weight weight, const char *last)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;

	for (size_t i = 0; i < runtime->fatal_lines.count; i++)
		if (strcmp(runtime->fatal_lines.items[i], last) && *runtime->fatal_lines.items[i])
			evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, weight, false, "before that it printed: \"%s\"",
				     one_line(diagnosis->arena, runtime->fatal_lines.items[i]));
}

/* A panic whose deferred functions were running when the runtime threw. */
static void panic_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct analysis *analysis = diagnosis->analysis;
	const struct panic_value *panic = oldest_panic(&analysis->messages);
	const char *value = panic ? (panic->says ? panic->says : panic->text) : NULL;

	if (panic && analysis->runtime->layout)
		evidence_word(diagnosis, finding, WEIGHT_WEAK, false,
			      panic->address + analysis->runtime->layout->offset[LAYOUT_panic_arg_type], NULL,
			      "the goroutine had panicked before, and its deferred functions ran: runtime._panic at 0x%" PRIx64
			      "%s%s", panic->address, value ? ": " : "", value ? one_line(diagnosis->arena, value) : "");
}

/* What the program did wrong, it did in its own function: the mistakes that runtime.fatal is for, and what packages above the
 * runtime throw. */
static bool is_misuse(struct analysis *analysis)
{
	struct stack stack = {0};
	size_t frame;

	if (analysis->runtime->functions[ROLE_FATAL] && analysis->thread_machine[analysis->dying_thread] >= 0)
		return throw_blames(analysis) == THROW_USER;
	frame = thrower_find(analysis, &stack);
	return frame != SIZE_MAX && strncmp(go_func_name(stack.frames.items[frame].info), "runtime.", 8) != 0;
}

static const char *title(struct diagnosis *diagnosis, const struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;

	if (message_names_fault(analysis) && !analysis->fault.known)
		return arena_printf(diagnosis->arena, "the CPU faulted, it is not known at what, and the Go runtime ended the process: %s",
				    analysis->messages.line);
	if (!finding->function || !is_misuse(analysis))
		return arena_printf(diagnosis->arena, "the Go runtime ended the process: %s", analysis->messages.line);
	return arena_printf(diagnosis->arena, "the Go runtime ended the process for what goroutine %" PRIu64 " did in %s: %s",
			    analysis->runtime->goroutines.items[finding->goroutine].id, finding->function, analysis->messages.line);
}

bool message_names_fault(const struct analysis *analysis)
{
	const char *line = analysis->messages.line;

	for (size_t i = 0; line && i < sizeof fault_messages / sizeof *fault_messages; i++)
		if (!strcmp(line, fault_messages[i]))
			return true;
	return false;
}

/* What the runtime prints of a fault is no witness of why: that finding says more where the fault is known, and where it is not, nothing
 * does. */
static void yield_to_fault(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct fault *fault = &diagnosis->analysis->fault;

	if (!message_names_fault(diagnosis->analysis))
		return;
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].weight > WEIGHT_FAIR)
			finding->evidence.items[i].weight = WEIGHT_FAIR;
	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, true,
		     "such a message says how the process ended, not why: the runtime had no other name for %s",
		     fault->known ? arena_printf(diagnosis->arena, "the %s", fault->name)
				  : "a fault of the CPU, and where that happened is not to be found in the dump");
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const char *line = analysis->messages.line;
	int32_t goroutine;
	struct finding *finding;
	struct stack stack = {0};

	if (!go_fatal_text(line))
		return;
	goroutine = analysis->thread_goroutine[analysis->dying_thread];
	finding = finding_add(diagnosis, &detector_go_fatal);
	finding->thread = analysis->dying_thread;
	finding->goroutine = goroutine;
	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "the runtime's last words: \"%s\"", line);
	backlog_evidence(diagnosis, finding, WEIGHT_WEAK, line);
	thrown_evidence(diagnosis, finding);
	panic_evidence(diagnosis, finding);
	yield_to_fault(diagnosis, finding);
	if (goroutine >= 0) {
		goroutine_stack(analysis, (size_t)goroutine, &stack);
		point_at(analysis, finding, &stack, first_program_frame(&stack, 0));
	}
	finding->title = title(diagnosis, finding);
}

static const char *const supersedes[] = {"unknown-fault", NULL};

const struct detector detector_go_fatal = {
	.id = "go-fatal",
	.title = "the Go runtime ended the process with a fatal error",
	.explanation = "The runtime found a condition that it cannot continue from (an unlocked mutex unlocked, an exhausted "
		       "heap, damage to its own state) and threw. No deferred function can stop that. Evidence: its message, kept in "
		       "runtime.printBacklog with what it printed before; runtime.throw or runtime.fatal on a stack, and who called "
		       "it; m.dying and m.throwing, which is 1 for the program's misuse and 2 for the runtime's own trouble. Messages such as "
		       "`fault` only say that the CPU faulted: then the fault is the finding, and this one is explained by it.\n"
		       "What to do: the message names the condition; the goroutine's stack shows where it was met.",
	.rank = 30,
	.supersedes = supersedes,
	.run = run,
};
