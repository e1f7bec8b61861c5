/* sp_out_of_bounds.c: a stack pointer off the stack of its goroutine: kept in g.sched or g.syscallsp, or in the CPU's register
 * while code of the program ran. The program's own Go code runs on its goroutine's stack only; the runtime, C, the vDSO and
 * handlers of signals have others, and assembly may change SP itself. */
#include "heuristics/damage/state_word.h"

#include "base/prefix.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_sp_out_of_bounds;

/* Compiled code of a package that is not the runtime's. */
static bool is_of_program(const struct pc_info *info)
{
	static const char *const packages[] = {"runtime.", "runtime/", "internal/runtime/", "syscall."};

	if (!info->func || (info->func->flags & (FUNC_ASM | FUNC_SP_WRITE)) || info->role != ROLE_NONE)
		return false;
	return !prefix_of(go_func_name(info), packages, sizeof packages / sizeof *packages);
}

/* Whose stack it is, in words; NULL: none that is known. */
static const char *stack_of(const struct diagnosis *diagnosis, uint64_t sp)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;

	for (size_t i = 0; i < runtime->goroutines.count; i++)
		if (sp >= runtime->goroutines.items[i].stack_lo && sp < runtime->goroutines.items[i].stack_hi)
			return arena_printf(diagnosis->arena, "it lies on the stack of goroutine %" PRIu64,
					    runtime->goroutines.items[i].id);
	for (size_t i = 0; i < runtime->machines.count; i++)
		if ((sp >= runtime->machines.items[i].g0_lo && sp < runtime->machines.items[i].g0_hi) ||
		    (sp >= runtime->machines.items[i].gsignal_lo && sp < runtime->machines.items[i].gsignal_hi))
			return "it lies on a system stack of the runtime";
	return NULL;
}

static void place_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t sp)
{
	const char *whose = stack_of(diagnosis, sp);
	uint8_t byte;

	if (whose)
		evidence_add(diagnosis, finding, EVIDENCE_STACK_BOUNDS, WEIGHT_FAIR, false, "%s", whose);
	else if (image_read(diagnosis->analysis->image, sp, &byte, 1) == MEM_UNMAPPED)
		evidence_add(diagnosis, finding, EVIDENCE_STACK_BOUNDS, WEIGHT_FAIR, false, "no memory is mapped there");
}

static void sp_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct context *at, const struct goroutine *g)
{
	const struct arch *arch = diagnosis->analysis->image->arch;
	struct evidence *evidence;

	evidence = evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, false,
				"%s: off the goroutine's stack, which is [0x%" PRIx64 ", 0x%" PRIx64 ")", arch->reg_names[arch->sp],
				g->stack_lo, g->stack_hi);
	evidence->observed = hex_text(diagnosis->arena, at->sp);
	evidence = evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, false,
				"the CPU stopped at 0x%" PRIx64 " in %s, compiled Go code, which runs on its goroutine's stack only",
				at->pc, finding->function);
	evidence->address = at->pc;
}

static void check_thread(struct diagnosis *diagnosis, size_t thread)
{
	struct analysis *analysis = diagnosis->analysis;
	const int32_t index = analysis->thread_goroutine[thread];
	const struct context *at = &analysis->walks[thread].stopped;
	const struct goroutine *g = index >= 0 ? &analysis->runtime->goroutines.items[index] : NULL;
	const struct pc_info *info = g && at->known ? go_pc(analysis->runtime, at->pc, true) : NULL;
	struct finding *finding;

	if (!info || !is_of_program(info) || g->status != G_RUNNING || g->scan || (at->sp >= g->stack_lo && at->sp <= g->stack_hi))
		return;
	finding = finding_add(diagnosis, &detector_sp_out_of_bounds);
	finding->goroutine = index;
	finding->thread = (int32_t)thread;
	finding->function = go_func_name(info);
	finding->has_pc = finding->has_observed = true;
	finding->pc = at->pc;
	finding->observed = at->sp;
	finding->title = arena_printf(diagnosis->arena, "thread %" PRId64 " ran %s of goroutine %" PRIu64 " with SP 0x%" PRIx64
				      ", off the stack of that goroutine", analysis->image->threads.items[thread].id,
				      finding->function, g->id, at->sp);
	sp_evidence(diagnosis, finding, at, g);
	place_evidence(diagnosis, finding, at->sp);
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;

	for (size_t i = 0; i < analysis->state_words.count; i++) {
		const struct state_word *word = &analysis->state_words.items[i];

		if (state_word_kind(word) == STATE_KIND_OUTSIDE)
			place_evidence(diagnosis, state_word_finding(diagnosis, &detector_sp_out_of_bounds, word), word->observed);
	}
	for (size_t i = 0; i < analysis->image->threads.count; i++)
		check_thread(diagnosis, i);
}

static const char *const supersedes[] = {"unwinder-crash", "heap-damage", "unknown-fault", "go-fatal", NULL};

const struct detector detector_sp_out_of_bounds = {
	.id = "sp-out-of-bounds",
	.title = "a stack pointer lies off the stack of its goroutine",
	.explanation =
		"SP of a goroutine must lie on the goroutine's stack: in g.sched and g.syscallsp always, in the CPU's register while the "
		"program's own Go code runs. Here it does not. It may point to a stack that the goroutine has left (stale: one that "
		"was freed and is somebody else's now), or nowhere. What runs on other stacks by right is no finding: the runtime on "
		"g0, handlers of signals, C code, the vDSO, assembly that changes SP itself.\n"
		"Evidence: the word or register, beside the bounds of the stack; what lies where it points; and, of a saved SP, that the "
		"frame tables lead to the goroutine's entry from the value that frame pointer and frame size give, and not from this "
		"one.\n"
		"What to do: look at whoever changes SP: assembly of the program, C code that calls back into Go, debuggers and "
		"profilers that set registers; of a saved SP, at whoever can have written to g: C code, package unsafe.",
	.corruption = true,
	.rank = 90,
	.supersedes = supersedes,
	.run = run,
};
