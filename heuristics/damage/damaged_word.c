/* damaged_word.c: see damaged_word.h. The word alone proves little; that its lower half is the return address of the one
 * call that can lead here, that the frame pointer agrees with the frame of that function, and that the frames above fit one
 * another to the goroutine's entry is no accident. */
#include "heuristics/damage/damaged_word.h"

#include "analyzer/unwind/unwind.h"
#include "heuristics/damage/moved_code.h"
#include "heuristics/damage/recorded_word.h"
#include "heuristics/damage/word_shape.h"

#include <inttypes.h>

enum { CALLERS_SHOWN = 8, HALF = 32, SINGLE_EVENT_BITS = 1 };

struct subject {
	struct diagnosis *diagnosis;
	struct finding *finding;
	const struct damage *damage;
};

const char *damage_owner(const struct diagnosis *diagnosis, const struct damage *damage)
{
	const struct analysis *analysis = diagnosis->analysis;

	if (damage->goroutine >= 0)
		return arena_printf(diagnosis->arena, "goroutine %" PRIu64,
				    analysis->runtime->goroutines.items[damage->goroutine].id);
	return damage->thread < 0 ? "an unknown goroutine"
				  : arena_printf(diagnosis->arena, "thread %" PRId64,
						 analysis->image->threads.items[damage->thread].id);
}

const char *damage_callee(const struct damage *damage)
{
	if (!damage->callee)
		return damage->returned ? "a function" : "generated code";
	return go_func_name(damage->callee);
}

const char *damage_caller(const struct damage *damage)
{
	if (!damage->caller)
		return "its caller";
	return damage->caller->func ? go_func_name(damage->caller) : "generated code";
}

static void word_evidence(const struct subject *s)
{
	const struct damage *damage = s->damage;
	const char *expected = damage->repaired ? hex_text(s->diagnosis->arena, damage->repaired) : NULL;
	const char *half = damage->kind == DAMAGE_TORN ? ": the lower half is left, the upper half is not that of code" : "";

	if (damage->returned && damage->slot && damage->pc_address == damage->slot)
		evidence_word(s->diagnosis, s->finding, WEIGHT_FAIR, false, damage->slot, expected,
			      "the word that %s returned through, where the runtime's fault handler wrote it down again%s",
			      damage_callee(damage), half);
	else if (damage->returned && damage->slot_holds)
		evidence_word(s->diagnosis, s->finding, WEIGHT_STRONG, false, damage->slot, expected,
			      "the word that %s returned through still lies just below SP%s", damage_callee(damage), half);
	else if (damage->returned && damage->slot)
		evidence_word(s->diagnosis, s->finding, WEIGHT_WEAK, true, damage->slot, NULL,
			      "the slot that %s returned through lies below SP and has been used again", damage_callee(damage));
	else if (damage->slot_holds)
		evidence_word(s->diagnosis, s->finding, WEIGHT_STRONG, false, damage->slot, expected,
			      "the slot of the return address of %s%s", damage_callee(damage), half);
}

/* What stands before a return address. */
static const char *call_before(const struct subject *s, const struct pc_info *info)
{
	struct go_runtime *runtime = s->diagnosis->analysis->runtime;
	const struct pc_info *callee = s->damage->callee;

	if (!info->func)
		return "a call";
	if (info->call == FLOW_NEXT && info->role == ROLE_SYSTEMSTACK_SWITCH)
		return "where goroutines stand that left for the system stack";
	if (info->call == FLOW_NEXT)
		return "where every goroutine begins";
	if (info->call != FLOW_CALL || !callee)
		return "an indirect call";
	if (callee->role == ROLE_SYSTEMSTACK_SWITCH) /* nothing calls it */
		callee = go_pc(runtime, info->call_target, true);
	return arena_printf(s->diagnosis->arena, "a call of %s", callee->func ? go_func_name(callee) : "a function");
}

/* Whether the word as found is itself just behind a call, though not one that can lead here. */
static bool found_behind_call(const struct subject *s)
{
	return s->damage->in_code &&
	       go_return_address(s->diagnosis->analysis->runtime, s->damage->observed)->call != FLOW_NEXT;
}

static void call_evidence(const struct subject *s)
{
	const struct damage *damage = s->damage;
	const struct pc_info *info;
	const char *others = "";
	struct evidence *evidence;

	if (!damage->repaired)
		return;
	info = go_return_address(s->diagnosis->analysis->runtime, damage->repaired);
	if (damage->kind == DAMAGE_FLIPPED && damage->candidates > 1)
		others = arena_printf(s->diagnosis->arena, ", one of %" PRIu32 " there that can lead here", damage->candidates);
	evidence = evidence_add(s->diagnosis, s->finding, EVIDENCE_INSTRUCTION,
				damage->candidates == 1 && !found_behind_call(s) ? WEIGHT_STRONG : WEIGHT_FAIR, false,
				"0x%" PRIx64 " in %s is %s%s%s", damage->repaired, damage_caller(damage),
				info->func && info->call == FLOW_NEXT ? "" : "just behind ", call_before(s, info), others);
	evidence->address = damage->repaired;
}

/* Why a word that lies in code is not believed. */
static void doubt_evidence(const struct subject *s)
{
	struct go_runtime *runtime = s->diagnosis->analysis->runtime;
	const struct damage *damage = s->damage;
	const char *function = go_func_name(go_pc(runtime, damage->observed, false));
	const char *why = "is just behind no call";

	if (!damage->in_code)
		return;
	if (found_behind_call(s))
		why = callsite_reaches(runtime, damage->observed, damage->callee->func)
			      ? "is behind a call, but frame pointers or the goroutine's first function say that it is another"
			      : "is behind a call that does not lead here";
	evidence_add(s->diagnosis, s->finding, EVIDENCE_CALL_SITE, WEIGHT_FAIR, false, "0x%" PRIx64 " lies in %s, and %s",
		     damage->observed, function, why)
		->address = damage->observed;
}

/* Whether the runtime notes that a signal made the goroutine call sigpanic, as none of its instructions does. */
static bool was_hit(const struct subject *s)
{
	struct go_runtime *runtime = s->diagnosis->analysis->runtime;
	struct noted_fault noted;

	return s->damage->goroutine >= 0 &&
	       go_noted_fault(runtime, runtime->goroutines.items[s->damage->goroutine].address, &noted) && noted.sig;
}

/* Without a frame pointer: what fills the gap to the next sound return address. */
static void bridge_evidence(const struct subject *s)
{
	const struct damage *damage = s->damage;
	const char *lost = damage->bridged ? arena_printf(s->diagnosis->arena, ", with %" PRIu32 " frame%s between whose return "
							  "address is lost too", damage->bridged, damage->bridged == 1 ? "" : "s")
					   : "";
	/* a walk that went astray may meet a word that is none, in a frame that is none */
	const bool sure = damage->repaired || damage->returned || damage->at_return;
	struct evidence *evidence =
		evidence_add(s->diagnosis, s->finding, EVIDENCE_CALL_SITE, sure ? WEIGHT_STRONG : WEIGHT_FAIR, false,
			     "the next sound return address lies at 0x%" PRIx64 ", and from it the frame tables lead to the "
			     "goroutine's entry; the frame of %s fills the gap%s", damage->bridge, damage_caller(damage), lost);

	evidence->address = damage->bridge;
	evidence->observed = hex_text(s->diagnosis->arena, damage->above_pc);
	if (damage->bridged && damage->end == END_DAMAGED && was_hit(s))
		evidence_add(s->diagnosis, s->finding, EVIDENCE_CALL_SITE, WEIGHT_STRONG, true,
			     "what direct calls lead to fills the gap, but a signal has hit this goroutine: frames that no call leads to may "
			     "lie there");
	else if (damage->bridge_open)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_CALL_SITE, WEIGHT_STRONG, true,
			     "what direct calls lead to fills the gap, but functions there also call what no code names, such as closures and "
			     "methods of interfaces: other frames may have lain there");
	if (damage->candidates > 1)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_CALL_SITE, WEIGHT_STRONG, true,
			     "%" PRIu32 " calls fit the gap%s", damage->candidates,
			     damage->repaired ? "; of one of them, what the called function left below SP fits"
					      : "; which one it was is not known");
}

static void candidates_evidence(const struct subject *s)
{
	const struct damage *damage = s->damage;

	if (damage->kind != DAMAGE_SMASHED || !damage->candidates || (s->diagnosis->analysis->runtime->recorded && !damage->caller))
		return;
	if (damage->bridge)
		bridge_evidence(s);
	else if (damage->candidates == 1)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_CALL_SITE, WEIGHT_STRONG, false,
			     "of all calls that the frame pointer and the frame's size leave, just one can lead here");
	else
		evidence_add(s->diagnosis, s->finding, EVIDENCE_CALL_SITE, WEIGHT_STRONG, true,
			     "%" PRIu32 " calls fit the frame pointer and the frame's size%s", damage->candidates,
			     !damage->repaired	? "; which one it was is not known"
			     : damage->returned ? "; of one of them, the called function's dead frame lies below SP"
						: "; only one names the function");
}

/* Of a smashed word it is what the repair was made from, and no second witness. */
static void frame_pointer_evidence(const struct subject *s)
{
	const struct damage *damage = s->damage;
	const bool agrees = damage->frame_pointer == damage->frame_pointer_expected;
	const bool torn = !agrees && (uint32_t)damage->frame_pointer == (uint32_t)damage->frame_pointer_expected;
	const char *expected = hex_text(s->diagnosis->arena, damage->frame_pointer_expected);
	const enum weight weight = torn || damage->kind == DAMAGE_SMASHED ? WEIGHT_FAIR : WEIGHT_STRONG;
	const char *what = torn ? "the frame pointer there: its upper half is overwritten too"
				: "the frame pointer there, against the frame of the repaired caller";

	if (!damage->frame_pointer_due || !damage->repaired || (damage->bridge && !agrees && !torn))
		return;
	if (damage->frame_pointer_address) {
		evidence_word(s->diagnosis, s->finding, weight, !agrees && !torn, damage->frame_pointer_address, expected, "%s",
			      what);
	} else {
		struct evidence *evidence = evidence_add(s->diagnosis, s->finding, EVIDENCE_REGISTER, weight, !agrees && !torn,
							 "%s: %s",
							 s->diagnosis->analysis->image->arch
								 ->reg_names[s->diagnosis->analysis->image->arch->fp],
							 what);

		evidence->observed = hex_text(s->diagnosis->arena, damage->frame_pointer);
		evidence->expected = expected;
	}
}

static void chain_evidence(const struct subject *s)
{
	const struct damage *damage = s->damage;
	const char *from = hex_text(s->diagnosis->arena, damage->caller_sp);

	if (!damage->repaired)
		return;
	if (damage->end != END_COMPLETE)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_UNWIND,
			     damage->end == END_NOT_SAVED || damage->end == END_STACK_SWITCH ? WEIGHT_FAIR : WEIGHT_STRONG, true,
			     "from %s on the walk finds %" PRIu32 " frames and ends (%s) before the goroutine's entry", from,
			     damage->callers, stack_end_name(damage->end));
	else if (damage->others)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_UNWIND, WEIGHT_FAIR, false,
			     "from %s on the frame tables lead through %" PRIu32 " frames to the goroutine's entry, where %" PRIu32
			     " more of them had to be repaired",
			     from, damage->callers, damage->others);
	else
		evidence_add(s->diagnosis, s->finding, EVIDENCE_UNWIND, damage->all_calls ? WEIGHT_STRONG : WEIGHT_FAIR,
			     !damage->all_calls,
			     "from %s on the frame tables lead through %" PRIu32 " frames to the goroutine's entry%s", from,
			     damage->callers,
			     damage->all_calls ? ", and each return address follows a call that fits"
					       : ", but not every return address follows a call that fits");
}

static const char *name_of(const struct pc_info *info)
{
	return info->func ? go_func_name(info) : "code that is not Go's";
}

/* The return addresses above, for whoever re-checks the chain by hand. */
static void caller_evidence(const struct subject *s)
{
	const struct damage *damage = s->damage;
	struct stack stack = {0};

	if (damage->goroutine < 0 || !damage->repaired || damage->frame == FRAME_ELIDED)
		return;
	goroutine_stack(s->diagnosis->analysis, (size_t)damage->goroutine, &stack);
	for (size_t i = damage->frame + 1; i < stack.frames.count && i <= damage->frame + CALLERS_SHOWN; i++) {
		const struct frame *frame = &stack.frames.items[i];
		struct evidence *evidence;

		if ((stack.elided && i == stack.elided_at) || frame->damage >= 0)
			return;
		if (!frame->slot)
			continue;
		evidence = evidence_add(s->diagnosis, s->finding, EVIDENCE_CALL_SITE, WEIGHT_WEAK, false,
					"the return address of %s lies in %s", name_of(stack.frames.items[i - 1].info),
					name_of(frame->info));
		evidence->address = frame->slot;
		evidence->observed = hex_text(s->diagnosis->arena, frame->pc);
	}
}

static void bounds_evidence(const struct subject *s)
{
	const struct damage *damage = s->damage;
	const struct goroutine *g;
	struct evidence *evidence;

	if (damage->goroutine < 0 || !damage->slot)
		return;
	g = &s->diagnosis->analysis->runtime->goroutines.items[damage->goroutine];
	if (damage->slot < g->stack_lo || damage->slot >= g->stack_hi)
		return;
	evidence = evidence_add(s->diagnosis, s->finding, EVIDENCE_STACK_BOUNDS, WEIGHT_WEAK, false,
				"the slot lies on the goroutine's stack [0x%" PRIx64 ", 0x%" PRIx64 "), 0x%" PRIx64
				" bytes below its upper end",
				g->stack_lo, g->stack_hi, g->stack_hi - damage->slot);
	evidence->observed = hex_text(s->diagnosis->arena, damage->slot);
}

/* What was written looks like. */
static void shape_evidence(const struct subject *s)
{
	const struct damage *damage = s->damage;
	const bool torn = damage->kind == DAMAGE_TORN;
	const char *shape = damage->in_code ? NULL : word_shape(s->diagnosis, torn ? damage->observed >> HALF : damage->observed, torn ? 4 : 8);
	const uint64_t change = damage->observed ^ damage->repaired;
	const int bits = __builtin_popcountll(change);

	if (damage->kind == DAMAGE_FLIPPED) {
		evidence_add(s->diagnosis, s->finding, EVIDENCE_RUNTIME_STATE, WEIGHT_WEAK, false,
			     "it differs from 0x%" PRIx64 " in bit %d alone, and of the 32 words that differ from it by one bit of the "
			     "lower half no other leads to the goroutine's entry", damage->repaired, __builtin_ctzll(change));
		return;
	}
	if (shape)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_RUNTIME_STATE, WEIGHT_WEAK, false, "what was written%s, 0x%" PRIx64
			     ", is %s", torn ? " over the upper half" : "", torn ? damage->observed >> HALF : damage->observed,
			     shape);
	if (damage->repaired && bits <= SINGLE_EVENT_BITS)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, true,
			     "it differs from 0x%" PRIx64 " in %d bit%s only: failing memory may have done that",
			     damage->repaired, bits, bits == 1 ? "" : "s");
}

void landing_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	const struct damage *damage = finding->damage;

	if (fault->known && fault->has_pc && fault->pc == damage->landed)
		evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
			     "%s with the pc at 0x%" PRIx64 ", where no code is: the CPU had jumped there", fault->name, fault->pc);
	else if (!recorded_landing_evidence(diagnosis, finding, damage))
		evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, true,
			     "no signal or exception of this dump says that the CPU stopped at 0x%" PRIx64, damage->landed);
}

static void fill(struct finding *finding, const struct damage *damage)
{
	finding->goroutine = damage->goroutine;
	finding->thread = damage->thread;
	finding->frame = damage->frame == FRAME_ELIDED || !damage->repaired ? -1 : (int64_t)damage->frame;
	finding->function = damage->caller && damage->caller->func ? go_func_name(damage->caller) : NULL;
	finding->has_pc = finding->has_observed = true;
	finding->pc = finding->observed = damage->observed;
	finding->has_repaired = damage->repaired != 0;
	finding->repaired = damage->repaired;
	finding->has_slot = damage->slot && (damage->slot_holds || !damage->returned);
	finding->slot = damage->slot;
	finding->damage = damage;
}

/* Accidents do not repeat themselves: words at several places that are wrong in the same way, by a few bytes of the same call, are
 * right, and it is the executable's code that is not what ran. */
static void repetition_evidence(const struct subject *s)
{
	enum { CALL_BYTES = 16 }; /* of the longest call, and what may stand beside it */
	const struct analysis *analysis = s->diagnosis->analysis;
	const uint32_t low = (uint32_t)s->damage->observed;
	const uint32_t off = low - (uint32_t)s->damage->repaired;
	size_t others = 0;

	if (!s->damage->repaired || !off || (off > CALL_BYTES && -off > CALL_BYTES))
		return;
	for (size_t i = 0; i < analysis->damages.count; i++) {
		const struct damage *other = &analysis->damages.items[i];

		others += other->slot != s->damage->slot && (uint32_t)other->observed == low && other->repaired == s->damage->repaired;
	}
	if (others)
		evidence_add(s->diagnosis, s->finding, EVIDENCE_CALL_SITE, WEIGHT_DECISIVE, true,
			     "the same lower half lies where 0x%" PRIx64 " should at %zu more place%s: rather the executable's code differs "
			     "from what ran", s->damage->repaired, others, others > 1 ? "s" : "");
}

struct finding *damage_finding(struct diagnosis *diagnosis, const struct detector *detector, const struct damage *damage)
{
	struct finding *finding = finding_add(diagnosis, detector);
	struct subject s = {diagnosis, finding, damage};

	fill(finding, damage);
	word_evidence(&s);
	if (damage->by_log) { /* there is no code to look at, nor are there frames above */
		recorded_word_evidence(diagnosis, finding, damage);
		bounds_evidence(&s);
		shape_evidence(&s);
		return finding;
	}
	call_evidence(&s);
	doubt_evidence(&s);
	candidates_evidence(&s);
	frame_pointer_evidence(&s);
	chain_evidence(&s);
	caller_evidence(&s);
	bounds_evidence(&s);
	shape_evidence(&s);
	repetition_evidence(&s);
	moved_code_evidence(diagnosis, finding, damage);
	return finding;
}
