/* foreign.c: frames of code that is not Go's, on the stacks of threads: the C part of a program, libraries, the kernel's
 * vdso. They are walked by DWARF's unwind tables, on Windows by those of PE modules; by the frame pointer only where there
 * are none and all agrees. Go never runs C on a goroutine's own stack; Windows does, to dispatch an exception. */
#include "analyzer/unwind/walk.h"

#include "formats/unwind/libraries.h"

#include <string.h>

enum { SIGRETURN_LIMIT = 16, INSN_BYTES = 16, ADDRESS_BITS = 48, SIGNAL_FRAME_LIMIT = 1 << 16, ALIGNED = 16, SIGNALS = 64 };

bool is_code(struct walk *walk, uint64_t address)
{
	const struct segment *segment = image_segment(walk->image, address);

	return segment && (segment->flags & SEGMENT_EXEC);
}

/* The code that a signal handler returns to; what it interrupted is in the signal frame above it. */
bool is_sigreturn(struct walk *walk, uint64_t pc)
{
	struct span code = walk->arch->sigreturn;
	uint8_t bytes[SIGRETURN_LIMIT];

	if (!walk->thread || walk->image->os != OS_LINUX || code.size > sizeof bytes || !is_code(walk, pc))
		return false;
	libraries_prepare(walk->image->libraries, pc);
	return image_read(walk->image, pc, bytes, code.size) == MEM_OK && !memcmp(bytes, code.data, code.size);
}

/* Arm's pointer authentication signs return addresses in bits that no address uses: the dump says which, else they are those
 * above 48. */
uint64_t without_signature(struct walk *walk, uint64_t pc)
{
	const uint64_t signature = walk->image->code_signature ? walk->image->code_signature : ~UINT64_C(0) << ADDRESS_BITS;
	const uint64_t plain = pc & ~signature;

	return walk->arch->link_register && plain != pc && is_code(walk, plain) ? plain : pc;
}

/* A thread that C made begins with a return address of 0 where its table does not say that it has no caller. */
bool to_caller(struct walk *walk, bool interrupted, uint64_t return_slot)
{
	uint64_t pc;

	walk->slot = return_slot;
	if (!reg_get(&walk->registers, walk->arch->pc, &pc) || !pc)
		return end_walk(walk, END_COMPLETE, 0);
	pc = without_signature(walk, pc);
	reg_set(&walk->registers, walk->arch->pc, pc);
	if (!is_code(walk, pc) && !go_pc(walk->runtime, pc, interrupted)->func)
		return end_walk(walk, END_DAMAGED, return_slot);
	if (!at_registers(walk, interrupted ? HOW_SIGNAL : HOW_CFI))
		return end_walk(walk, END_DAMAGED, return_slot);
	walk->at.exact = interrupted;
	if (interrupted && walk->thread) {
		walk->crossed = true;
		walk->thread->signalled = true;
		walk->thread->stopped = walk->at;
	}
	return true;
}

bool unreadable(struct walk *walk, uint64_t address)
{
	uint8_t byte;

	return end_walk(walk, image_read(walk->image, address, &byte, 1) == MEM_UNMAPPED ? END_UNMAPPED : END_NOT_SAVED,
			address);
}

static bool by_table(struct walk *walk, struct frame *frame, const struct cfi_row *row)
{
	struct cfi_step step;

	switch (cfi_step(walk->image, row, &walk->registers, &step)) {
	case CFI_STEPPED:
		frame->fp = step.cfa;
		return to_caller(walk, row->signal, step.return_slot);
	case CFI_OUTERMOST:
		return end_walk(walk, END_COMPLETE, 0);
	case CFI_UNREADABLE:
		return unreadable(walk, step.address);
	case CFI_LOST:
		break;
	}
	return by_record(walk);
}

/* Steps that only Go's frames know of move pc and SP without the other registers. */
static void settle_registers(struct walk *walk)
{
	uint64_t pc, sp;

	if (reg_get(&walk->registers, walk->arch->pc, &pc) && pc == walk->at.pc &&
	    (!reg_get(&walk->registers, walk->arch->sp, &sp) ? walk->at.how == HOW_FRAME_POINTER : sp == walk->at.sp))
		return; /* records on arm64 do not tell SP */
	walk->registers.known = 0;
	reg_set(&walk->registers, walk->arch->pc, walk->at.pc);
	reg_set(&walk->registers, walk->arch->sp, walk->at.sp);
	if (walk->at.exact && walk->at.has_lr) /* an injected call kept it */
		reg_set(&walk->registers, walk->arch->lr, walk->at.lr);
}

/* A RET took a signed return address that did not authenticate: CPUs before FEAT_FPAC leave the address with bits set that mark
 * the failure, and stop where they jump to it. All registers are those of the caller. */
static bool past_failed_signature(struct walk *walk)
{
	const uint64_t pc = without_signature(walk, walk->at.pc);

	if (!walk->at.exact || pc == walk->at.pc || is_code(walk, walk->at.pc) || !follows_call(walk, pc))
		return false;
	walk->slot = 0;
	reg_set(&walk->registers, walk->arch->pc, pc);
	return at_registers(walk, HOW_CFI);
}

/* Whether the signal frame at an address, which ends below a record, saved what that record holds. */
static bool has_saved(struct walk *walk, uint64_t frame, uint64_t fp, uint64_t lr)
{
	const struct arch *arch = walk->arch;
	const struct reg_map *map = &arch->ucontext;
	uint32_t number;
	uint64_t value;

	if (!image_u32(walk->image, frame + arch->sigframe_siginfo, &number) || !number || number > SIGNALS)
		return false;
	for (size_t i = 0; i < map->count; i++)
		if ((map->slots[i].reg == arch->fp || map->slots[i].reg == arch->lr) &&
		    (!image_u64(walk->image, frame + arch->sigframe_ucontext + map->slots[i].offset, &value) ||
		     value != (map->slots[i].reg == arch->fp ? fp : lr)))
			return false;
	return true;
}

/* Records on arm64 do not tell SP, where the signal frame begins. Above that frame Linux, and qemu, have made a record of the
 * interrupted frame pointer and link register, which the handler's names (arch/arm64/kernel/signal.c, next_frame): the frame that
 * saved the same two is looked for below it. How long it is depends on the CPU's vectors. */
static bool signal_frame_below(struct walk *walk, uint64_t *frame)
{
	const uint64_t size = walk->arch->sigframe_ucontext + walk->arch->ucontext.size;
	uint64_t record, fp, lr;

	if (!reg_get(&walk->registers, walk->arch->fp, &record) || !image_u64(walk->image, record, &fp) ||
	    !image_u64(walk->image, record + WORD, &lr))
		return false;
	for (*frame = walk->at.sp; *frame + size <= record && *frame - walk->at.sp < SIGNAL_FRAME_LIMIT; *frame += ALIGNED)
		if (has_saved(walk, *frame, fp, lr))
			return true;
	return false;
}

static bool past_handler(struct walk *walk)
{
	const bool link = walk->arch->link_register;
	uint64_t entry_sp = walk->at.sp - (link ? 0 : WORD), sp;

	if (link && walk->at.how == HOW_FRAME_POINTER && !reg_get(&walk->registers, walk->arch->sp, &sp) &&
	    !signal_frame_below(walk, &entry_sp))
		return end_walk(walk, END_NO_TABLE, walk->at.pc);
	return cross_signal(walk, entry_sp);
}

bool advance_c(struct walk *walk)
{
	const struct mapping *module;
	const struct cfi_row *row;
	struct frame *frame;
	bool sigreturn = is_sigreturn(walk, walk->at.pc);

	walk->at.exact |= sigreturn; /* no call leads there */
	frame = add_frame(walk, go_pc(walk->runtime, walk->at.pc, walk->at.exact));
	module = windows_module(walk, walk->at.pc - !walk->at.exact);
	if (!walk->thread && !module && libraries_generated(walk->image->libraries, walk->at.pc - !walk->at.exact))
		return by_record(walk);
	if (!walk->thread && !module)
		return end_walk(walk, END_NO_TABLE, walk->at.pc);
	if (sigreturn)
		return past_handler(walk);
	settle_registers(walk);
	if (module)
		return leave_module(walk, frame, module);
	if (past_failed_signature(walk) || by_wild_call(walk))
		return true;
	row = libraries_row(walk->image->libraries, walk->at.pc - !walk->at.exact);
	if (row)
		return by_table(walk, frame, row);
	return by_stub(walk) || by_record(walk);
}

/* The code behind the call is asked, not the stack's layout, which differs between releases: load a register from the stack,
 * make it SP (runtime/asm_amd64.s, asm_arm64.s asmcgocall, nosave). */
bool stays_on_stack(struct walk *walk, struct frame *frame)
{
	const struct arch *arch = walk->arch;
	const struct effect *effect = NULL;
	struct insn load, move;
	uint64_t sp;

	if (!insn_decode(walk->runtime->decoder, frame->pc, image_view(walk->image, frame->pc, INSN_BYTES), &load) ||
	    !insn_decode(walk->runtime->decoder, frame->pc + load.size,
			 image_view(walk->image, frame->pc + load.size, INSN_BYTES), &move))
		return false;
	if (load.count != 1 || load.effects[0].kind != EFFECT_LOAD || load.effects[0].src != arch->sp ||
	    load.effects[0].size != WORD)
		return false;
	effect = &move.effects[0];
	if (move.count != 1 || effect->kind != EFFECT_ADD || effect->dst != arch->sp || effect->src != load.effects[0].dst ||
	    effect->value)
		return false;
	if (!image_u64(walk->image, frame->sp + (uint64_t)load.effects[0].value, &sp) || sp <= frame->sp || sp % WORD)
		return false;
	if (arch->link_register)
		frame->sp = sp;
	frame->fp = sp + (uint64_t)frame->info->delta + (arch->link_register ? 0 : WORD);
	return true;
}
