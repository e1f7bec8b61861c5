/* saved_place.c: see saved_place.h (runtime/proc.go reentersyscall, save; asm_GOARCH.s mcall, morestack). */
#include "analyzer/unwind/saved_place.h"

#include "analyzer/instructions/callsite.h"

#include <string.h>

enum {
	WORD = 8,
	CALL_BYTES = 8,
};

bool place_is_entry(struct go_runtime *runtime, uint64_t pc)
{
	const struct pc_info *info = go_pc(runtime, pc, true);

	return info->func && info->func->entry == pc;
}

bool place_is_no_code(struct go_runtime *runtime, uint64_t pc)
{
	const struct segment *segment = image_segment(runtime->image, pc);

	return !go_pc(runtime, pc, true)->func && (segment ? !(segment->flags & SEGMENT_EXEC) : !image_mapping(runtime->image, pc));
}

bool place_is_behind_trap(struct image *image, uint64_t pc)
{
	const struct span trap = image->arch->trap;
	const struct span code = image_view(image, pc - trap.size, trap.size);

	return code.data && code.size >= trap.size && !memcmp(code.data, trap.data, trap.size);
}

bool place_is_readable(const struct go_runtime *runtime, uint64_t pc)
{
	return image_view(runtime->image, pc - CALL_BYTES, CALL_BYTES).size == CALL_BYTES;
}

static bool is_morestack(const struct pc_info *target)
{
	static const char morestack[] = "runtime.morestack"; /* and its variants */

	return !strncmp(go_func_name(target), morestack, sizeof morestack - 1);
}

/* Who waits called gopark, and that mcall; who finds its stack too small, or is preempted there, can run on. */
static bool is_switch(const struct goroutine *g, const struct pc_info *target)
{
	return target->role == ROLE_MCALL || (is_morestack(target) && g->status != G_WAITING && g->status != G_LEAKED);
}

bool saved_pc_fits(struct go_runtime *runtime, const struct goroutine *g, uint64_t pc)
{
	const struct pc_info *info = go_return_address(runtime, pc);
	const struct pc_info *target;

	if (!info->func)
		return !place_is_no_code(runtime, pc);
	if (place_is_entry(runtime, pc))
		return pc == g->startpc || !place_is_entry(runtime, g->startpc);
	if (!place_is_readable(runtime, pc))
		return true;
	if (info->call != FLOW_CALL)
		return false;
	target = go_pc(runtime, info->call_target, true);
	if (!target->func) /* through a linker's stub */
		return !place_is_no_code(runtime, info->call_target);
	return target->func->entry != info->call_target || is_switch(g, target);
}

bool saved_frame_pointer(struct go_runtime *runtime, uint64_t pc, uint64_t sp, uint64_t *ret)
{
	const struct pc_info *info = go_pc(runtime, pc, false);

	if (!info->func || info->func->entry == pc || !info->has_delta || info->delta <= 0 || (info->func->flags & FUNC_ASM))
		return false;
	*ret = sp - WORD + (runtime->image->arch->link_register ? 0 : (uint64_t)info->delta);
	return true;
}

bool saved_frame_pointer_fits(struct go_runtime *runtime, const struct goroutine *g, uint64_t pc, uint64_t sp)
{
	uint64_t due;

	return !saved_frame_pointer(runtime, pc, sp, &due) || due == g->sched_bp;
}

/* Its return address is where the call left it, in g.sched.lr or at SP. */
bool saved_call_holds(struct go_runtime *runtime, const struct goroutine *g)
{
	const struct pc_info *info = go_return_address(runtime, g->sched_pc);
	uint64_t word = g->sched_lr;

	if (!goroutine_is_parked(g) || g->syscall_sp || !info->func || info->call != FLOW_CALL || !is_morestack(go_pc(runtime, info->call_target, true)))
		return true;
	return (runtime->image->arch->link_register || image_u64(runtime->image, g->sched_sp, &word)) &&
	       callsite_reaches(runtime, word, info->func);
}

bool saved_place_holds(struct go_runtime *runtime, const struct goroutine *g)
{
	if (g->status == G_WAITING && !g->m && g->syscall_sp) /* 0 for whoever waits; a walk believes it */
		return false;
	if (!goroutine_is_parked(g) || g->syscall_sp)
		return true;
	return saved_pc_fits(runtime, g, g->sched_pc) && saved_frame_pointer_fits(runtime, g, g->sched_pc, g->sched_sp);
}
