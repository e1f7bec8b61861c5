/* words.c: the words of a stack that a verdict is about, with those between. */
#include "report/content/exhibits.h"

#include "report/content/summary.h"

#include <string.h>

enum {
	WORD = 8,
	NEAR = 4, /* words between two marks that are shown rather than skipped */
	MARK_LIMIT = 12,
};

struct mark {
	uint64_t address;
	const char *what;
	enum word_part part;
};

struct marks {
	struct mark items[MARK_LIMIT];
	size_t count;
};

/* Keeps the marks ascending, one per address. */
static void mark(struct arena *arena, struct marks *marks, enum word_part part, uint64_t address, const char *what)
{
	size_t at = 0;

	if (!address || marks->count == MARK_LIMIT)
		return;
	while (at < marks->count && marks->items[at].address < address)
		at++;
	if (at < marks->count && marks->items[at].address == address) {
		marks->items[at].what = arena_printf(arena, "%s; %s", marks->items[at].what, what);
		if (part != WORD_PLAIN)
			marks->items[at].part = part;
		return;
	}
	memmove(&marks->items[at + 1], &marks->items[at], (marks->count - at) * sizeof *marks->items);
	marks->items[at] = (struct mark){address, what, part};
	marks->count++;
}

static void mark_tear(struct arena *arena, const struct finding *finding, struct marks *marks)
{
	const struct tear *tear = finding->tear;
	const bool shared = tear->caller_slot == tear->link_address;

	mark(arena, marks, WORD_PLAIN, tear->pc_address,
	     tear->preempted ? "where the preempted goroutine is to go on" : "the stopped pc");
	mark(arena, marks, WORD_PLAIN, tear->frame_pointer_address, "frame pointer at the stop");
	mark(arena, marks, shared ? WORD_TRUE : WORD_PLAIN, tear->link_address,
	     shared ? "link register at the stop: the true return address" : "link register at the stop");
	if (!shared)
		mark(arena, marks, WORD_TRUE, tear->caller_slot, "the true return address");
	mark(arena, marks, tear->saved_calls ? WORD_TRUE : WORD_PLAIN, tear->saved_slot,
	     tear->saved_calls ? "the frame's own copy of the return address"
			       : "the frame's own slot of the return address, overwritten since");
	mark(arena, marks, WORD_TRUE, finding->repaired, "SP as the frame's table assumes it");
	mark(arena, marks, WORD_PLAIN, finding->observed, "SP as it was");
	if (tear->false_known && tear->false_caller != tear->caller_pc)
		mark(arena, marks, WORD_FALSE, tear->false_slot, "what the runtime takes for the return address");
	mark(arena, marks, WORD_TRUE, tear->top, "end of the frame, as executed: the caller's SP");
	mark(arena, marks, WORD_FALSE, tear->top + (uint64_t)finding->sp_error, "end of the frame, as the runtime computes it");
}

static void mark_damage(struct arena *arena, const struct damage *damage, struct marks *marks)
{
	mark(arena, marks, WORD_DAMAGED, damage->slot,
	     !damage->slot_holds ? "where the return address was; used again since"
	     : damage->returned  ? "the return address as it was taken, damaged"
				 : "the return address, damaged");
	if (damage->frame_pointer_due && damage->frame_pointer_address)
		mark(arena, marks, WORD_PLAIN, damage->frame_pointer_address, "the saved frame pointer");
	mark(arena, marks, WORD_TRUE, damage->caller_sp, "the caller's SP after the return");
}

static struct stack_word word_at(struct image *image, uint64_t address)
{
	struct stack_word word = {.address = address};

	word.present = image_u64(image, address, &word.value);
	return word;
}

void stack_words(struct arena *arena, const struct diagnosis *diagnosis, struct stack_words *ret)
{
	const struct finding *finding = verdict_finding(diagnosis);
	struct image *image = diagnosis->analysis->image;
	struct marks marks = {0};
	uint64_t next = 0;

	*ret = (struct stack_words){0};
	if (finding && finding->tear)
		mark_tear(arena, finding, &marks);
	else if (finding && finding->damage)
		mark_damage(arena, finding->damage, &marks);
	for (size_t i = 0; i < marks.count; i++) {
		const struct mark *mark = &marks.items[i];
		struct stack_word word = word_at(image, mark->address);

		if (next && mark->address > next && (mark->address - next) / WORD > NEAR)
			word.skipped = mark->address - next;
		else if (next)
			for (; next < mark->address; next += WORD)
				vec_push(arena, &ret->items, word_at(image, next));
		word.what = mark->what;
		word.part = mark->part;
		vec_push(arena, &ret->items, word);
		next = mark->address + WORD;
	}
}
