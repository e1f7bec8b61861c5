/* generated_code.c: the runtime walked a stack on which code lies that the process made itself (a compiler of queries, templates,
 * WebAssembly), and of which the runtime has no tables: it gives up, or faults, as of a damaged stack (runtime/traceback.go
 * unwinder.next). Nothing is damaged. */
#include "heuristics/damage/generated_code.h"

#include "analyzer/unwind/damage.h"
#include "formats/unwind/libraries.h"
#include "heuristics/detector.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORD = 8, NUMBERS = 1 << 12 };

extern const struct detector detector_generated_code;

/* "runtime: g 1: unexpected return pc for main.f called from 0x…", "runtime: g 1: unknown pc 0x…"; of several the first. */
static bool named_pc(const struct go_runtime *runtime, uint64_t *ret, const char **line)
{
	static const char *const before[] = {" called from 0x", ": unknown pc 0x"};

	for (size_t i = 0; i < runtime->fatal_lines.count; i++)
		for (size_t k = 0; k < sizeof before / sizeof *before; k++) {
			const char *at = strstr(runtime->fatal_lines.items[i], before[k]);

			if (at && sscanf(at + strlen(before[k]), "%" SCNx64, ret) == 1) {
				*line = runtime->fatal_lines.items[i];
				return true;
			}
		}
	return false;
}

/* Whether a word is such a return address. Of files that are mapped nothing is asked: they would be opened. */
static bool is_generated_return(const struct walk_crash *crash, uint64_t word)
{
	return word && !image_mapping(crash->analysis->image, word - 1) && returns_to_generated(crash->analysis->runtime, word);
}

/* Small numbers, of either sign, lie on every stack. */
static bool is_damaged_word(const struct walk_crash *crash, uint64_t word)
{
	const struct analysis *analysis = crash->analysis;
	const bool number = word + NUMBERS < 2 * NUMBERS;

	for (size_t i = 0; !number && i < analysis->damages.count; i++)
		if (analysis->damages.items[i].goroutine == crash->victim && analysis->damages.items[i].observed == word)
			return true;
	return false;
}

static uint64_t walker_word(const struct walk_crash *crash, bool (*is_it)(const struct walk_crash *, uint64_t word))
{
	const uint64_t start = crash->walker == SIZE_MAX ? 0 : crash->stack.frames.items[crash->walker].sp;
	uint64_t word;

	for (uint64_t at = start; start && at < start + WALKER_BYTES; at += WORD)
		if (image_u64(crash->analysis->image, at, &word) && is_it(crash, word))
			return at;
	return 0;
}

/* By the walker's words: what it has read of the stack, whatever is wrong with that now. */
static bool walker_met(const struct walk_crash *crash, struct generated_meeting *ret)
{
	const uint64_t at = crash->by_frame_pointers ? 0 : walker_word(crash, is_generated_return);

	if (!at || walker_word(crash, is_damaged_word) || !image_u64(crash->analysis->image, at, &ret->pc))
		return false;
	ret->word = at;
	ret->frame = SIZE_MAX;
	for (size_t i = 0; i < ret->stack.frames.count && ret->frame == SIZE_MAX; i++)
		if (ret->stack.frames.items[i].pc == ret->pc)
			ret->frame = i;
	return true;
}

static bool has_generated(struct analysis *analysis, size_t goroutine)
{
	struct stack stack = {0};

	goroutine_stack(analysis, goroutine, &stack);
	return generated_frame(analysis->image, &stack) != SIZE_MAX;
}

/* Whose stack it was if the dump lacks the walker's: the thread's own goroutine, or one that a walker has claimed. */
static int32_t victim_without_walker(const struct walk_crash *crash)
{
	struct analysis *analysis = crash->analysis;
	const int32_t own = analysis->thread_goroutine[analysis->dying_thread];

	if (!crash->text || crash->walker != SIZE_MAX)
		return -1;
	if (own >= 0 && has_generated(analysis, (size_t)own))
		return own;
	for (size_t i = 0; i < analysis->runtime->goroutines.count; i++)
		if (analysis->runtime->goroutines.items[i].scan && has_generated(analysis, i))
			return (int32_t)i;
	return -1;
}

bool generated_code_stopped(const struct walk_crash *crash, struct generated_meeting *ret)
{
	struct analysis *analysis = crash->analysis;
	const char *line;
	uint64_t pc;

	*ret = (struct generated_meeting){.victim = crash->victim, .frame = SIZE_MAX};
	if (ret->victim < 0) {
		ret->victim = victim_without_walker(crash);
		ret->guessed = ret->victim >= 0;
	}
	if (ret->victim >= 0)
		goroutine_stack(analysis, (size_t)ret->victim, &ret->stack);
	if (crash->by_frame_pointers || (!ret->guessed && !walk_crash_is_sure(crash)) || is_damaged(analysis, ret->victim))
		return walker_met(crash, ret);
	ret->frame = generated_frame(analysis->image, &ret->stack);
	if (ret->frame == SIZE_MAX)
		return walker_met(crash, ret);
	ret->pc = ret->stack.frames.items[ret->frame].pc;
	return !named_pc(analysis->runtime, &pc, &line) || pc == ret->pc;
}

/* By the stack itself. */
static void slot_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct generated_meeting *meeting, const char *place)
{
	const struct frame *frame = &meeting->stack.frames.items[meeting->frame];
	const struct pc_info *below = meeting->frame ? frame[-1].info : NULL;
	const char *callee = below && below->func ? go_func_name(below) : NULL;

	if (frame->slot)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, frame->slot, NULL,
			      "%s%s leads into code of %s: it may be executed, and belongs to no file and to no module that "
			      "the runtime knows", callee ? "the return address of " : "the pc that was saved", callee ? callee : "", place);
}

static void code_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct generated_meeting *meeting)
{
	struct analysis *analysis = diagnosis->analysis;
	const char *place = libraries_module(analysis->image->libraries, meeting->pc - 1);
	const char *line;
	uint64_t pc;

	if (meeting->word)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, meeting->word, NULL,
			      "the walker has read a return address in code of %s: it may be executed, and belongs to no file and to no "
			      "module that the runtime knows", place);
	else
		slot_evidence(diagnosis, finding, meeting, place);
	if (named_pc(analysis->runtime, &pc, &line) && pc == meeting->pc)
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false,
			     "the runtime names that very address: \"%s\"", line);
}

/* The caller of that code; NULL: not known. */
static const char *caller_of(const struct generated_meeting *meeting)
{
	const struct stack *stack = &meeting->stack;
	const bool known = meeting->frame != SIZE_MAX && meeting->frame + 1 < stack->frames.count;
	const struct frame *caller = known ? &stack->frames.items[meeting->frame + 1] : NULL;

	return caller && caller->info->func ? go_func_name(caller->info) : NULL;
}

/* What is behind the code: a stack that goes on is sound. */
static void beyond_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct generated_meeting *meeting)
{
	const struct stack *stack = &meeting->stack;

	if (meeting->guessed)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true, "whose stack was walked is not in the dump");
	if (!image_view(diagnosis->analysis->image, meeting->pc - 1, 1).size)
		evidence_add(diagnosis, finding, EVIDENCE_CALL_SITE, WEIGHT_STRONG, true,
			     "the code before 0x%" PRIx64 " is not in the dump: whether it is a call, so that this is a return address, is not "
			     "known", meeting->pc);
	if (meeting->frame == SIZE_MAX)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true, "the stack does not lead to that code as it now is");
	else if (stack->end == END_COMPLETE && meeting->frame + 1 < stack->frames.count)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "by the record of its frame pointer that code was called by %s, and from there the stack leads to the "
			     "goroutine's entry: it is whole", go_func_name(stack->frames.items[meeting->frame + 1].info));
	else
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true,
			     "the stack cannot be followed beyond that code, so that damage there is not ruled out");
	if (finding->goroutine >= 0 && is_damaged(diagnosis->analysis, finding->goroutine))
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true, "that stack is damaged as well");
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	struct generated_meeting meeting;
	struct walk_crash crash;
	struct finding *finding;

	if (!walk_crash_find(analysis, &crash) || !generated_code_stopped(&crash, &meeting))
		return;
	finding = finding_add(diagnosis, &detector_generated_code);
	finding->thread = analysis->dying_thread;
	finding->goroutine = meeting.victim;
	finding->frame = meeting.frame == SIZE_MAX ? -1 : (int64_t)meeting.frame;
	finding->has_pc = true;
	finding->pc = meeting.pc;
	finding->function = caller_of(&meeting);
	finding->title = arena_printf(diagnosis->arena, "the runtime cannot walk through generated code%s%s, and met it on the stack of %s",
				      finding->function ? " that was called by " : "", finding->function ? finding->function : "",
				      meeting.victim < 0 ? "a goroutine" : arena_printf(diagnosis->arena, "goroutine %" PRIu64,
								analysis->runtime->goroutines.items[meeting.victim].id));
	walk_crash_evidence(diagnosis, finding, &crash);
	code_evidence(diagnosis, finding, &meeting);
	beyond_evidence(diagnosis, finding, &meeting);
}

static const char *const supersedes[] = {"go-fatal", "unknown-fault", "go-panic", "nil-deref", NULL};

const struct detector detector_generated_code = {
	.id = "generated-code",
	.title = "the runtime met code that the process had made itself",
	.explanation =
		"A compiler inside of the process (of queries, templates, WebAssembly) made machine code, which called Go. The "
		"runtime has no tables of such code, so it cannot walk a stack on which it lies; but it has to: the garbage collector looks "
		"for pointers, a stack that grows is copied, a panic looks for deferred functions. It gives up (\"unknown caller pc\") or "
		"faults in its unwinder, as if the stack were damaged. Evidence: the fatal text or the fault, the return address that leads "
		"into executable memory which belongs to no file and no module, the frames beyond it, by its frame pointer.\n"
		"What to do: such code must return before Go is called (as wazero does), or be registered with the runtime as a module "
		"with tables; else Go that it calls must neither block, nor allocate, nor need more stack, nor panic.",
	.rank = 65,
	.supersedes = supersedes,
	.run = run,
};
