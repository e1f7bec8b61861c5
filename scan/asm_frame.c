/* asm_frame.c: assembly whose frame is smaller than what it stores there. */
#include "analyzer/instructions/asm_frame.h"
#include "scan/places.h"
#include "scan/rule.h"

#include <inttypes.h>

extern const struct scan_rule rule_asm_frame;

static void report(struct scan *scan, const struct pc_info *entry, const struct asm_store *store)
{
	struct scan_finding *finding = scan_add(scan, &rule_asm_frame, SCAN_ERROR);
	struct pc_info at = *entry;

	if (!finding)
		return;
	at.pc = store->pc;
	scan_place(scan, finding, &at);
	finding->stored = store->size;
	finding->callers = store->callers;
	finding->offset = store->offset;
	finding->return_offset = store->frame + store->at;
	finding->message = arena_printf(
		scan->results,
		"the store of %u bytes at SP+0x%" PRIx64 " (0x%" PRIx64 ") in %s is over %s return address, which lies at "
		"SP+0x%" PRIx64 ": the program dies when %s returns",
		store->size, (uint64_t)store->offset, store->pc, finding->function, store->callers ? "its caller's" : "its own",
		(uint64_t)finding->return_offset, store->callers ? "that" : "it");
	finding->fix = "make the frame in its TEXT line larger, or store at smaller offsets (on arm64 0(RSP) is the saved link "
		       "register, and locals begin at 8(RSP)); go vet checks some of it (asmdecl)";
}

static void look_at(struct scan *scan, struct tear_cache *tears, const struct func *func)
{
	struct asm_store store;
	const struct pc_info *entry;

	if (!(func->flags & FUNC_ASM))
		return;
	entry = go_pc(scan->runtime, func->entry, true);
	if (asm_frame_store(scan->runtime, tears, entry, &store))
		report(scan, entry, &store);
}

static void run(struct scan *scan)
{
	struct tear_cache *tears;

	if (!scan->places) /* no Go program */
		return;
	tears = tear_cache_new(scan->runtime);
	for (size_t i = 0; i < scan->runtime->modules.count; i++) {
		const struct pclntab *pclntab = &scan->runtime->modules.items[i].pclntab;
		struct func func;

		for (uint32_t index = 0; index < pclntab->nfunc; index++)
			if (pclntab_func(pclntab, index, &func))
				look_at(scan, tears, &func);
	}
}

const struct scan_rule rule_asm_frame = {
	.id = "asm-frame",
	.title = "assembly stores over a return address: its frame is too small",
	.explanation =
		"A function in assembly says itself how large its frame is (TEXT ·f(SB), flags, $FRAME-ARGUMENTS), and nothing "
		"checks that what it stores there fits. A store past the frame's end is over its return address on amd64, over its "
		"caller's on arm64, where 0(RSP) is besides its own. The function, or its caller, then returns to "
		"what was stored.\n"
		"Each function's instructions are followed along all branches; a finding is a store at a constant offset "
		"from SP that covers the word from which a return takes its address. Functions that move SP to another stack "
		"are not looked at, nor are stores through other registers.\n"
		"What to do: make the frame larger, or the offsets smaller.",
	.run = run,
};
