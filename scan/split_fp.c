/* split_fp.c: the frame pointer is set in several instructions, or later than SP (cmd/internal/obj/arm64/obj7.go). */
#include "golang/preempt.h"
#include "scan/places.h"
#include "scan/rule.h"

#include <inttypes.h>

extern const struct scan_rule rule_split_fp;

enum { EPILOGUE_STEPS = 8, INSN_BYTES = 16 };

/* An epilogue ends in a return, a few instructions on. */
static bool returns_soon(const struct scan *scan, uint64_t pc)
{
	struct insn insn;

	for (int step = 0; step < EPILOGUE_STEPS; step++, pc += insn.size) {
		if (!insn_decode(scan->runtime->decoder, pc, image_view(scan->image, pc, INSN_BYTES), &insn))
			return false;
		if (insn.flow != FLOW_NEXT)
			return insn.flow == FLOW_RETURN;
	}
	return false;
}

static const char *where_of(const struct scan *scan, const struct place *place)
{
	if (!place->distance || returns_soon(scan, place->at->pc)) /* SP is back at the top, or will be */
		return "epilogue";
	return place->at->has_delta && place->at->delta != func_frame_size(&place->at->module->pclntab, place->at->func)
		       ? "prologue"
		       : "body";
}

/* How far it is above what it is next: the frame's own while there is a frame, else the caller's. */
static int64_t error_of(const struct place *place)
{
	return place->fp_offset + 8 + place->distance;
}

static void report(struct scan *scan, const struct place *place)
{
	enum preemption preemption = preemption_at(scan->runtime, place->at);
	bool preemptible = preemption == PREEMPTIBLE || preemption == PREEMPTION_RESUMES_EARLIER;
	bool walked = preemptible && runtime_walks_frame_pointers(scan->runtime);
	struct scan_finding *finding = scan_add(scan, &rule_split_fp, walked ? SCAN_WARNING : SCAN_NOTE);

	if (!finding)
		return;
	scan_place(scan, finding, place->at);
	finding->is_place = true;
	finding->error = error_of(place);
	finding->where = where_of(scan, place);
	finding->leaf = place->leaf;
	finding->preemptible = preemptible;
	finding->reason = walked ? "the runtime preempts here, and walks by frame pointers for execution traces"
			  : preemptible
				  ? "the runtime preempts here, but this release does not walk by frame pointers itself"
				  : "the runtime does not preempt here";
	finding->message = arena_printf(scan->results,
					"a stop at 0x%" PRIx64 " in the %s of %s finds the frame pointer %" PRId64
					" bytes %s the frame's, so that walking by frame pointers goes astray; %s",
					finding->pc, finding->where, finding->function,
					finding->error < 0 ? -finding->error : finding->error,
					finding->error < 0 ? "below" : "above", finding->reason);
	if (walked)
		finding->fix =
			"take such frames in traces and profiles with care, or set GODEBUG=tracefpunwindoff=1 while "
			"tracing";
}

/* Where a stack begins there is no caller's frame to be found. */
static bool counts(const struct place *place)
{
	return place->fp_torn && !(place->at->func->flags & FUNC_TOP_FRAME);
}

static void run(struct scan *scan)
{
	for (size_t i = 0; scan->places && i < scan->places->items.count; i++)
		if (counts(&scan->places->items.items[i]))
			report(scan, &scan->places->items.items[i]);
}

const struct scan_rule rule_split_fp = {
	.id = "split-fp",
	.title = "the frame pointer is set in several instructions, or later than SP",
	.explanation =
		"On arm64 some functions move the frame pointer (R29) in two instructions, or put it right only "
		"after SP. Between them it points to no saved frame pointer. Nothing is damaged by that; but "
		"execution traces (since Go 1.21), and profilers that walk by frame pointers, then record a wrong "
		"stack or read where no stack is.\n"
		"It is found as split-sp is, for the register R29: a place counts where it holds neither the "
		"caller's frame pointer, nor the frame's own, nor that of the small frame that is made for duffzero "
		"and duffcopy.",
	.run = run,
};
