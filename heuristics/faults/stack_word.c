/* stack_word.c: see stack_word.h. A stack that grows or shrinks is copied, and pointers into it are put right; a number below
 * minLegalPointer in a slot of pointers is none (adjustpointers, runtime/stack.go, Go 1.18 to 1.27: "runtime: bad pointer in frame
 * FUNCTION at ADDRESS: VALUE", "invalid pointer found on stack"). The slot is in the new stack, which the goroutine has by then. */
#include "heuristics/faults/stack_word.h"

#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct stack_word {
	const char *line; /* that says it */
	uint64_t address, value;
	struct stack stack; /* of the goroutine whose stack was copied */
	size_t frame;       /* that has the slot */
};

static bool read_line(const struct analysis *analysis, struct stack_word *word)
{
	static const char beginning[] = "runtime: bad pointer in frame ";
	const struct go_runtime *runtime = analysis->runtime;

	if (!analysis->messages.line || strcmp(analysis->messages.line, "fatal error: invalid pointer found on stack") != 0)
		return false;
	for (size_t i = 0; i < runtime->fatal_lines.count; i++) {
		const char *at = NULL, *next;

		word->line = runtime->fatal_lines.items[i];
		if (strncmp(word->line, beginning, sizeof beginning - 1) != 0)
			continue;
		for (next = word->line; (next = strstr(next, " at 0x")) != NULL; next++)
			at = next;
		if (at && sscanf(at, " at 0x%" SCNx64 ": 0x%" SCNx64, &word->address, &word->value) == 2)
			return true;
	}
	return false;
}

/* The frame that has the slot: between its SP and its caller's. */
static bool find_frame(struct analysis *analysis, int32_t goroutine, struct stack_word *word)
{
	goroutine_stack(analysis, (size_t)goroutine, &word->stack);
	for (size_t i = 0; i < word->stack.frames.count; i++) {
		const struct frame *frame = &word->stack.frames.items[i];

		word->frame = i;
		if (frame->info->func && word->address >= frame->sp && word->address < frame->fp)
			return true;
	}
	return false;
}

static void word_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack_word *word)
{
	uint64_t now;

	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "the runtime said so as it moved that stack to where it has "
		     "more room: \"%s\"", one_line(diagnosis->arena, word->line));
	if (image_u64(diagnosis->analysis->image, word->address, &now) && now == word->value)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, word->address, NULL,
			      "the word that it named holds it still");
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "the word lies in the frame of %s, of which the compiler says that a pointer is there",
		     go_func_name(word->stack.frames.items[word->frame].info));
}

bool stack_word_report(struct diagnosis *diagnosis, struct finding *finding)
{
	static const char *const explains[] = {"go-fatal", NULL};
	static const char *const advice[] = {
		"Look in that function for a number that is made an unsafe.Pointer or another pointer, as handles and error values of C and "
		"of systems' APIs are: keep such a number as a uintptr.",
		NULL};
	struct analysis *analysis = diagnosis->analysis;
	struct stack_word word = {0};
	int32_t goroutine;

	if (analysis->runtime->recorded || analysis->dying_thread < 0 || !read_line(analysis, &word))
		return false;
	goroutine = analysis->thread_goroutine[analysis->dying_thread];
	if (goroutine < 0 || !find_frame(analysis, goroutine, &word))
		return false;
	finding->goroutine = goroutine;
	finding->thread = analysis->dying_thread;
	point_at(analysis, finding, &word.stack, word.frame);
	word_evidence(diagnosis, finding, &word);
	finding->advice = advice;
	finding->supersedes = explains;
	finding->title = arena_printf(diagnosis->arena, "a variable of %s, on the stack of goroutine %" PRIu64 ", holds 0x%" PRIx64
				      " where a pointer has to be", go_func_name(word.stack.frames.items[word.frame].info),
				      analysis->runtime->goroutines.items[goroutine].id, word.value);
	return true;
}
