/* split_sp.c: a pc that rests between the parts of an SP adjustment. The analyzer has found the tear and collected the
 * words; here they are weighed. */
#include "heuristics/detector.h"

#include "base/count.h"
#include "analyzer/instructions/callsite.h"
#include "analyzer/instructions/tear.h"
#include "analyzer/unwind/recorded.h"
#include "formats/log/record.h"
#include "golang/preempt.h"
#include "golang/recorded.h"

#include <inttypes.h>
#include <string.h>

enum { CALLERS_SHOWN = 8 };

extern const struct detector detector_split_sp;

struct subject {
	struct diagnosis *diagnosis;
	struct finding *finding;
	const struct tear *tear;
	const char *function;
};

/* Whether the pc is not in the log, and how large the frame was taken to be is only because no caller was found: the runtime complains of a
 * damaged return address in the same way. */
static bool is_by_complaint(const struct subject *s)
{
	return s->tear->searched && s->diagnosis->analysis->runtime->recorded->record->bad_sp == s->tear->sp;
}

static void instruction_evidence(const struct subject *s)
{
	const struct tear *tear = s->tear;
	struct evidence *evidence;

	evidence = evidence_add(s->diagnosis, s->finding, EVIDENCE_INSTRUCTION,
				tear->assumed || is_by_complaint(s) ? WEIGHT_FAIR : WEIGHT_STRONG, false,
				"pc 0x%" PRIx64 " of %s lies inside an adjustment of SP: pcsp claims %" PRId64
				" bytes to the frame's top, executing the function leaves %" PRId64,
				tear->at->pc, s->function, tear->claimed, tear->executed);
	evidence->address = tear->at->pc;
	if (!tear->beside)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, true,
			     "no instruction beside it leaves SP %" PRId64 " bytes below the frame's top: it is the table that may be damaged",
			     tear->claimed);
	if (tear->searched)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_PREDICTION, WEIGHT_FAIR, false,
			     "the log does not say the pc; of the instructions of %s for which the table claims a frame as large as "
			     "%s, this is torn, or several are, all by as much", s->function,
			     is_by_complaint(s) ? "the runtime complained of" : "the garbage collector was told to scan");
	if (!tear->preempted)
		return;
	if (is_safe_point(tear->at))
		evidence_add(s->diagnosis, s->finding, EVIDENCE_INSTRUCTION, WEIGHT_FAIR, false,
			     "the compiler marks pc 0x%" PRIx64 " as a point where asynchronous preemption is allowed",
			     tear->at->pc);
	else
		evidence_add(s->diagnosis, s->finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, true,
			     "the compiler marks pc 0x%" PRIx64 " as unsafe for asynchronous preemption, which yet seems to "
			     "have stopped there", tear->at->pc);
}

static void stop_evidence(const struct subject *s)
{
	const struct tear *tear = s->tear;
	struct evidence *evidence;

	evidence = evidence_add(s->diagnosis, s->finding, EVIDENCE_REGISTER, WEIGHT_FAIR, false,
				"SP at the stop is off by %" PRId64 " bytes", tear->claimed - tear->executed);
	evidence->observed = hex_text(s->diagnosis->arena, tear->sp);
	evidence->expected = hex_text(s->diagnosis->arena, tear->sp - (uint64_t)(tear->claimed - tear->executed));
	if (tear->pc_address)
		evidence_word(s->diagnosis, s->finding, WEIGHT_FAIR, false, tear->pc_address,
			      hex_text(s->diagnosis->arena, tear->at->pc),
			      tear->preempted ? "the pc at which runtime.asyncPreempt interrupted %s"
					      : "the pc at which a signal interrupted %s", s->function);
}

/* "just after main.deepCaller's call of main.bigFrame" */
static const char *caller_text(const struct subject *s, uint64_t pc)
{
	const struct pc_info *info = go_return_address(s->diagnosis->analysis->runtime, pc);

	return arena_printf(s->diagnosis->arena, "in %s, just after %s", go_func_name(info),
			    info->call == FLOW_CALL ? arena_printf(s->diagnosis->arena, "its call of %s", s->function)
						    : "an indirect call");
}

static void link_evidence(const struct subject *s)
{
	const struct tear *tear = s->tear;
	const char *what = "the interrupted link register, which holds the return address at this pc";
	const char *expected = tear->link_calls ? caller_text(s, tear->link)
						: arena_printf(s->diagnosis->arena, "a return address into a caller of %s",
							       s->function);

	if (!tear->link_live)
		return;
	if (tear->link_address) {
		evidence_word(s->diagnosis, s->finding, WEIGHT_STRONG, !tear->link_calls, tear->link_address, expected, "%s",
			      what);
	} else {
		struct evidence *evidence = evidence_add(s->diagnosis, s->finding, EVIDENCE_REGISTER, WEIGHT_STRONG,
							 !tear->link_calls, "lr: %s", what);

		evidence->observed = hex_text(s->diagnosis->arena, tear->link);
		evidence->expected = expected;
	}
}

static void frame_pointer_evidence(const struct subject *s)
{
	const struct tear *tear = s->tear;
	bool agrees = tear->frame_pointer == tear->frame_pointer_expected;
	const char *expected = hex_text(s->diagnosis->arena, tear->frame_pointer_expected);
	const char *what = "the interrupted frame pointer, against the frame's top as executed";

	if (!tear->frame_pointer_due || !tear->has_frame_pointer)
		return;
	if (tear->frame_pointer_address) {
		evidence_word(s->diagnosis, s->finding, WEIGHT_STRONG, !agrees, tear->frame_pointer_address, expected, "%s",
			      what);
	} else {
		struct evidence *evidence = evidence_add(s->diagnosis, s->finding, EVIDENCE_REGISTER, WEIGHT_STRONG, !agrees,
							 "fp: %s", what);

		evidence->observed = hex_text(s->diagnosis->arena, tear->frame_pointer);
		evidence->expected = expected;
	}
}

/* The frame's own slot is often overwritten by the preemption's register save, which lies just below SP. */
static void saved_slot_evidence(const struct subject *s)
{
	const struct tear *tear = s->tear;
	bool only_witness = !tear->link_live;
	bool reused = tear->saved_slot < tear->sp;

	if (!tear->saved_slot)
		return;
	if (tear->saved_calls)
		evidence_word(s->diagnosis, s->finding, only_witness ? WEIGHT_STRONG : WEIGHT_FAIR, false, tear->saved_slot,
			      caller_text(s, tear->saved_return), "the frame's own slot of the return address");
	else
		evidence_word(s->diagnosis, s->finding, only_witness ? WEIGHT_STRONG : WEIGHT_WEAK, true, tear->saved_slot,
			      NULL, reused ? "the frame's own slot of the return address: below SP, overwritten since, as the "
					     "preemption's register save does"
					   : "the frame's own slot of the return address holds none");
}

static void chain_evidence(const struct subject *s)
{
	const struct tear *tear = s->tear;
	struct diagnosis *diagnosis = s->diagnosis;
	const char *top = hex_text(diagnosis->arena, tear->top);

	if (!tear->caller_pc) {
		evidence_add(diagnosis, s->finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true,
			     "no word that should hold the return address holds one: the caller of %s is not proved",
			     s->function);
		return;
	}
	if (tear->end == END_COMPLETE)
		evidence_add(diagnosis, s->finding, EVIDENCE_UNWIND, tear->all_calls ? WEIGHT_STRONG : WEIGHT_FAIR,
			     !tear->all_calls,
			     "from the repaired top %s the frame tables lead through %s to the goroutine's entry%s", top,
			     counted_text(diagnosis->arena, tear->callers, "frame"),
			     tear->all_calls ? ", and each return address follows a call that fits"
					     : ", but not every return address follows a call that fits");
	else
		evidence_add(diagnosis, s->finding, EVIDENCE_UNWIND,
			     tear->end == END_NOT_SAVED ? WEIGHT_FAIR : WEIGHT_STRONG, true,
			     "from the repaired top %s the walk finds %s and ends (%s) before the goroutine's entry", top,
			     counted_text(diagnosis->arena, tear->callers, "frame"), stack_end_name(tear->end));
}

/* The return addresses above the repaired frame, for whoever re-checks the chain by hand. */
static void caller_evidence(const struct subject *s)
{
	struct stack stack = {0};
	const char *callee = s->function;

	if (s->tear->goroutine < 0 || !s->tear->caller_pc || s->tear->frame == FRAME_ELIDED)
		return;
	goroutine_stack(s->diagnosis->analysis, (size_t)s->tear->goroutine, &stack);
	for (size_t i = s->tear->frame + 1; i < stack.frames.count && i <= s->tear->frame + CALLERS_SHOWN; i++) {
		const struct frame *frame = &stack.frames.items[i];
		const char *name = go_func_name(frame->info);

		if (stack.elided && i == stack.elided_at)
			return;
		if (i > s->tear->frame + 1 && frame->slot) {
			struct evidence *evidence =
				evidence_add(s->diagnosis, s->finding, EVIDENCE_CALL_SITE, WEIGHT_WEAK, false,
					     "the return address of %s lies in %s", callee, name);

			evidence->address = frame->slot;
			evidence->observed = hex_text(s->diagnosis->arena, frame->pc);
		}
		callee = name;
	}
}

static void bounds_evidence(const struct subject *s)
{
	const struct goroutine *g;
	struct evidence *evidence;
	bool inside;

	if (s->tear->goroutine < 0)
		return;
	g = &s->diagnosis->analysis->runtime->goroutines.items[s->tear->goroutine];
	if (!g->stack_hi) /* a log tells them of one goroutine at most */
		return;
	inside = s->tear->top >= g->stack_lo && s->tear->top <= g->stack_hi;
	evidence = evidence_add(s->diagnosis, s->finding, EVIDENCE_STACK_BOUNDS, inside ? WEIGHT_WEAK : WEIGHT_STRONG, !inside,
				"the repaired top lies %s the goroutine's stack [0x%" PRIx64 ", 0x%" PRIx64 ")",
				inside ? "inside" : "outside", g->stack_lo, g->stack_hi);
	evidence->observed = hex_text(s->diagnosis->arena, s->tear->top);
}

static void false_caller_evidence(const struct subject *s)
{
	const struct tear *tear = s->tear;

	if (tear->false_known && tear->false_caller != tear->caller_pc)
		evidence_word(s->diagnosis, s->finding, WEIGHT_FAIR, false, tear->false_slot, NULL,
			      "a walk that trusts pcsp takes this word for the return address");
}

/* The runtime's own complaint names the goroutine and the SP that it got lost at (runtime/traceback.go finishInternal). */
static void message_evidence(const struct subject *s)
{
	const struct go_runtime *runtime = s->diagnosis->analysis->runtime;
	const char *sp = arena_printf(s->diagnosis->arena, "frame.sp=0x%" PRIx64 " ", s->tear->sp);

	for (size_t i = 0; i < runtime->fatal_lines.count; i++)
		if (strstr(runtime->fatal_lines.items[i], sp))
			evidence_add(s->diagnosis, s->finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false,
				     "the runtime's own unwinder got lost at exactly this SP: \"%s\"",
				     runtime->fatal_lines.items[i]);
}

/* Of a log: the runtime's own walk, which takes SP for that of a whole frame, ends at this frame, or goes on with one that cannot have
 * called it. */
static void recorded_evidence(const struct subject *s)
{
	struct analysis *analysis = s->diagnosis->analysis;
	const size_t above = (size_t)s->tear->frame + 1;
	const struct frame *frame;
	struct stack stack = {0};

	if (!analysis->runtime->recorded || s->tear->goroutine < 0)
		return;
	recorded_goroutine_stack(analysis, (size_t)s->tear->goroutine, &stack);
	frame = above < stack.frames.count ? &stack.frames.items[above] : NULL;
	if (!frame && stack.end != END_COMPLETE)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "the stack that the runtime printed of it ends at %s, where no goroutine begins", s->function);
	else if (frame && !callsite_reaches(analysis->runtime, frame->pc, s->tear->at->func))
		evidence_add(s->diagnosis, s->finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "the stack that the runtime printed goes on behind %s in %s, at 0x%" PRIx64 ", which cannot have called it",
			     s->function, go_func_name(frame->info), frame->pc);
	else if (frame)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true,
			     "the stack that the runtime printed goes on behind %s in %s, which calls it", s->function,
			     go_func_name(frame->info));
}

static void fill(struct finding *finding, const struct tear *tear)
{
	finding->goroutine = tear->goroutine;
	finding->thread = tear->thread;
	finding->frame = tear->frame == FRAME_ELIDED ? -1 : (int64_t)tear->frame;
	finding->has_pc = finding->has_observed = finding->has_repaired = finding->has_sp_error = true;
	finding->pc = tear->at->pc;
	finding->observed = tear->sp;
	finding->sp_error = tear->claimed - tear->executed;
	finding->repaired = tear->sp - (uint64_t)finding->sp_error;
	finding->has_caller = tear->caller_pc != 0;
	finding->caller_pc = tear->caller_pc;
	finding->caller_sp = tear->top;
	finding->tear = tear;
}

static void report(struct diagnosis *diagnosis, const struct tear *tear)
{
	struct finding *finding = finding_add(diagnosis, &detector_split_sp);
	struct subject s = {diagnosis, finding, tear, go_func_name(tear->at)};
	const struct goroutine *g =
		tear->goroutine >= 0 ? &diagnosis->analysis->runtime->goroutines.items[tear->goroutine] : NULL;

	fill(finding, tear);
	finding->function = s.function;
	finding->title = arena_printf(diagnosis->arena,
				      "%s stopped inside %s's adjustment of SP; its stack is torn by %" PRId64 " bytes",
				      g ? arena_printf(diagnosis->arena, "goroutine %" PRIu64, g->id) : "a thread",
				      s.function, finding->sp_error < 0 ? -finding->sp_error : finding->sp_error);
	instruction_evidence(&s);
	stop_evidence(&s);
	link_evidence(&s);
	frame_pointer_evidence(&s);
	chain_evidence(&s);
	caller_evidence(&s);
	bounds_evidence(&s);
	saved_slot_evidence(&s);
	false_caller_evidence(&s);
	message_evidence(&s);
	recorded_evidence(&s);
}

static void run(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->analysis->tears.count; i++)
		report(diagnosis, &diagnosis->analysis->tears.items[i]);
}

static const char *const supersedes[] = {"unwinder-crash", "heap-damage", NULL};

const struct detector detector_split_sp = {
	.id = "split-sp",
	.title = "a pc rests between the parts of an SP adjustment",
	.explanation =
		"A function's epilogue (or prologue) moves SP in more than one instruction, and the goroutine was stopped in "
		"between: by asynchronous preemption (SIGURG), a signal, or the dump itself. The frame table (pcsp) describes the "
		"frame as if the adjustment were one step, so whoever walks this stack looks for the return address in the "
		"wrong place. The Go runtime then dies on the thread that walks (a GC worker, a panic on another goroutine), not "
		"on the one that was stopped.\n"
		"Evidence: the instructions of the function are executed to find where SP really is at the stopped pc; the words "
		"that the preemption saved (link register, frame pointer) must agree with it; and the frames above must lead, call "
		"by call, to the goroutine's entry. Certain means that all that this release provides agree.\n"
		"Known cause: on arm64 an ADD holds 12 bits (and 12 more, shifted), so a frame of more than 64 KiB takes two "
		"(golang/go#73259). Releases after 1.23.12, 1.24.6 and 1.25 avoid it in functions that call others; leaf functions "
		"are still split.\n"
		"What to do: GODEBUG=asyncpreemptoff=1 stops it at once, at the price of tight loops delaying the garbage "
		"collector; rebuild with a fixed release; keep arrays of more than 64 KiB off the stack.",
	.corruption = true,
	.rank = 100,
	.supersedes = supersedes,
	.run = run,
};
