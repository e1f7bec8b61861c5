/* walk_crash.c: see walk_crash.h and walker.h. */
#include "heuristics/damage/walk_crash.h"
#include "heuristics/damage/recorded_walker.h"
#include "heuristics/damage/walker.h"

#include "analyzer/last_words/last_words.h"
#include "analyzer/unwind/damage.h"
#include "analyzer/unwind/frame_chain.h"
#include "base/prefix.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	WORD = 8,
	OWN_FRAMES = 4,
	ARENA = 64 << 20, /* runtime/malloc.go heapArenaBytes, at most */
};

static const char *const texts[] = {
#define UNWINDER_TEXT(text) text,
#include "heuristics/damage/unwinder_texts.def"
#undef UNWINDER_TEXT
};

/* Functions that walk stacks; those that start a walk for another goroutine are walkers too. */
static bool is_unwinder(enum func_role role)
{
	switch (role) {
	case ROLE_UNWINDER_NEXT:
	case ROLE_UNWINDER_INIT:
	case ROLE_UNWINDER_RESOLVE:
	case ROLE_UNWINDER_FINISH:
	case ROLE_GENTRACEBACK:
		return true;
	default:
		return false;
	}
}

static bool is_walker(enum func_role role)
{
	return is_unwinder(role) || role == ROLE_SCANSTACK || role == ROLE_COPYSTACK;
}

/* Functions that read the frames which a walker hands them (runtime/mgcmark.go, stack.go). Of a stack that is damaged, frames
 * seem to reach beyond its end. */
static bool reads_frames(enum func_role role)
{
	switch (role) {
	case ROLE_SCANFRAME:
	case ROLE_SCANBLOCK:
	case ROLE_SCAN_CONSERVATIVE:
	case ROLE_ADJUSTFRAME:
	case ROLE_ADJUSTPOINTERS:
		return true;
	default:
		return false;
	}
}

static const char *const own_walks[] = {
#define OWN_WALK(function) function,
#include "heuristics/damage/own_walks.def"
#undef OWN_WALK
};

static bool walks_own(const struct frame *frame)
{
	return frame->info->func && prefix_of(go_func_name(frame->info), own_walks, sizeof own_walks / sizeof *own_walks);
}

/* The goroutine that the thread runs, if the walk was begun for that: by the frames above the walker, on the system stack and
 * on the goroutine's own; -1: not. */
static int32_t own_victim(struct analysis *analysis, const struct stack *stack, size_t walker)
{
	const int32_t own = analysis->thread_goroutine[analysis->dying_thread];
	struct stack user = {0};

	if (own < 0 || walker == SIZE_MAX)
		return -1;
	for (size_t i = walker + 1; i < stack->frames.count; i++)
		if (walks_own(&stack->frames.items[i]))
			return own;
	if (stack->end != END_STACK_SWITCH)
		return -1;
	goroutine_stack(analysis, (size_t)own, &user);
	for (size_t i = 0; i < user.frames.count && i < OWN_FRAMES; i++)
		if (walks_own(&user.frames.items[i]))
			return own;
	return -1;
}

static const char *unwinder_text(const struct analysis *analysis)
{
	const char *line = analysis->messages.line;
	const char *text = go_fatal_text(line);

	for (size_t i = 0; text && i < sizeof texts / sizeof *texts; i++)
		if (!strcmp(text, texts[i]))
			return line;
	return NULL;
}

/* The innermost frame that walks, from `at` on. */
static size_t find_walker(const struct stack *stack, size_t at)
{
	for (size_t i = at; i < stack->frames.count; i++)
		if (is_walker(stack->frames.items[i].info->role))
			return i;
	return SIZE_MAX;
}

size_t walker_find(const struct stack *stack)
{
	return find_walker(stack, 0);
}

/* The frame of the first fault: the one that the oldest sigpanic interrupted, since printing the stacks may fault as well; where
 * there is none, the one that the dump says. */
static size_t faulted_frame(const struct walk_crash *crash)
{
	const struct frame *frames = crash->stack.frames.items;
	const struct fault *fault = &crash->analysis->fault;

	for (size_t i = crash->stack.frames.count; i-- > 1;)
		if (frames[i - 1].info->role == ROLE_SIGPANIC)
			return i;
	return crash->stack.frames.count && fault->known && fault->has_pc && frames[0].pc == fault->pc ? 0 : SIZE_MAX;
}

/* Whether a frame stands in the code of such a function itself: what is inlined into it looks at the heap (isFree, addb). */
static bool reads_frame_at(const struct frame *frame)
{
	struct inline_frame inlined[INLINE_LIMIT];

	return reads_frames(frame->info->role) &&
	       func_inline_frames(&frame->info->module->pclntab, frame->info->func, frame->pc, inlined) == 1;
}

/* Whether the runtime faulted over a stack that it walked, and where. */
static void examine_fault(struct walk_crash *crash)
{
	const struct fault *fault = &crash->analysis->fault;
	const size_t at = faulted_frame(crash);
	const struct frame *frame = at == SIZE_MAX ? NULL : &crash->stack.frames.items[at];

	if (frame && !was_dying_at(crash->analysis, crash->analysis->dying_thread, &crash->stack, at) &&
	    (is_unwinder(frame->info->role) || (reads_frame_at(frame) && find_walker(&crash->stack, at) != SIZE_MAX))) {
		crash->faulted = true;
		crash->fault_pc = frame->pc;
		crash->walker = find_walker(&crash->stack, at);
	} else if (fault->known && fault->has_pc && is_unwinder(go_pc(crash->analysis->runtime, fault->pc, true)->role)) {
		crash->faulted = true;
		crash->fault_pc = fault->pc;
	}
}

/* "runtime: g1: frame.sp=…", "runtime: g 1: unexpected return pc …", "runtime: g 1 gp=…: unknown pc …" */
static int32_t named_victim(const struct go_runtime *runtime, const char **line)
{
	for (size_t i = 0; i < runtime->fatal_lines.count; i++) {
		const char *text = runtime->fatal_lines.items[i];
		const struct goroutine *g;
		unsigned long long id;

		if (sscanf(text, "runtime: g%*1[ ]%llu", &id) != 1 && sscanf(text, "runtime: g%llu", &id) != 1)
			continue;
		g = goroutine_by_id(runtime, id);
		if (g) {
			*line = text;
			return (int32_t)(g - runtime->goroutines.items);
		}
	}
	return -1;
}

/* The goroutine, not the walker's own, that a word of the walker's frames points to; -1: none. */
static int32_t pointed_to(const struct walk_crash *crash, uint64_t address)
{
	struct analysis *analysis = crash->analysis;
	const struct goroutine *g;
	uint64_t word;

	if (!image_u64(analysis->image, address, &word) || !word)
		return -1;
	g = goroutine_by_address(analysis->runtime, word);
	if (!g || (int32_t)(g - analysis->runtime->goroutines.items) == analysis->thread_goroutine[analysis->dying_thread])
		return -1;
	return (int32_t)(g - analysis->runtime->goroutines.items);
}

/* The first that the walker's frames point to, a torn one above all others. */
static void victim_in_words(struct walk_crash *crash)
{
	const uint64_t start = crash->stack.frames.items[crash->walker].sp;
	size_t words = 0;

	for (uint64_t at = start; !crash->named_by && at < start + WALKER_BYTES; at += WORD) {
		int32_t index = pointed_to(crash, at);

		if (index >= 0 && (crash->victim < 0 || is_damaged(crash->analysis, index)))
			crash->victim = index;
		if (crash->victim >= 0 && is_damaged(crash->analysis, crash->victim))
			break;
	}
	for (uint64_t at = start; crash->victim >= 0 && words < WALK_CRASH_WORDS && at < start + WALKER_BYTES; at += WORD)
		if (pointed_to(crash, at) == crash->victim)
			crash->victim_words[words++] = at;
}

/* The goroutine that the runtime named; else that which the walker's frames point to. */
static void victim_in_walker(struct walk_crash *crash)
{
	if (crash->analysis->runtime->recorded) {
		if (crash->victim < 0)
			crash->victim = recorded_victim(crash->analysis, crash->walker, &crash->told_by);
		crash->told = crash->victim >= 0 && !crash->named_by;
		return;
	}
	victim_in_words(crash);
}

/* A tracer walks the goroutine that its thread runs, also from the system stack; if its saved frame pointers are all right it was
 * another's, whose are not. */
static int32_t walked_by_frame_pointers(const struct analysis *analysis)
{
	const int32_t own = analysis->thread_goroutine[analysis->dying_thread];

	for (size_t i = 0; i < analysis->wrong_pointers.count; i++)
		if (analysis->wrong_pointers.items[i].goroutine == own)
			return own;
	return analysis->wrong_pointers.count == 1 ? analysis->wrong_pointers.items[0].goroutine : own;
}

int32_t walked_goroutine(struct analysis *analysis, const struct stack *stack, size_t walker)
{
	struct walk_crash crash = {.analysis = analysis, .stack = *stack, .walker = walker, .victim = -1};

	victim_in_walker(&crash);
	return crash.victim;
}

/* What reads frames and faults need not have met a bad stack: if the address is known, it lies past the end of the victim's. */
static bool fits_victim(struct walk_crash *crash)
{
	const struct fault *fault = &crash->analysis->fault;
	const struct goroutine *g;

	if (crash->text || !reads_frames(go_pc(crash->analysis->runtime, crash->fault_pc, true)->role) || !fault->known ||
	    !fault->has_address || fault->pc != crash->fault_pc)
		return true;
	if (crash->victim < 0)
		return false;
	if (crash->told) { /* its bounds are not known */
		crash->past_end = recorded_reads(crash->analysis, faulted_frame(crash), fault->address);
		return crash->past_end;
	}
	g = &crash->analysis->runtime->goroutines.items[crash->victim];
	crash->past_end = fault->address >= g->stack_hi && fault->address - g->stack_hi < ARENA;
	return crash->past_end;
}

bool walk_crash_find(struct analysis *analysis, struct walk_crash *crash)
{
	*crash = (struct walk_crash){.analysis = analysis, .victim = -1};
	if (analysis->dying_thread < 0)
		return false;
	thread_stack(analysis, (size_t)analysis->dying_thread, &crash->stack);
	crash->walker = find_walker(&crash->stack, 0);
	crash->text = unwinder_text(analysis);
	examine_fault(crash);
	crash->by_frame_pointers = frame_chain_walker(analysis);
	if (crash->by_frame_pointers) {
		crash->faulted = true;
		crash->fault_pc = analysis->fault.pc;
		crash->walker = 0;
		while (crash->walker < crash->stack.frames.count && crash->stack.frames.items[crash->walker].pc != analysis->fault.pc)
			crash->walker++;
		if (crash->walker == crash->stack.frames.count)
			crash->walker = SIZE_MAX;
		crash->victim = walked_by_frame_pointers(analysis);
		return true;
	}
	if (!crash->text && !crash->faulted)
		return false;
	crash->victim = named_victim(analysis->runtime, &crash->named_by);
	if (crash->victim < 0)
		crash->victim = own_victim(analysis, &crash->stack, crash->walker);
	crash->own = crash->victim >= 0 && crash->victim == analysis->thread_goroutine[analysis->dying_thread];
	if (crash->walker != SIZE_MAX && !crash->own)
		victim_in_walker(crash);
	return fits_victim(crash);
}

bool walk_crash_is_sure(const struct walk_crash *crash)
{
	return crash->victim >= 0 &&
	       (crash->named_by || crash->own || crash->told || crash->analysis->runtime->goroutines.items[crash->victim].scan);
}

static void death_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct walk_crash *crash)
{
	const struct fault *fault = &crash->analysis->fault;
	const struct pc_info *info = go_pc(crash->analysis->runtime, crash->fault_pc, true);
	const bool accessed = fault->known && fault->has_address && fault->pc == crash->fault_pc, reader = reads_frames(info->role);
	struct evidence *evidence;

	if (crash->text)
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false,
			     "the runtime gave up walking a stack: \"%s\"", crash->text);
	if (!crash->faulted)
		return;
	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, reader && !crash->past_end ? WEIGHT_FAIR : WEIGHT_STRONG, false,
				"%s at pc 0x%" PRIx64 " in %s, %s%s%s%s", fault->known ? fault->name : "a fault", crash->fault_pc,
				crash->by_frame_pointers ? crash->by_frame_pointers : go_func_name(info),
				reader ? "which reads the frames of the stack that is walked" : "the runtime's own unwinder",
				accessed ? ", accessing " : "", accessed ? hex_text(diagnosis->arena, fault->address) : "",
				crash->past_end ? ", past the end of that stack" : "");
	evidence->address = crash->fault_pc;
}

static void walker_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct walk_crash *crash)
{
	const struct frame *frame;

	if (crash->walker == SIZE_MAX)
		return;
	frame = &crash->stack.frames.items[crash->walker];
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "the stack of %s passes %s, which walks the stacks of goroutines",
		     dead_thread_text(crash->analysis, crash->analysis->dying_thread), go_func_name(frame->info));
}

/* The frames that began the walk are lost: it may have been one of all stacks, which are printed when the process dies of something else. */
static bool is_begun_by_nobody(const struct walk_crash *crash)
{
	return crash->faulted && !walk_crash_is_sure(crash) && !crash->by_frame_pointers &&
	       (crash->stack.end == END_UNMAPPED || crash->stack.end == END_NOT_SAVED);
}

static void victim_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct walk_crash *crash)
{
	const struct goroutine *g;

	if (crash->victim < 0) {
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, true,
			     "which goroutine's stack was walked is not known");
		return;
	}
	g = &crash->analysis->runtime->goroutines.items[crash->victim];
	if (g->scan)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "the status of goroutine %" PRIu64 " says that a walker has claimed its stack (_Gscan)", g->id);
	if (crash->named_by)
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false,
			     "the runtime names goroutine %" PRIu64 ": \"%s\"", g->id, crash->named_by);
	if (crash->own)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_FAIR, false,
			     "it was walking the goroutine that it runs itself, %" PRIu64 ", for a panic or to grow the stack", g->id);
	if (crash->told)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
			     "%s was called with the g of goroutine %" PRIu64 ", 0x%" PRIx64 ", as printed",
			     go_func_name(crash->stack.frames.items[crash->told_by].info), g->id, g->address);
	if (is_begun_by_nobody(crash))
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true,
			     "what began that walk is not in the dump: it may have been the printing of all stacks, by a process that died of "
			     "something else");
	if (!walk_crash_is_sure(crash) && !crash->by_frame_pointers &&
	    crash->analysis->thread_goroutine[crash->analysis->dying_thread] < 0) /* its words may be of earlier walks */
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, true,
			     "which goroutine that thread ran is not known, and it may have been that one's stack");
	for (size_t i = 0; i < WALK_CRASH_WORDS && crash->victim_words[i]; i++)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, crash->victim_words[i],
			      hex_text(diagnosis->arena, g->address),
			      "the walker's frames point to the g of goroutine %" PRIu64, g->id);
}

void walk_crash_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct walk_crash *crash)
{
	death_evidence(diagnosis, finding, crash);
	walker_evidence(diagnosis, finding, crash);
	victim_evidence(diagnosis, finding, crash);
}
