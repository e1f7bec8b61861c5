/* layout_fit.c: whether the offsets in use fit the goroutines of the dump. A release of the future, or a fork that calls
 * itself like a known one, may have moved fields; through wrong offsets one reads goroutines full of nonsense. What is
 * asked here is true of every goroutine at rest, and of next to nothing else: its stack pointer lies in its stack, its
 * gobuf names it (gobuf.g), and it began at a function's first instruction (runtime.newproc1), if Go began it. */
#include "golang/load/load.h"

enum { SAMPLE = 256, FEWEST = 4 /* every program has as many: those of the runtime */ };

static bool at_rest(const struct goroutine *g)
{
	return g->status == G_WAITING || g->status == G_RUNNABLE || g->status == G_PREEMPTED;
}

/* In a module whose functions are not known, any place may be a function's first; so may it in code that no module is
 * known for, as of a plugin whose moduledata the dump does not hold. */
static bool can_start(struct go_runtime *runtime, uint64_t pc)
{
	const struct segment *segment;

	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];
		struct func func;

		if (pc >= module->minpc && pc < module->maxpc)
			return !module->pclntab.nfunc || runtime->identity == IDENTITY_MISMATCH ||
			       (pclntab_find(&module->pclntab, pc, &func) && func.entry == pc);
	}
	segment = image_segment(runtime->image, pc);
	return segment && segment->flags & SEGMENT_EXEC;
}

/* The goroutine of a thread that C made and that called into Go: no go statement began it (runtime.oneNewExtraM). */
static bool is_of_c_thread(const struct goroutine *g)
{
	return !g->startpc && !g->gopc && g->locked;
}

static bool fits(struct go_runtime *runtime, const struct goroutine *g)
{
	uint64_t owner;

	if (g->sched_sp < g->stack_lo || g->sched_sp > g->stack_hi)
		return false;
	if (go_field(runtime, g->address, LAYOUT_g_sched_g, &owner) && owner != g->address)
		return false;
	return is_of_c_thread(g) || can_start(runtime, g->startpc);
}

bool layout_fits(struct go_runtime *runtime)
{
	size_t step = runtime->goroutines.count / SAMPLE + 1;
	size_t good = 0;
	size_t bad = 0;

	for (size_t i = 0; i < runtime->goroutines.count; i += step) {
		const struct goroutine *g = &runtime->goroutines.items[i];

		if (at_rest(g))
			*(fits(runtime, g) ? &good : &bad) += 1;
	}
	if (!runtime->goroutines.count)
		return runtime->goroutines_listed < FEWEST;
	return good + bad < FEWEST || good >= bad;
}
