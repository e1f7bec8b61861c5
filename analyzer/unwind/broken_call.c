/* broken_call.c: see broken_call.h. The collector scans a frame that was stopped anywhere as it is, from SP on as far as variables may lie
 * (runtime/mgcmark.go scanframeworker, scanConservative): up to the frame's top but for the frame pointer's word (traceback.go, frame.varp).
 * Up to Go 1.20 a walk that finds no caller prints the frame's function, SP and top (traceback.go gentraceback, tracebackHexdump's
 * "stack: frame={sp:…, fp:…}"), and not its pc. */
#include "analyzer/unwind/broken_call.h"

#include "analyzer/instructions/tear.h"
#include "analyzer/unwind/code_search.h"
#include "golang/recorded_arguments.h"

#include <string.h>

enum { WORD = 8, INSN_BYTES = 16 };

/* The bytes that the thread that died was to scan from `sp` on; 0: it was not. */
static uint64_t scanned_from(const struct analysis *analysis, uint64_t sp)
{
	const struct log_record *record = analysis->runtime->recorded->record;

	for (size_t i = 0; i < record->system.count; i++) {
		const struct recorded_frame *frame = &record->frames.items[record->system.first + i];
		uint64_t start, size;
		size_t at = 0;
		bool unsure;

		if (go_pc(analysis->runtime, analysis->runtime->recorded->pcs[frame->place], false)->role == ROLE_SCAN_CONSERVATIVE &&
		    recorded_argument(frame, &at, &start, &unsure) && start == sp && recorded_argument(frame, &at, &size, &unsure))
			return size;
	}
	return 0;
}

static bool find_function(const struct analysis *analysis, const char *name, struct func *ret)
{
	const struct pclntab *table = &analysis->runtime->modules.items[0].pclntab;

	for (uint32_t i = 0; i < table->nfunc; i++) {
		const char *candidate = pclntab_func(table, i, ret) ? pclntab_name(table, ret->name) : NULL;

		if (candidate && !strcmp(candidate, name))
			return true;
	}
	return false;
}

/* The last pc of a function that is torn and claims that much. A function that returns at several places has one at each: false, if they are
 * torn by different distances, or there is none. */
static bool find_torn(struct analysis *analysis, const struct func *func, int64_t claimed, uint64_t *found)
{
	uint64_t pc = func->entry;
	int64_t distance = claimed;

	while (pc < func->end && pc - func->entry < FUNCTION_LIMIT) {
		const struct pc_info *info = go_pc(analysis->runtime, pc, true);
		struct frame_state state;
		struct insn insn;

		if (info->has_delta && info->delta == claimed && frame_state_at(analysis->tear_cache, info, &state) &&
		    state.distance != info->delta) {
			if (distance != claimed && distance != state.distance)
				return false;
			distance = state.distance;
			*found = pc;
		}
		if (!insn_decode(analysis->runtime->decoder, pc, image_view(analysis->image, pc, INSN_BYTES), &insn))
			break;
		pc += insn.size;
	}
	return distance != claimed;
}

/* The function whose frame begins at `sp`, and the distance to the frame's top that the table claims; NULL: the log does not say both. */
static const char *frame_at(const struct analysis *analysis, size_t goroutine, uint64_t sp, uint64_t *claimed)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	const struct recorded_goroutine *g = recorded_goroutine(analysis->runtime, goroutine);
	const uint64_t scanned = g->stack.broken ? scanned_from(analysis, sp) : 0;

	*claimed = scanned + WORD;
	if (scanned)
		return g->stack.broken;
	*claimed = record->bad_fp - sp - (analysis->image->arch->link_register ? 0 : WORD);
	return g->id == record->complained && record->bad_sp == sp && record->bad_fp > sp + WORD ? record->bad_callee : NULL;
}

bool broken_call_find(struct analysis *analysis, size_t goroutine, const struct stack *printed, struct context *ret)
{
	const struct frame *last = printed->frames.count ? &printed->frames.items[printed->frames.count - 1] : NULL;
	const uint64_t sp = last ? last->fp + (analysis->image->arch->link_register ? 2 * WORD : 0) : 0;
	uint64_t claimed;
	const char *function = last && last->fp ? frame_at(analysis, goroutine, sp, &claimed) : NULL;
	struct func func;

	if (!function || claimed > INT32_MAX || last->info->role != ROLE_ASYNC_PREEMPT || !analysis->runtime->modules.count ||
	    !find_function(analysis, function, &func) || !code_affords(analysis, &func))
		return false;
	*ret = (struct context){.known = true, .sp = sp, .how = HOW_RECORDED, .exact = true};
	return find_torn(analysis, &func, (int64_t)claimed, &ret->pc);
}
