/* past_damage.c: where a walk meets a word that is no return address: what it was, and on from there. */
#include "analyzer/unwind/walk.h"

#include "analyzer/unwind/damage.h"

enum { INSN_BYTES = 16 };

/* Looks for what a damaged return address was; `frame` is the number of the frame that it leads to. */
static int32_t repair(struct walk *walk, size_t frame, struct damage *place)
{
	place->goroutine = walk->subject->goroutine;
	place->thread = walk->subject->thread;
	place->frame = (uint32_t)frame;
	return damage_repair(walk->analysis, walk->subject, place);
}

/* Whether it is known where the walk goes on. */
static bool leads_on(const struct damage *place, int32_t index)
{
	return index != DAMAGE_NONE && (place->repaired || place->above_pc);
}

/* Goes on at the frame that it leads to; where that is not known, at the one above. */
static bool past_damage(struct walk *walk, const struct damage *place, int32_t index)
{
	if (!leads_on(place, index))
		return false;
	walk->at = (struct context){.known = true, .pc = place->repaired, .sp = place->caller_sp, .how = HOW_REPAIRED};
	walk->slot = place->slot;
	walk->preempted = false;
	if (!place->repaired) {
		walk->at.pc = place->above_pc;
		walk->at.sp = place->above_sp;
		walk->at.how = HOW_FRAME_POINTER;
		walk->lost = true;
	} else if (index != DAMAGE_UNFILED) {
		walk->damage = index;
		walk->damaged = true;
	}
	if (walk->thread) {
		walk->registers.known = 0;
		reg_set(&walk->registers, walk->arch->pc, walk->at.pc);
		reg_set(&walk->registers, walk->arch->sp, walk->at.sp);
	}
	return true;
}

/* Whether a call led to where no code is, so that its return address is where a call leaves it. A RET leaves the link register
 * as it jumps; its pc lacks the tag that the word may have. */
static bool was_called(struct walk *walk)
{
	uint64_t word;

	if (walk->arch->link_register)
		return walk->at.has_lr && arch_untagged(walk->arch, walk->at.lr) != arch_untagged(walk->arch, walk->at.pc);
	return image_u64(walk->image, walk->at.sp, &word) &&
	       go_return_address(walk->runtime, word)->call == FLOW_INDIRECT_CALL;
}

bool returned_nowhere(struct walk *walk)
{
	struct damage place = {.returned = true, .landed = walk->at.pc, .pc_address = walk->at.pc_address,
			       .observed = walk->at.has_lr ? walk->at.lr : walk->at.pc,
			       .caller_sp = walk->at.sp, .frame_pointer_due = walk->at.has_fp,
			       .frame_pointer = walk->at.fp, .frame_pointer_address = walk->at.fp_address};
	int32_t index;

	if (!walk->at.exact || is_code(walk, walk->at.pc) || was_called(walk))
		return false;
	index = repair(walk, stack_depth(walk->stack) + 1, &place);
	if (!leads_on(&place, index))
		return false;
	add_frame(walk, go_pc(walk->runtime, walk->at.pc, true));
	return past_damage(walk, &place, index);
}

/* Whether the CPU stopped at a RET that takes the word at SP: on amd64 it faults there if that is no address. */
static bool stopped_at_return(struct walk *walk, const struct frame *frame, uint64_t slot)
{
	struct insn insn;

	return frame->exact && !walk->arch->link_register && slot == frame->sp &&
	       insn_decode(walk->runtime->decoder, frame->pc, image_view(walk->image, frame->pc, INSN_BYTES), &insn) &&
	       insn.flow == FLOW_RETURN;
}

/* The return address of a function that never has a frame is where the call itself put it: in a register that nothing in memory could
 * have damaged, so that it is the dump that is. */
static bool is_left_by_call(const struct frame *frame, uint64_t slot)
{
	return !slot && frame->info->func && !func_frame_size(&frame->info->module->pclntab, frame->info->func);
}

bool damaged_slot(struct walk *walk, const struct frame *frame, uint64_t slot, uint64_t observed)
{
	struct damage place = {.slot = slot, .slot_holds = slot != 0, .observed = observed, .caller_sp = frame->fp,
			       .callee = frame->info, .at_return = stopped_at_return(walk, frame, slot),
			       .in_code = go_pc(walk->runtime, observed, false)->func != NULL};
	bool has_frame = frame->fp > frame->sp + (walk->arch->link_register ? 0 : WORD);

	if (!in_bounds(walk, frame->fp) || is_left_by_call(frame, slot))
		return false;
	if (has_frame && !(frame->info->func->flags & FUNC_ASM)) {
		place.frame_pointer_address = walk->arch->link_register ? frame->sp - WORD : frame->fp - 2 * WORD;
		place.frame_pointer_due = image_u64(walk->image, place.frame_pointer_address, &place.frame_pointer);
	} else if (!has_frame && walk->at.has_fp) {
		place.frame_pointer_due = true;
		place.frame_pointer = walk->at.fp;
		place.frame_pointer_address = walk->at.fp_address;
	}
	if (!past_damage(walk, &place, repair(walk, stack_depth(walk->stack), &place)))
		return false;
	if (!walk->thread && !go_pc(walk->runtime, walk->at.pc, false)->func) /* code that the process made: by its record */
		caller_registers(walk, frame, walk->at.pc);
	return true;
}

bool damaged_record(struct walk *walk, uint64_t record)
{
	struct damage place = {.slot = record + WORD, .slot_holds = true, .caller_sp = record + 2 * WORD};
	uint64_t next;

	if (walk->thread || !record_next(walk, record, &next) || !image_u64(walk->image, place.slot, &place.observed))
		return false;
	if (walk->arch->link_register && next > record)
		place.caller_sp = next + WORD;
	return in_bounds(walk, record) && in_bounds(walk, place.caller_sp) &&
	       past_damage(walk, &place, repair(walk, stack_depth(walk->stack), &place));
}
