/* windows.c: frames of Windows modules (DLLs, the C part of a program), by the tables that every PE file has, and the
 * ways between them and Go: runtime.asmstdcall calls Windows; Windows calls back through runtime.callbackasm1, which Go's own
 * tables describe; it dispatches exceptions on the stack that they stopped, which may be a goroutine's. */
#include "analyzer/unwind/walk.h"

#include "analyzer/instructions/tear.h"
#include "formats/unwind/libraries.h"
#include "formats/unwind/pe_unwind.h"

enum { STDCALL_FRAME = 4096 /* no more: its arguments (abi_windows.go MaxArgs) and a few words */ };

const struct mapping *windows_module(struct walk *walk, uint64_t address)
{
	if (walk->image->os != OS_WINDOWS)
		return NULL;
	libraries_prepare(walk->image->libraries, address);
	return image_mapping(walk->image, address);
}

bool leave_module(struct walk *walk, struct frame *frame, const struct mapping *module)
{
	struct pe_step step;

	switch (pe_unwind(walk->image, module, walk->at.exact, &walk->registers, &step)) {
	case PE_STEPPED:
		frame->fp = step.top;
		return to_caller(walk, step.interrupted, step.return_slot);
	case PE_UNREADABLE:
		if (step.address)
			return unreadable(walk, step.address);
		break;
	case PE_NO_TABLE:
	case PE_LOST:
		break;
	}
	return by_record(walk);
}

static bool returns_to(struct walk *walk, const struct frame *frame, uint64_t top, uint64_t *pc)
{
	return top > frame->sp && image_u64(walk->image, top - WORD, pc) && callsite_reaches(walk->runtime, *pc, NULL);
}

/* Go's table leaves out the room for arguments, and that SP is aligned (sys_windows_amd64.s). The instructions tell the
 * frame's top, or, where they do align, the frame pointer, which Windows preserves. */
bool leave_stdcall(struct walk *walk, struct frame *frame)
{
	struct frame_state state;
	uint64_t top = 0;
	uint64_t pc;

	if (frame_state_at(walk->analysis->tear_cache, frame->info, &state) && !state.assumed)
		top = frame->sp + (uint64_t)state.distance + (walk->arch->link_register ? 0 : WORD);
	else if (!walk->arch->link_register && reg_get(&walk->registers, walk->arch->fp, &top) &&
		 top - frame->sp < STDCALL_FRAME)
		top += 2 * WORD;
	if (walk->arch->link_register || !returns_to(walk, frame, top, &pc))
		return end_walk(walk, END_STACK_SWITCH, 0);
	frame->fp = top;
	walk->slot = top - WORD;
	caller_registers(walk, frame, pc);
	walk->at = (struct context){.known = true, .pc = pc, .sp = top, .how = HOW_PCSP};
	walk->preempted = false;
	return true;
}
