/* world_stop.c: see world_stop.h. The runtime sends a thread a signal, and its handler stops the goroutine where the code allows
 * it (golang/preempt.h); a loop in assembly, or in code that is no Go function, never does. C that Go called does not count:
 * nobody waits for it. */
#include "heuristics/hangs/world_stop.h"

#include "heuristics/ends/ordinary_ends.h"

#include <string.h>

enum { THREADS_TRIED = 256, WORD = 8, PROCESSORS_MOST = 1 << 16 };

static const struct {
	const char *function, *why;
} waits[] = {
#define WORLD_WAIT(function, why) {function, why},
#include "heuristics/hangs/world_waits.def"
#undef WORLD_WAIT
};

static bool find_wait(struct analysis *analysis, struct world_stop *ret)
{
	struct stack stack = {0};

	for (size_t i = 0; i < analysis->image->threads.count && i < THREADS_TRIED; i++) {
		thread_stack(analysis, i, &stack);
		for (size_t k = 0; k < stack.frames.count; k++)
			for (size_t j = 0; stack.frames.items[k].info->func && j < sizeof waits / sizeof *waits; j++)
				if (!strcmp(go_func_name(stack.frames.items[k].info), waits[j].function)) {
					ret->function = waits[j].function;
					ret->why = waits[j].why;
					ret->thread = i;
					return true;
				}
	}
	return false;
}

/* Whether a goroutine runs where it cannot be interrupted; notes where. */
static bool cannot_stop(struct analysis *analysis, size_t index, struct world_stop *ret)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[index];
	struct stack stack = {0};

	if (g->status != G_RUNNING || goroutine_is_system(analysis->runtime, g))
		return false;
	goroutine_stack(analysis, index, &stack);
	if (!stack.frames.count || !stack.frames.items[0].exact)
		return false;
	ret->preemption = preemption_at(analysis->runtime, stack.frames.items[0].info);
	switch (ret->preemption) {
	case PREEMPTION_ASSEMBLY:
	case PREEMPTION_NO_FUNCTION:
		break;
	case PREEMPTIBLE:
	case PREEMPTION_RESUMES_EARLIER:
	case PREEMPTION_UNSAFE_POINT:
		if (!preemption_switched_off(analysis->runtime) || is_runtime_frame(&stack.frames.items[0]))
			return false;
		ret->preemption = PREEMPTIBLE;
		break;
	default:
		return false;
	}
	ret->goroutine = index;
	ret->pc = stack.frames.items[0].pc;
	ret->frame = 0;
	ret->running = stack.frames.items[0].info->func ? program_function(analysis, &stack, 0) : NULL;
	ret->asked = g->preempt;
	return true;
}

static size_t processor_count(struct analysis *analysis)
{
	uint64_t count;

	if (!analysis->runtime->globals.allp || !image_u64(analysis->image, analysis->runtime->globals.allp + WORD, &count) ||
	    count > PROCESSORS_MOST)
		return 0;
	return (size_t)count;
}

/* Who cannot go on meanwhile. */
static size_t count_waiting(struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;
	size_t count = 0;

	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const struct goroutine *g = &runtime->goroutines.items[i];
		const char *reason = g->status == G_WAITING ? goroutine_wait_reason(runtime, g) : NULL;

		count += g->status == G_RUNNABLE || (reason && !strncmp(reason, "GC assist", 9));
	}
	return count;
}

bool world_stop_find(struct analysis *analysis, struct world_stop *ret)
{
	struct world_stop found = {0};
	size_t asked = 0;

	for (size_t i = 0; i < analysis->runtime->goroutines.count; i++) {
		struct world_stop one = {0};

		if (!cannot_stop(analysis, i, &one))
			continue;
		asked += one.asked;
		if (!found.held || (one.asked && !found.asked)) {
			one.held = found.held;
			found = one;
		}
		found.held++;
	}
	if (!found.held || !found.asked)
		return false;
	*ret = found;
	ret->processors = processor_count(analysis);
	ret->waiting = count_waiting(analysis);
	return find_wait(analysis, ret) || (ret->processors && asked >= ret->processors);
}

const char *world_stop_reason(const struct world_stop *stop)
{
	switch (stop->preemption) {
	case PREEMPTION_ASSEMBLY:
		return "assembly, in which Go interrupts nothing";
	case PREEMPTION_NO_FUNCTION:
		return "code that is no function of the program (generated while it runs?), in which Go interrupts nothing";
	default:
		return "a loop without calls, and preemption by signals is switched off (GODEBUG=asyncpreemptoff=1)";
	}
}
