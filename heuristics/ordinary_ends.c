/* ordinary_ends.c: what the detectors of a process's ordinary ends share: the dying goroutine's frames below the runtime. */
#include "heuristics/ordinary_ends.h"

#include <string.h>

bool is_runtime_frame(const struct frame *frame)
{
	const char *name = go_func_name(frame->info);

	return !frame->info->func || !strncmp(name, "runtime.", 8) || !strncmp(name, "internal/runtime/", 17);
}

size_t first_program_frame(const struct stack *stack, size_t from)
{
	for (size_t i = from; i < stack->frames.count; i++)
		if (!is_runtime_frame(&stack->frames.items[i]))
			return i;
	return SIZE_MAX;
}

size_t find_role(const struct stack *stack, enum func_role role)
{
	for (size_t i = 0; i < stack->frames.count; i++)
		if (stack->frames.items[i].info->role == role)
			return i;
	return SIZE_MAX;
}

void point_at(struct finding *finding, const struct stack *stack, size_t frame)
{
	if (frame >= stack->frames.count)
		return;
	finding->frame = (int64_t)frame;
	finding->function = go_func_name(stack->frames.items[frame].info);
	finding->has_pc = true;
	finding->pc = stack->frames.items[frame].pc;
}
