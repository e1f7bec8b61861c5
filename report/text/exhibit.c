/* exhibit.c: machine code, last words and stack words: what a reader can hold against the dump by hand. */
#include "report/text/text.h"

#include <inttypes.h>
#include <string.h>

enum {
	BEFORE = 2, /* instructions shown before the stopped one */
	AFTER = 1,
	SWEEP_LIMIT = 1 << 18, /* bytes decoded from a function's entry, to find where its instructions begin */
	LINES_LIMIT = 8,
	WORD = 8,
	NEAR = 4, /* words between two marks that are shown rather than skipped */
	MARK_LIMIT = 12,
};

static void instruction_line(const struct text *text, uint64_t at, bool stopped, unsigned margin)
{
	struct span code = image_view(text->analysis->image, at, 16);
	const char *assembly = insn_text(text->analysis->runtime->decoder, text->arena, at, code);
	const char *first =
		arena_printf(text->arena, "%*s%s 0x%" PRIx64 "  ", (int)margin, "", stopped ? ">>" : "  ", at);
	const char *remark = !stopped                ? ""
			     : text->finding->tear   ? "    <- stopped here: this one had not run yet"
			     : text->finding->damage ? "    <- the return address, put right"
						     : "    <- here";

	page_wrap(&text->page, first, 0, stopped ? STYLE_BOLD : STYLE_PLAIN,
		  arena_printf(text->arena, "%s%s", assembly ? assembly : "?", remark));
}

/* Addresses of the instructions before pc, oldest first; returns their number. */
static size_t instructions_before(const struct text *text, const struct pc_info *info, uint64_t before[static BEFORE])
{
	const uint8_t quantum = text->analysis->image->arch->quantum;
	uint64_t at = info->func ? info->func->entry : info->pc;
	uint64_t starts[BEFORE] = {0};
	size_t count = 0;
	struct insn insn;

	if (info->pc - at > SWEEP_LIMIT && quantum > 1)
		at = info->pc - (uint64_t)BEFORE * quantum;
	for (; at < info->pc && info->pc - at <= SWEEP_LIMIT; at += insn.size) {
		if (!insn_decode(text->analysis->runtime->decoder, at, image_view(text->analysis->image, at, 16),
				 &insn) ||
		    !insn.size)
			return 0;
		starts[count++ % BEFORE] = at;
	}
	if (at != info->pc)
		return 0; /* the sweep lost step: better nothing than a wrong instruction */
	for (size_t i = 0; i < BEFORE && i < count; i++)
		before[i] = starts[count < BEFORE ? i : (count + i) % BEFORE];
	return count < BEFORE ? count : BEFORE;
}

static void instructions(const struct text *text, unsigned margin)
{
	const struct fault *fault = &text->analysis->fault;
	struct go_runtime *runtime = text->analysis->runtime;
	uint64_t before[BEFORE];
	struct insn insn;
	size_t count;
	uint64_t pc;

	if (!text->finding || !runtime->decoder)
		return;
	pc = text->finding->tear     ? text->finding->tear->at->pc
	     : text->finding->damage ? text->finding->repaired
	     : fault->known          ? fault->pc
				     : 0;
	if (!insn_decode(runtime->decoder, pc, image_view(text->analysis->image, pc, 16), &insn))
		return;
	count = instructions_before(text, go_pc(runtime, pc, true), before);
	for (size_t i = 0; i < count; i++)
		instruction_line(text, before[i], false, margin);
	instruction_line(text, pc, true, margin);
	for (int i = 0; i < AFTER && insn.flow != FLOW_STOP; i++) {
		pc += insn.size;
		if (!insn_decode(runtime->decoder, pc, image_view(text->analysis->image, pc, 16), &insn))
			return;
		instruction_line(text, pc, false, margin);
	}
}

static void quoted(const struct text *text, unsigned margin, const char *line)
{
	for (; *line == '\t'; line++)
		margin += 4;
	page_wrap(&text->page, arena_printf(text->arena, "%*s", (int)margin, ""), margin + 2, STYLE_FAINT, line);
}

static void panic_lines(const struct text *text, unsigned margin)
{
	const struct messages *messages = &text->analysis->messages;

	for (size_t i = 0; i < messages->panic_lines.count && i < LINES_LIMIT; i++)
		quoted(text, margin, messages->panic_lines.items[i]);
}

static void last_words(const struct text *text, unsigned margin)
{
	const struct go_runtime *runtime = text->analysis->runtime;
	const char *line = text->analysis->messages.line;
	size_t first = runtime->fatal_lines.count > LINES_LIMIT ? runtime->fatal_lines.count - LINES_LIMIT : 0;

	for (size_t i = first; i < runtime->fatal_lines.count; i++)
		quoted(text, margin, runtime->fatal_lines.items[i]);
	if (text->analysis->messages.panicked)
		panic_lines(text, margin);
	else if (line && !runtime->fatal_lines.count)
		quoted(text, margin, line);
}

void text_exhibit(const struct text *text, enum exhibit exhibit, unsigned margin)
{
	if (exhibit == EXHIBIT_INSTRUCTIONS)
		instructions(text, margin);
	else if (exhibit == EXHIBIT_LAST_WORDS)
		last_words(text, margin);
}

struct mark {
	uint64_t address;
	const char *what;
};

struct marks {
	struct mark items[MARK_LIMIT];
	size_t count;
};

/* Keeps the marks ascending, one per address. */
static void mark(const struct text *text, struct marks *marks, uint64_t address, const char *what)
{
	size_t at = 0;

	if (!address || marks->count == MARK_LIMIT)
		return;
	while (at < marks->count && marks->items[at].address < address)
		at++;
	if (at < marks->count && marks->items[at].address == address) {
		marks->items[at].what = arena_printf(text->arena, "%s; %s", marks->items[at].what, what);
		return;
	}
	memmove(&marks->items[at + 1], &marks->items[at], (marks->count - at) * sizeof *marks->items);
	marks->items[at] = (struct mark){address, what};
	marks->count++;
}

static void mark_tear(const struct text *text, const struct tear *tear, struct marks *marks)
{
	const struct finding *finding = text->finding;
	const bool shared = tear->caller_slot == tear->link_address;

	mark(text, marks, tear->pc_address,
	     tear->preempted ? "where the preempted goroutine is to go on" : "the stopped pc");
	mark(text, marks, tear->frame_pointer_address, "frame pointer at the stop");
	mark(text, marks, tear->link_address,
	     shared ? "link register at the stop: the true return address" : "link register at the stop");
	if (!shared)
		mark(text, marks, tear->caller_slot, "the true return address");
	mark(text, marks, tear->saved_slot,
	     tear->saved_calls ? "the frame's own copy of the return address"
			       : "the frame's own slot of the return address, overwritten since");
	mark(text, marks, finding->repaired, "SP as the frame's table assumes it");
	mark(text, marks, finding->observed, "SP as it was");
	if (tear->false_known && tear->false_caller != tear->caller_pc)
		mark(text, marks, tear->false_slot, "what the runtime takes for the return address");
	mark(text, marks, tear->top, "end of the frame, as executed: the caller's SP");
	mark(text, marks, tear->top + (uint64_t)finding->sp_error, "end of the frame, as the runtime computes it");
}

static void mark_damage(const struct text *text, const struct damage *damage, struct marks *marks)
{
	mark(text, marks, damage->slot,
	     !damage->slot_holds ? "where the return address was; used again since"
	     : damage->returned  ? "the return address as it was taken, damaged"
				 : "the return address, damaged");
	if (damage->frame_pointer_due && damage->frame_pointer_address)
		mark(text, marks, damage->frame_pointer_address, "the saved frame pointer");
	mark(text, marks, damage->caller_sp, "the caller's SP after the return");
}

static void word_line(const struct text *text, uint64_t address, const char *what)
{
	uint64_t word;
	const char *value = image_u64(text->analysis->image, address, &word)
				    ? arena_printf(text->arena, "0x%016" PRIx64, word)
				    : "(not in the dump) ";

	page_wrap(&text->page, arena_printf(text->arena, "  0x%-14" PRIx64 "  %s%s", address, value, *what ? "  " : ""),
		  0, STYLE_PLAIN, what);
}

void text_torn_words(const struct text *text)
{
	struct marks marks = {0};
	uint64_t next = 0;

	if (text->finding && text->finding->tear)
		mark_tear(text, text->finding->tear, &marks);
	else if (text->finding && text->finding->damage)
		mark_damage(text, text->finding->damage, &marks);
	else
		return;
	page_heading(&text->page, "The torn stack, word by word");
	for (size_t i = 0; i < marks.count; i++) {
		uint64_t address = marks.items[i].address;

		if (next && address > next && (address - next) / WORD > NEAR)
			fprintf(text->page.out, "  …  %s bytes\n", count_text(text->arena, address - next));
		else if (next)
			for (; next < address; next += WORD)
				word_line(text, next, "");
		word_line(text, address, marks.items[i].what);
		next = address + WORD;
	}
}
