/* record.c: frames of code that has no unwind tables, by the records that frame pointers name: the frame pointer of the
 * caller and the return address (System V psABI for AMD64, 3.2.2; Procedure Call Standard for the Arm 64-bit Architecture,
 * 6.4.6). Arm's record may lie anywhere in its frame: where the caller's SP is, it does not tell. */
#include "analyzer/unwind/walk.h"

#include "formats/unwind/libraries.h"

#include <string.h>

enum { CALL_ALIGNED = 4, STUB_BYTES = 24, FUNCTION_LIMIT = 1 << 16, ENTRY_BYTES = 64, AT_ENTRY = 9 };

static const char *const entry_points[] = {
#define ENTRY_POINT(name) name,
#include "analyzer/unwind/entry_points.def"
#undef ENTRY_POINT
};

/* What call a return address follows; FLOW_NEXT: none. */
static enum insn_flow call_before(struct go_runtime *runtime, uint64_t pc, uint64_t *target)
{
	const struct segment *segment = image_segment(runtime->image, pc - 1);
	const uint64_t room = segment ? pc - segment->address : 0; /* generated code may begin a mapping */
	const uint64_t size = room < CALL_BYTES ? room : CALL_BYTES;
	struct span code = image_view(runtime->image, pc - size, size);

	if (!size || code.size != size)
		return FLOW_NEXT;
	return insn_call_before(runtime->decoder, pc, code, target);
}

static bool is_behind_call(struct go_runtime *runtime, uint64_t pc)
{
	uint64_t target;
	enum insn_flow flow = call_before(runtime, pc, &target);

	return flow == FLOW_CALL || flow == FLOW_INDIRECT_CALL;
}

bool follows_call(struct walk *walk, uint64_t pc)
{
	return is_behind_call(walk->runtime, pc);
}

bool returns_to_generated(struct go_runtime *runtime, uint64_t pc)
{
	const struct segment *segment = image_segment(runtime->image, pc - 1);
	uint8_t byte;

	return segment && (segment->flags & SEGMENT_EXEC) && libraries_generated(runtime->image->libraries, pc - 1) &&
	       (image_read(runtime->image, pc - 1, &byte, 1) != MEM_OK || is_behind_call(runtime, pc));
}

/* The function that a direct call before a return address leads to, if it may reach as far as `pc`; 0: none. */
static uint64_t called_below(struct walk *walk, uint64_t address, uint64_t pc)
{
	uint64_t target;

	return call_before(walk->runtime, address, &target) == FLOW_CALL && target <= pc && pc - target < FUNCTION_LIMIT ? target : 0;
}

/* Whether a pc lies in a function that nothing calls. */
static bool is_entry_point(struct walk *walk, uint64_t pc)
{
	struct c_function function;
	uint64_t entry;

	if (walk->image->os != OS_LINUX)
		return false;
	if (image_auxv(walk->image, AT_ENTRY, &entry) && pc - entry < ENTRY_BYTES)
		return true;
	if (!libraries_function(walk->image->libraries, pc, &function))
		return false;
	for (size_t i = 0; i < sizeof entry_points / sizeof *entry_points; i++)
		if (!strcmp(function.name, entry_points[i]))
			return true;
	return false;
}

/* Where whoever has just been called returns to, by the link register or the top of the stack. */
static bool fresh_return(struct walk *walk, uint64_t *pc)
{
	if (!walk->at.exact || !(walk->arch->link_register ? reg_get(&walk->registers, walk->arch->lr, pc)
							    : image_u64(walk->image, walk->at.sp, pc)))
		return false;
	*pc = without_signature(walk, *pc);
	return true;
}

/* Returns there: nothing has been done yet to SP or the link register. */
static bool undo_call(struct walk *walk, uint64_t pc)
{
	const bool link = walk->arch->link_register;

	walk->slot = link ? 0 : walk->at.sp;
	reg_set(&walk->registers, walk->arch->pc, pc);
	reg_set(&walk->registers, walk->arch->sp, walk->at.sp + (link ? 0 : WORD));
	reg_forget(&walk->registers, walk->arch->lr);
	return at_registers(walk, HOW_CFI);
}

/* Linkers make stubs (PLT) without tables: one that was called from where the return address says. */
bool by_stub(struct walk *walk)
{
	uint64_t pc, target;

	return fresh_return(walk, &pc) && call_before(walk->runtime, pc, &target) == FLOW_CALL && walk->at.pc - target < STUB_BYTES &&
	       undo_call(walk, pc);
}

/* Whether a call that the runtime injected came from here: it kept none of the registers. */
static bool was_injected(const struct walk *walk)
{
	const size_t count = walk->stack->frames.count;

	return count > 1 && is_injected(walk->stack->frames.items[count - 2].info->role);
}

/* Whether an instruction calls an address that is in no instruction, and that this address still is at.pc, as far as registers are
 * known. */
static bool calls_to_here(struct walk *walk, const struct insn *insn, struct span code)
{
	struct insn_operand operand;
	uint64_t base = 0, index = 0, target;

	if (insn->flow != FLOW_INDIRECT_CALL)
		return false;
	if (insn->through != REG_NONE)
		return reg_get(&walk->registers, insn->through, &target) ? target == walk->at.pc : was_injected(walk);
	if (insn_touches(walk->runtime->decoder, insn->address, code, &operand) != TOUCH_MEMORY ||
	    operand.base == walk->arch->sp)
		return false;
	if (was_injected(walk))
		return true;
	if ((operand.base != REG_NONE && !reg_get(&walk->registers, operand.base, &base)) ||
	    (operand.index != REG_NONE && !reg_get(&walk->registers, operand.index, &index)))
		return false;
	return image_u64(walk->image, insn_operand_address(&operand, base, index), &target) && target == walk->at.pc;
}

/* Whether a return address follows such a call. */
static bool follows_call_to_here(struct walk *walk, uint64_t pc)
{
	const size_t step = walk->arch->link_register ? CALL_ALIGNED : 1;

	for (size_t size = step; size <= CALL_BYTES; size += step) {
		struct span code = image_view(walk->image, pc - size, size);
		struct insn insn;

		if (code.size == size && insn_decode(walk->runtime->decoder, pc - size, code, &insn) && insn.size == size &&
		    calls_to_here(walk, &insn, code))
			return true;
	}
	return false;
}

bool by_wild_call(struct walk *walk)
{
	uint64_t pc;

	if (is_code(walk, walk->at.pc) || image_mapping(walk->image, walk->at.pc) || !fresh_return(walk, &pc))
		return false;
	libraries_prepare(walk->image->libraries, pc - 1);
	return is_code(walk, pc) && !go_pc(walk->runtime, pc, false)->func && follows_call_to_here(walk, pc) && undo_call(walk, pc);
}

/* Whether the link register still holds where the innermost function returns to, and the record that the frame pointer names is
 * its caller's. Once that function has called another, the register holds an address of its own. `above`: the record's. */
static bool link_is_caller(struct walk *walk, uint64_t link, uint64_t above)
{
	struct c_function here, there;
	uint64_t called, outer;

	if (link == above || !is_code(walk, link) || !follows_call(walk, link))
		return false;
	if (libraries_function(walk->image->libraries, walk->at.pc, &here) &&
	    libraries_function(walk->image->libraries, link - 1, &there))
		return here.entry != there.entry;
	called = called_below(walk, link, walk->at.pc);
	outer = called_below(walk, above, walk->at.pc);
	return called && called > outer;
}

static bool by_link(struct walk *walk, uint64_t above)
{
	uint64_t link;

	if (!walk->at.exact || !walk->arch->link_register || !reg_get(&walk->registers, walk->arch->lr, &link))
		return false;
	link = without_signature(walk, link);
	if (!link_is_caller(walk, link, above))
		return false;
	walk->slot = walk->at.lr_address;
	reg_forget(&walk->registers, walk->arch->lr);
	reg_set(&walk->registers, walk->arch->pc, link);
	return at_registers(walk, HOW_FRAME_POINTER);
}

bool record_next(struct walk *walk, uint64_t record, uint64_t *ret)
{
	const struct span word = image_view(walk->image, record, WORD);

	if (word.size != WORD)
		return image_u64(walk->image, record, ret);
	*ret = load_u64(word.data);
	return true;
}

/* The record of the frame: the caller's frame pointer, and the return address. */
static bool read_record(struct walk *walk, uint64_t record, uint64_t *next, uint64_t *pc)
{
	if (record < walk->at.sp || record % WORD || !record_next(walk, record, next) ||
	    !image_u64(walk->image, record + WORD, pc))
		return false;
	*pc = without_signature(walk, *pc);
	if (!is_code(walk, *pc))
		return false;
	libraries_prepare(walk->image->libraries, *pc - 1);
	return follows_call(walk, *pc) || is_sigreturn(walk, *pc);
}

/* Compiled functions of Go on arm64 have saved their record just below their frames, so that it tells SP. */
static uint64_t caller_sp(struct walk *walk, uint64_t record, uint64_t next, uint64_t pc)
{
	const bool told = walk->arch->link_register && next > record &&
			  image_segment(walk->image, next) == image_segment(walk->image, record) && go_pc(walk->runtime, pc, false)->func;

	return told ? next + WORD : record + 2 * WORD;
}

/* Whether a caller keeps no record, so that what it had in the register may be anything. */
static bool needs_no_record(struct walk *walk, uint64_t pc)
{
	return go_pc(walk->runtime, pc, false)->func || is_sigreturn(walk, pc) || is_entry_point(walk, pc - 1) ||
	       libraries_row(walk->image->libraries, pc - 1);
}

/* Whether a return address follows a direct call of a Go function: then the record is not that of generated code, which keeps none,
 * but of its caller. */
static bool calls_go(struct walk *walk, uint64_t pc)
{
	uint64_t target;

	return call_before(walk->runtime, pc, &target) == FLOW_CALL && go_pc(walk->runtime, target, true)->func;
}

/* Generated code without a record was stopped before it called: the return address is where Go's call left it. */
static bool by_call(struct walk *walk)
{
	const bool link = walk->arch->link_register;
	uint64_t pc;

	if (!walk->at.exact || !(link ? reg_get(&walk->registers, walk->arch->lr, &pc)
				      : image_u64(walk->image, walk->at.sp, &pc)) ||
	    !go_pc(walk->runtime, pc, false)->func || !follows_call(walk, pc))
		return false;
	walk->slot = link ? walk->at.lr_address : walk->at.sp;
	walk->at = (struct context){.known = true, .pc = pc, .sp = walk->at.sp + (link ? 0 : WORD), .how = HOW_FRAME_POINTER};
	return true;
}

bool by_record(struct walk *walk)
{
	uint64_t record, next, pc;

	if (is_entry_point(walk, walk->at.pc - !walk->at.exact))
		end_walk(walk, END_COMPLETE, 0);
	else
		end_walk(walk, END_NO_TABLE, walk->at.pc);
	if (!reg_get(&walk->registers, walk->arch->fp, &record))
		return false;
	if (!read_record(walk, record, &next, &pc))
		return damaged_record(walk, record);
	if (by_link(walk, pc))
		return true;
	if (!walk->thread && calls_go(walk, pc))
		return by_call(walk);
	if (next <= record && !needs_no_record(walk, pc))
		return false;
	walk->lost |= walk->image->os == OS_WINDOWS; /* functions need not keep records there: some may be missing in between */
	walk->registers.known = 0;
	walk->slot = record + WORD;
	reg_set(&walk->registers, walk->arch->pc, pc);
	reg_set(&walk->registers, walk->arch->sp, caller_sp(walk, record, next, pc));
	reg_set(&walk->registers, walk->arch->fp, next);
	if (!at_registers(walk, HOW_FRAME_POINTER))
		return false;
	if (walk->arch->link_register)
		reg_forget(&walk->registers, walk->arch->sp); /* at.sp is no more than the least that it can be */
	return true;
}
