/* exposure.c: see exposure.h. Equal stacks are equally far from their upper ends: one of each group is walked. */
#include "heuristics/damage/exposure.h"

/* The distance from execIO's SP to the stack's upper end, and its caller; false when the stack does not pass it. */
static bool passes_exec_io(struct diagnosis *diagnosis, const struct outparams *outparams, size_t goroutine, uint64_t *distance,
			   const struct io_call **call)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0};

	goroutine_stack(analysis, goroutine, &stack);
	for (size_t i = 1; i < stack.frames.count; i++) {
		*call = io_call_at(outparams, stack.frames.items[i].pc);
		if (!*call || stack.frames.items[i].exact)
			continue;
		*distance = analysis->runtime->goroutines.items[goroutine].stack_hi - stack.frames.items[i - 1].sp;
		return true;
	}
	return false;
}

static void expose(struct diagnosis *diagnosis, const struct outparams *outparams, size_t goroutine, uint64_t distance,
		   const struct io_call *call)
{
	const struct goroutine *g = &diagnosis->analysis->runtime->goroutines.items[goroutine];

	for (size_t i = 0; i < outparams->items.count; i++) {
		const struct outparam *outparam = &outparams->items.items[i];

		if (outparam_of(outparam, call))
			vec_push(diagnosis->arena, &diagnosis->exposures,
				 (struct exposure){.goroutine = (int32_t)goroutine, .outparam = outparam,
						   .address = g->stack_hi - distance - (uint64_t)outparam->below});
	}
}

void exposures_find(struct diagnosis *diagnosis, const struct outparams *outparams)
{
	const struct analysis *analysis = diagnosis->analysis;
	const size_t groups = analysis->groups.count;
	const struct io_call **calls = arena_array(diagnosis->arena, groups + 1, sizeof *calls);
	uint64_t *distances = arena_array(diagnosis->arena, groups + 1, sizeof *distances);

	for (size_t i = 0; i < groups; i++)
		if (!passes_exec_io(diagnosis, outparams, analysis->groups.items[i].first, &distances[i], &calls[i]))
			calls[i] = NULL;
	for (size_t i = 0; i < analysis->runtime->goroutines.count; i++) {
		const uint32_t group = analysis->goroutine_group[i];

		if (calls[group])
			expose(diagnosis, outparams, i, distances[group], calls[group]);
	}
}
