/* exhibits.c: see exhibits.h. */
#include "report/content/exhibits.h"

#include "formats/log/grammar.h"
#include "report/content/summary.h"

#include <string.h>

enum {
	SWEEP_LIMIT = 1 << 18, /* bytes decoded from a function's entry, to find where its instructions begin */
	LINES_LIMIT = 8,
	INSN_LONGEST = 16,
};

/* ---- machine code ---- */

static void add_line(struct arena *arena, const struct diagnosis *diagnosis, uint64_t at, bool stopped, struct code_lines *ret)
{
	const struct analysis *analysis = diagnosis->analysis;
	const struct finding *finding = verdict_finding(diagnosis);
	const char *assembly = insn_text(analysis->runtime->decoder, arena, at, image_view(analysis->image, at, INSN_LONGEST));
	const char *remark = !stopped		? NULL
			     : finding->tear	? "stopped here: this one had not run yet"
			     : finding->damage	? "the return address, put right"
						: "here";

	vec_push(arena, &ret->items, (struct code_line){at, assembly ? assembly : "?", remark, stopped});
}

static bool decode(const struct analysis *analysis, uint64_t at, struct insn *ret)
{
	return insn_decode(analysis->runtime->decoder, at, image_view(analysis->image, at, INSN_LONGEST), ret) && ret->size;
}

/* Addresses of the `most` instructions before pc, oldest first; returns their number. */
static size_t instructions_before(const struct analysis *analysis, const struct pc_info *info, size_t most,
				  uint64_t before[static CODE_BEFORE_MOST])
{
	const uint8_t quantum = analysis->image->arch->quantum;
	uint64_t at = info->func ? info->func->entry : info->pc;
	uint64_t starts[CODE_BEFORE_MOST] = {0};
	size_t count = 0;
	struct insn insn;

	if (!most)
		return 0;
	if (info->pc - at > SWEEP_LIMIT && quantum > 1)
		at = info->pc - (uint64_t)most * quantum;
	for (; at < info->pc && info->pc - at <= SWEEP_LIMIT; at += insn.size) {
		if (!decode(analysis, at, &insn))
			return 0;
		starts[count++ % most] = at;
	}
	if (at != info->pc)
		return 0; /* the sweep lost step: better nothing than a wrong instruction */
	for (size_t i = 0; i < most && i < count; i++)
		before[i] = starts[count < most ? i : (count + i) % most];
	return count < most ? count : most;
}

/* Of the verdict; 0: it has none. */
static uint64_t shown_pc(const struct diagnosis *diagnosis)
{
	const struct finding *finding = verdict_finding(diagnosis);
	const struct fault *fault = &diagnosis->analysis->fault;

	if (!finding)
		return 0;
	return finding->tear ? finding->tear->at->pc : finding->damage ? finding->repaired : fault->known ? fault->pc : 0;
}

void code_around(struct arena *arena, const struct diagnosis *diagnosis, size_t before, size_t after, struct code_lines *ret)
{
	const struct analysis *analysis = diagnosis->analysis;
	uint64_t pc = shown_pc(diagnosis);
	uint64_t starts[CODE_BEFORE_MOST];
	struct insn insn;
	size_t count;

	*ret = (struct code_lines){0};
	if (!verdict_finding(diagnosis) || !analysis->runtime->decoder || !decode(analysis, pc, &insn))
		return;
	ret->at = go_pc(analysis->runtime, pc, true);
	count = instructions_before(analysis, ret->at, before < CODE_BEFORE_MOST ? before : CODE_BEFORE_MOST, starts);
	for (size_t i = 0; i < count; i++)
		add_line(arena, diagnosis, starts[i], false, ret);
	add_line(arena, diagnosis, pc, true, ret);
	for (; after && insn.flow != FLOW_STOP; after--) {
		pc += insn.size;
		if (!decode(analysis, pc, &insn))
			return;
		add_line(arena, diagnosis, pc, false, ret);
	}
}

/* ---- last words ---- */

/* Of the words of a stack that the runtime printed (runtime.hexdumpWords): a row of them, the rest of a row, or marks below one. The report
 * has better. */
static bool is_dumped_memory(const char *line)
{
	static const char hex[] = "0123456789abcdef";
	const size_t digits = strspn(line, hex);
	const char *next = line + digits + strspn(line + digits, " ");

	return log_kind_of((struct span){(const uint8_t *)line, strlen(line)}) == LOG_WORDS ||
	       (digits && next > line + digits && strspn(next, hex) == 8) || strspn(line, "0123456789abcdef .:") == strlen(line) ||
	       (*line == ' ' && strchr("^<", line[strspn(line, " ")]));
}

void last_words(struct arena *arena, const struct analysis *analysis, struct quoted_lines *ret)
{
	const struct go_runtime *runtime = analysis->runtime;
	const struct messages *messages = &analysis->messages;
	const size_t first = runtime->fatal_lines.count > LINES_LIMIT ? runtime->fatal_lines.count - LINES_LIMIT : 0;

	*ret = (struct quoted_lines){0};
	for (size_t i = first; i < runtime->fatal_lines.count; i++)
		if (!is_dumped_memory(runtime->fatal_lines.items[i]))
			vec_push(arena, &ret->items, runtime->fatal_lines.items[i]);
	if (messages->panicked)
		for (size_t i = 0; i < messages->panic_lines.count && i < LINES_LIMIT; i++)
			vec_push(arena, &ret->items, messages->panic_lines.items[i]);
	else if (messages->line && !runtime->fatal_lines.count)
		vec_push(arena, &ret->items, messages->line);
}
