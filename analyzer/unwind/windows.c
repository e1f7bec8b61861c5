/* windows.c: frames of Windows modules (DLLs, the C part of a program), by the tables that every PE file has, and the
 * ways between them and Go: runtime.asmstdcall calls Windows; Windows calls back through runtime.callbackasm1, which Go's own
 * tables describe; it dispatches exceptions on the stack that they stopped, which may be a goroutine's. */
#include "analyzer/unwind/walk.h"

#include "analyzer/instructions/tear.h"
#include "formats/unwind/libraries.h"
#include "formats/unwind/pe_unwind.h"

#include <limits.h>

enum { ANY_MINOR = INT_MAX, STDCALL_BYTES = 4096 /* no more: its arguments (abi_windows.go MaxArgs) and a few words */ };

static const struct stdcall_frame {
	enum arch_id arch;
	int first_minor, last_minor;
	const char *keeper; /* the register that keeps a place in the frame */
	uint16_t top, link; /* from there, bytes: to the frame's top, to the return address */
} stdcall_frames[] = {
#define STDCALL_FRAME(arch, first, last, keeper, top, link) {arch, first, last, keeper, top, link},
#include "golang/stdcall.def"
#undef STDCALL_FRAME
};

const struct mapping *windows_module(struct walk *walk, uint64_t address)
{
	if (walk->image->os != OS_WINDOWS)
		return NULL;
	libraries_prepare(walk->image->libraries, address);
	return image_mapping(walk->image, address);
}

static bool is_stdcall(enum func_role role)
{
	return role == ROLE_STDCALL || role == ROLE_STDCALL_INTERNAL;
}

/* What the register of a row holds, if the row is of this CPU and release. Of a release that is not known, any is. */
static bool frame_place(const struct walk *walk, const struct stdcall_frame *row, uint64_t *ret)
{
	const int minor = walk->runtime->version.minor;

	if (row->arch != walk->arch->id || (minor && (minor < row->first_minor || minor > row->last_minor)))
		return false;
	return reg_get(&walk->registers, reg_by_name(walk->arch, row->keeper), ret);
}

/* Moves to the caller if the word at `slot` is where a call returns to. */
static bool to_caller_of_stdcall(struct walk *walk, struct frame *frame, uint64_t top, uint64_t slot)
{
	uint64_t pc;

	if (top <= frame->sp || top - frame->sp >= STDCALL_BYTES || !image_u64(walk->image, slot, &pc) ||
	    !callsite_reaches(walk->runtime, pc, NULL))
		return false;
	frame->fp = top;
	walk->slot = slot;
	caller_registers(walk, frame, pc);
	walk->at = (struct context){.known = true, .pc = pc, .sp = top, .how = HOW_PCSP};
	walk->preempted = false;
	return true;
}

/* Go's table leaves out the room for arguments, and that SP is aligned. The instructions tell the frame's top where they
 * agree, or else the register that keeps it. */
bool leave_stdcall(struct walk *walk, struct frame *frame)
{
	const bool link = walk->arch->link_register;
	struct frame_state state;
	uint64_t place;

	if (frame_state_at(walk->analysis->tear_cache, frame->info, &state) && !state.assumed) {
		uint64_t entry_sp = frame->sp + (uint64_t)state.distance;

		if ((!link || state.link_saved) &&
		    to_caller_of_stdcall(walk, frame, entry_sp + (link ? 0 : WORD), entry_sp + (uint64_t)(link ? state.link_slot : 0)))
			return true;
	}
	for (size_t i = 0; i < sizeof stdcall_frames / sizeof *stdcall_frames; i++)
		if (frame_place(walk, &stdcall_frames[i], &place) && place >= frame->sp &&
		    to_caller_of_stdcall(walk, frame, place + stdcall_frames[i].top, place + stdcall_frames[i].link))
			return true;
	return end_walk(walk, END_STACK_SWITCH, 0);
}

/* Whether a function of Windows has been called by asmstdcall and has done nothing yet: SP is where that left it. */
static bool just_entered(struct walk *walk, uint64_t caller)
{
	uint64_t place;

	if (!is_stdcall(go_pc(walk->runtime, caller, false)->role) || !callsite_reaches(walk->runtime, caller, NULL))
		return false;
	for (size_t i = 0; i < sizeof stdcall_frames / sizeof *stdcall_frames; i++)
		if (frame_place(walk, &stdcall_frames[i], &place) && place == walk->at.sp)
			return true;
	return false;
}

/* Without the module's table. */
static bool by_link(struct walk *walk)
{
	uint64_t caller;

	if (!walk->at.exact || !reg_get(&walk->registers, walk->arch->lr, &caller) || !just_entered(walk, caller))
		return false;
	walk->slot = 0;
	reg_set(&walk->registers, walk->arch->pc, caller);
	reg_forget(&walk->registers, walk->arch->lr);
	return at_registers(walk, HOW_CFI);
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
	return by_link(walk) || by_record(walk);
}
