/* c_stop.c: see c_stop.h. */
#include "heuristics/faults/c_stop.h"

#include "heuristics/damage/word_shape.h"
#include "heuristics/faults/address_place.h"
#include "heuristics/faults/c_raise.h"
#include "heuristics/faults/fault_cause.h"
#include "heuristics/faults/fault_evidence.h"

#include "analyzer/last_words/fault_operand.h"
#include "analyzer/unwind/unwind.h"
#include "formats/dump/signals.h"

#include <inttypes.h>
#include <string.h>

bool c_stop_find(struct analysis *analysis, struct stop_in_c *ret)
{
	const struct fault *fault = &analysis->fault;
	size_t number;

	if (fault->known && fault->has_pc && fault->thread >= 0) {
		ret->thread = (size_t)fault->thread;
		ret->pc = fault->pc;
		ret->pc_address = fault->pc_address;
		ret->signal = fault->name;
		ret->faulted = true;
		return c_frames_find(analysis, ret->thread, ret->pc, &ret->frames);
	}
	if (!sent_signal_find(analysis, &ret->sent) || !ret->sent.own || !analysis->walks[ret->sent.thread].stopped.known)
		return false;
	ret->thread = ret->sent.thread;
	ret->pc = analysis->walks[ret->thread].stopped.pc;
	ret->pc_address = analysis->walks[ret->thread].stopped.pc_address;
	ret->signal = ret->sent.signal->name;
	if (!c_frames_find(analysis, ret->thread, ret->pc, &ret->frames))
		return false;
	/* A thread that another one of the process signalled may stand in C by chance. */
	ret->raised = !ret->frames.death && is_raised_by_thread(analysis, &ret->sent, &number);
	if (!ret->frames.death && !ret->raised)
		return false;
	if (ret->sent.signal->number == SIGNAL_ABORT && c_message_find(analysis, &ret->message) && ret->message.words.reason)
		ret->frames.reason = ret->message.words.reason;
	return true;
}

static const char *frame_text(struct analysis *analysis, const struct stop_in_c *stop, size_t index)
{
	return c_frame_text(analysis, &stop->frames, index);
}

const char *c_stop_where(struct analysis *analysis, const struct stop_in_c *stop)
{
	const struct c_frames *frames = &stop->frames;
	const char *at = frame_text(analysis, stop, frames->first);

	if (frames->culprit > frames->first && frames->culprit < frames->end)
		return arena_printf(analysis->arena, "%s, called by %s", at,
				    frame_text(analysis, stop, frames->culprit));
	return at;
}

const char *c_stop_word(struct diagnosis *diagnosis, const struct stop_in_c *stop)
{
	const char *shape = word_shape(diagnosis, stop->returned.word, sizeof stop->returned.word);

	return shape ? shape : hex_text(diagnosis->arena, stop->returned.word);
}

const char *c_stop_signal(struct diagnosis *diagnosis, const struct stop_in_c *stop)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;

	if (!fault->has_address || fault->address == fault->pc || is_tag_fault(analysis) || fault_zero_is_doubtful(analysis))
		return stop->signal;
	if (!arch_forms(analysis->image->arch, fault->address))
		return arena_printf(diagnosis->arena, "%s %s 0x%" PRIx64 ", which is no address of this CPU,", stop->signal,
				    access_doing(fault_access_of(analysis)), fault->address);
	return arena_printf(diagnosis->arena, "%s %s 0x%" PRIx64, stop->signal, access_doing(fault_access_of(analysis)), fault->address);
}

/* Who returned: by the stack nothing is left to tell it, but the call of Go that began it. */
static const char *returned_text(struct diagnosis *diagnosis, const struct stop_in_c *stop)
{
	const char *begun = stop->caller.c_function;

	return begun ? arena_printf(diagnosis->arena, "C's %s, or a function that it called", begun) : "C code";
}

/* Who called address 0: the function, or, where it has no name, what Go called. */
static const char *nil_caller_text(struct diagnosis *diagnosis, const struct stop_in_c *stop)
{
	const char *place = frame_text(diagnosis->analysis, stop, stop->frames.culprit), *begun = stop->caller.c_function;

	return !begun || c_frame_function(diagnosis->analysis, &stop->frames, stop->frames.culprit)
		       ? place
		       : arena_printf(diagnosis->arena, "%s (%s, or a function that it called)", place, begun);
}

/* Without the C library's file nobody knows which of its functions it was. */
static const char *raised_text(struct diagnosis *diagnosis, const struct stop_in_c *stop, const char *caller)
{
	const char *begun = stop->caller.c_function;

	if (stop->frames.reason)
		return arena_printf(diagnosis->arena, "%s; it was in %s%s", stop->frames.reason,
				    begun ? arena_printf(diagnosis->arena, "C's %s, or a function that it called", begun) : "C code", caller);
	return arena_printf(diagnosis->arena, "%s%s raised %s itself%s%s", begun ? "C's " : "C code",
			    begun ? arena_printf(diagnosis->arena, "%s, or a function that it called,", begun) : "", stop->signal,
			    stop->sent.signal->number == SIGNAL_ABORT ? ", as abort does" : "", caller);
}

/* Whether an access to memory raised it: else what the instruction computes, or the instruction itself. */
static bool is_of_memory(const struct fault *fault)
{
	return !strcmp(fault->name, "SIGSEGV") || !strcmp(fault->name, "SIGBUS");
}

const char *c_stop_title(struct diagnosis *diagnosis, const struct stop_in_c *stop)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct c_frames *frames = &stop->frames;
	const uint64_t sp = frames->stack.frames.items[frames->first].sp;
	const char *function = stop->caller.function;
	const char *caller = function ? arena_printf(diagnosis->arena, ", called by Go's %s", function) : "";
	const char *culprit = frames->culprit < frames->end ? frame_text(analysis, stop, frames->culprit) : NULL;
	const bool explained = stop->faulted && (is_tag_fault(analysis) || is_misaligned(&analysis->fault) || !is_of_memory(&analysis->fault) ||
						 analysis->fault.code == SIGNAL_CODE_KERNEL);
	const char *why = explained ? fault_reason(diagnosis) : NULL;
	uint64_t returned;

	if (stop->raised)
		return raised_text(diagnosis, stop, caller);
	if (!stop->faulted)
		return arena_printf(diagnosis->arena, "%s%s%s%s",
				    frames->reason ? frames->reason : "C code sent the process a signal",
				    culprit ? "; it was in " : "", culprit ? culprit : "", caller);
	if (analysis->fault.has_address && is_past_stack(diagnosis, analysis->fault.address, sp))
		return arena_printf(diagnosis->arena, "C code used up its stack in %s%s", c_stop_where(analysis, stop),
				    caller);
	if (is_unsigned_return(analysis, &returned))
		return arena_printf(diagnosis->arena, "the return address of C code below %s%s%s was overwritten: its signature "
				    "(pointer authentication) does not fit", culprit ? culprit : "C", caller, *caller ? "," : "");
	if (stop->smashed && stop->returned.at_return)
		return arena_printf(diagnosis->arena, "the return address of C's %s%s%s was overwritten, with %s",
				    frame_text(analysis, stop, frames->first), caller, *caller ? "," : "", c_stop_word(diagnosis, stop));
	if (stop->smashed)
		return arena_printf(diagnosis->arena, "%s%s%s returned to 0x%" PRIx64 ": its return address was "
				    "overwritten, with %s", returned_text(diagnosis, stop), caller, *caller ? "," : "", stop->returned.word,
				    c_stop_word(diagnosis, stop));
	if (analysis->fault.late)
		return arena_printf(diagnosis->arena, "memory was accessed by a pointer with a wrong tag, some time before "
				    "%s told of it in %s%s", stop->signal, c_stop_where(analysis, stop), caller);
	if (frames->nowhere && !stop->pc)
		return arena_printf(diagnosis->arena, "C code called a function by a nil pointer%s%s%s", culprit ? ", in " : "",
				    culprit ? nil_caller_text(diagnosis, stop) : "", caller);
	if (frames->nowhere)
		return arena_printf(diagnosis->arena, "C code jumped to %s%s", c_stop_where(analysis, stop), caller);
	return arena_printf(diagnosis->arena, "C code got %s in %s%s%s%s", c_stop_signal(diagnosis, stop), c_stop_where(analysis, stop),
			    caller, why ? ": " : "", why ? why : "");
}
