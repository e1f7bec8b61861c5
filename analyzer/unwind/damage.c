/* damage.c: see damage.h. amd64 keeps the return address at the top of a frame, the caller's frame pointer below it, and the
 * frame pointer names the caller's own such pair; arm64 keeps both at the bottom, the frame pointer in the word below SP
 * (cmd/internal/obj/x86, arm64: obj6.go, obj7.go preprocess). */
#include "analyzer/unwind/damage.h"

#include "analyzer/instructions/code_fit.h"
#include "analyzer/unwind/saved_place.h"
#include "analyzer/unwind/smashed.h"
#include "analyzer/unwind/word_run.h"
#include "analyzer/trial.h"

enum {
	WORD = 8,
	DAMAGE_LIMIT = 1024,      /* of one dump */
	SEARCH_LIMIT = 256,       /* of code, for one dump */
	LOWER_BITS = 32,
	RUN_WORDS = 4,            /* the fewest that are proof enough by themselves */
	UNSURE_RUN_WORDS = 8,     /* the same, of a shape that words have by accident, too */
	SEGMENT_LIMIT = 4096,     /* of memory, where code that the process made is looked for */
};

static const struct func *callee_of(const struct damage *damage)
{
	return damage->callee ? damage->callee->func : NULL;
}

static int32_t filed(const struct analysis *analysis, const struct damage *place)
{
	for (size_t i = 0; i < analysis->damages.count; i++) {
		const struct damage *damage = &analysis->damages.items[i];

		if (damage->goroutine == place->goroutine && damage->thread == place->thread &&
		    damage->caller_sp == place->caller_sp && damage->observed == place->observed &&
		    damage->returned == place->returned)
			return (int32_t)i;
	}
	return DAMAGE_NONE;
}

/* The lower half under each upper half that a module's code has. */
static bool repair_upper(struct analysis *analysis, const struct walk_subject *subject, struct damage *place)
{
	struct go_runtime *runtime = analysis->runtime;

	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];

		for (uint64_t upper = module->text >> LOWER_BITS; upper <= module->etext >> LOWER_BITS; upper++) {
			uint64_t word = upper << LOWER_BITS | (uint32_t)place->observed;

			if (word == place->observed || word < module->text || word >= module->etext ||
			    !callsite_reaches(runtime, word, callee_of(place)) ||
			    !goexit_fits(analysis, subject, go_pc(runtime, word, false), place->caller_sp))
				continue;
			place->kind = DAMAGE_TORN;
			place->repaired = word;
			place->candidates = 1;
			return true;
		}
	}
	return false;
}

/* The same for code that the process made, from where it called Go: its memory is looked for, since no module says where it is. */
static bool repair_generated(struct analysis *analysis, struct damage *place)
{
	const struct image *image = analysis->image;

	for (size_t i = 0; place->callee && i < image->segments.count && i < SEGMENT_LIMIT; i++) {
		const struct segment *segment = &image->segments.items[i];
		const uint64_t word = segment->address >> LOWER_BITS << LOWER_BITS | (uint32_t)place->observed;

		if (!(segment->flags & SEGMENT_EXEC) || word == place->observed || word <= segment->address ||
		    word - segment->address > segment->size || image_mapping(image, segment->address) ||
		    !returns_to_generated(analysis->runtime, word))
			continue;
		place->kind = DAMAGE_TORN;
		place->repaired = word;
		place->candidates = 1;
		return true;
	}
	return false;
}

/* What the frame pointer must be, if the repair is right. */
static void frame_pointer_expected(const struct analysis *analysis, struct damage *place)
{
	const struct pc_info *caller = place->caller;

	if (!caller || caller->role == ROLE_GOEXIT) /* goroutines begin without a frame pointer */
		place->frame_pointer_due = false;
	else if (analysis->image->arch->link_register)
		place->frame_pointer_expected = place->caller_sp - WORD;
	else if (caller->has_delta && caller->delta && !(caller->func->flags & FUNC_ASM))
		place->frame_pointer_expected = place->caller_sp + (uint64_t)caller->delta - WORD;
	else
		place->frame_pointer_due = false;
}

/* Whether what goexit stands above is the function that the goroutine was made for, if both are known. */
static bool begins_where_made(const struct analysis *analysis, const struct walk_subject *subject, const struct stack *stack)
{
	struct go_runtime *runtime = analysis->runtime;
	const size_t frames = stack->frames.count;
	const struct pc_info *first;

	if (subject->goroutine < 0 || frames < 2 || stack->frames.items[frames - 1].info->role != ROLE_GOEXIT)
		return true;
	first = go_pc(runtime, runtime->goroutines.items[subject->goroutine].startpc, true);
	return !first->func || first->func->entry != first->pc || first->func == stack->frames.items[frames - 2].info->func;
}

/* `record`: what the frame pointer names, by which code that the process made is left; 0: not known. */
static bool leads_home(struct analysis *analysis, const struct walk_subject *subject, uint64_t pc, uint64_t sp, uint64_t record)
{
	const struct context context = {.known = true, .pc = pc, .sp = sp, .fp = record, .has_fp = record != 0, .how = HOW_REPAIRED};
	struct walk_subject trial = *subject;
	struct stack stack = {0};

	if (analysis->damage_searches >= SEARCH_LIMIT)
		return false;
	analysis->damage_searches++;
	trial.depth++;
	walk_goroutine(analysis, &trial, &context, &stack);
	return stack.end == END_COMPLETE && begins_where_made(analysis, subject, &stack);
}

bool damage_leads_home(struct analysis *analysis, const struct walk_subject *subject, uint64_t pc, uint64_t sp)
{
	return leads_home(analysis, subject, pc, sp, 0);
}

/* Whether a word may be what the callee returns to: by the call before it, and by the frame pointer beside it. */
static bool fits(struct analysis *analysis, const struct walk_subject *subject, const struct damage *place, uint64_t word)
{
	struct damage trial = *place;

	if (place->callee && returns_to_generated(analysis->runtime, word))
		return true;
	if (!callsite_reaches(analysis->runtime, word, callee_of(place)))
		return false;
	trial.caller = go_pc(analysis->runtime, word, false);
	if (damage_splits_instruction(analysis, trial.caller))
		return false;
	frame_pointer_expected(analysis, &trial);
	return goexit_fits(analysis, subject, trial.caller, place->caller_sp) &&
	       (!trial.frame_pointer_due || trial.frame_pointer == trial.frame_pointer_expected);
}

/* How many calls in the function that is returned to can have led here, of those that name the callee if this one does: a word
 * that was replaced may be one bit away from one that it never was. */
static uint32_t count_sites(struct analysis *analysis, const struct damage *place)
{
	const struct pc_info *caller = go_pc(analysis->runtime, place->repaired, false);
	struct search search = {.analysis = analysis, .callee = callee_of(place), .delta = caller->delta};

	if (!caller->func)
		return 1;
	search_function(&search, caller->func);
	if (go_return_address(analysis->runtime, place->repaired)->call == FLOW_CALL)
		search.count = search.direct;
	return search.count ? search.count : 1; /* goexit is entered by no call */
}

/* One bit of the lower half (one of the upper half is torn): if just one choice leads on to the goroutine's entry. */
static bool repair_flip(struct analysis *analysis, const struct walk_subject *subject, struct damage *place)
{
	uint64_t found = 0;

	for (unsigned bit = 0; bit < LOWER_BITS; bit++) {
		uint64_t word = place->observed ^ (uint64_t)1 << bit;

		if (!fits(analysis, subject, place, word) ||
		    !leads_home(analysis, subject, word, place->caller_sp, place->frame_pointer_due ? place->frame_pointer : 0))
			continue;
		if (found)
			return false;
		found = word;
	}
	if (!found)
		return false;
	place->kind = DAMAGE_FLIPPED;
	place->repaired = found;
	place->candidates = count_sites(analysis, place);
	return true;
}

/* Whether frames below lie over the word that a RET took: sighandler writes down again where the CPU stopped, but not a 0. */
static bool is_covered(const struct damage *place)
{
	return place->returned && !place->observed && place->frame > 1;
}

/* Where the word lies that a RET took: on amd64 just below; on arm64 at the bottom of the frame that is gone. */
static void find_slot(struct analysis *analysis, struct damage *place)
{
	const struct pc_info *info = place->repaired ? go_return_address(analysis->runtime, place->repaired) : NULL;
	uint64_t word;

	if (place->returned && info && !place->callee && info->call == FLOW_CALL) {
		const struct pc_info *callee = go_pc(analysis->runtime, info->call_target, true);

		place->callee = callee->func ? callee : NULL;
	}
	if (place->returned && !analysis->image->arch->link_register)
		place->slot = place->caller_sp - WORD;
	else if (place->returned && place->callee)
		place->slot = place->caller_sp -
			      (uint64_t)func_frame_size(&place->callee->module->pclntab, place->callee->func);
	place->slot_holds = place->slot && !is_covered(place) && image_u64(analysis->image, place->slot, &word) && word == place->observed;
}

/* A word just behind a call, if not the right one, is not replaced on the frame pointer's word alone. */
static bool is_call_site(struct analysis *analysis, const struct damage *place)
{
	return place->in_code && go_return_address(analysis->runtime, place->observed)->call != FLOW_NEXT;
}

/* Whose g.sched a walk may start from; NULL: of no goroutine, or of a log, which tells none. */
static const struct goroutine *saved_goroutine(const struct analysis *analysis, const struct walk_subject *subject)
{
	const struct go_runtime *runtime = analysis->runtime;

	return subject->goroutine < 0 || runtime->recorded ? NULL : &runtime->goroutines.items[subject->goroutine];
}

/* Where a walk goes astray from its first step on, sound words look damaged. */
static bool starts_soundly(struct analysis *analysis, const struct walk_subject *subject)
{
	struct go_runtime *runtime = analysis->runtime;
	const struct goroutine *g = saved_goroutine(analysis, subject);

	return !g || (saved_place_holds(runtime, g) &&
		      !(goroutine_is_parked(g) && damage_splits_instruction(analysis, go_pc(runtime, g->sched_pc, false))));
}

/* In a prologue the word that would be repaired may be the one that tells of the call: it says nothing by itself. */
static bool is_entered(const struct analysis *analysis, const struct walk_subject *subject)
{
	const struct goroutine *g = saved_goroutine(analysis, subject);

	return !g || saved_call_holds(analysis->runtime, g);
}

/* Code that the process made returns through it: of its frame nothing is known but the record. */
static bool of_generated(const struct damage *place)
{
	return !place->callee && !place->returned;
}

/* Whether a RET jumped to the word: it still lies just below SP (or in LR), unless it is 0, and sigpanic has begun its frame there; and above
 * lies no return address of the call that may have led there instead. */
static bool was_returned_to(struct analysis *analysis, const struct damage *place)
{
	uint64_t word;

	if (analysis->image->arch->link_register) /* a call, or a jump at a function's end, leaves another address there */
		return place->observed == place->landed || arch_untagged(analysis->image->arch, place->observed) == place->landed;
	return image_u64(analysis->image, place->caller_sp - WORD, &word) && (word == place->observed || !place->observed) &&
	       image_u64(analysis->image, place->caller_sp, &word) && !callsite_reaches(analysis->runtime, word, NULL);
}

/* Whether the CPU faulted at a pc, as the goroutine's g notes it or the dump says of its thread. */
static bool faulted_at(struct analysis *analysis, const struct walk_subject *subject, uint64_t pc)
{
	const struct image *image = analysis->image;
	struct noted_fault noted;
	uint64_t stopped;

	if (go_noted_fault(analysis->runtime, analysis->runtime->goroutines.items[subject->goroutine].address, &noted) && noted.sig)
		return noted.pc == pc;
	return image->stop.known && image->stop.fault && subject->thread >= 0 &&
	       image->threads.items[subject->thread].id == image->stop.thread &&
	       reg_get(&image->threads.items[subject->thread].registers, image->arch->pc, &stopped) && stopped == pc;
}

static bool has_faulted(struct analysis *analysis, const struct walk_subject *subject, const struct damage *place)
{
	return !place->returned && place->callee && subject->goroutine >= 0 && faulted_at(analysis, subject, place->callee->pc);
}

/* Whether it lies where the function that faulted must find its return address, in a run of words that are no accident. */
static bool is_run_over(struct analysis *analysis, const struct walk_subject *subject, const struct damage *place)
{
	struct run run = {.shape = RUN_NONE};

	if (!place->faulted || !place->slot || !place->callee->func || place->callee->func->flags & FUNC_ASM || place->in_code)
		return false;
	run_find(analysis, &(struct run_place){place->slot, place->observed, subject->lo, subject->hi, subject->hi}, &run);
	return run.shape != RUN_NONE && run.words >= (run.sure ? RUN_WORDS : UNSURE_RUN_WORDS);
}

/* Where nothing tells what the word was: the CPU took it for a return address, and that is none. What is no address it refuses at the RET
 * (amd64). Or the CPU faulted before it did, and what lies there was written over with the words beside it. */
static bool was_taken(struct analysis *analysis, const struct walk_subject *subject, struct damage *place)
{
	if (subject->goroutine < 0 || place->caller_sp <= subject->lo || place->caller_sp >= subject->hi)
		return false;
	if (place->returned ? !was_returned_to(analysis, place)
			    : !(place->at_return && !arch_forms(analysis->image->arch, place->observed)) && !is_run_over(analysis, subject, place))
		return false;
	place->kind = DAMAGE_SMASHED;
	return true;
}

int32_t damage_repair(struct analysis *analysis, const struct walk_subject *subject, struct damage *place)
{
	uint32_t frame = place->frame;
	int32_t index;

	if (subject->depth || trial_gives_up(analysis)) /* what has to be repaired proves nothing */
		return DAMAGE_NONE;
	if (!code_fits(analysis->runtime)) /* sound stacks contradict such a table */
		return DAMAGE_NONE;
	if (!starts_soundly(analysis, subject)) /* what is wrong there is told of g.sched (state.h) */
		return DAMAGE_NONE;
	index = filed(analysis, place);
	if (index >= 0) {
		analysis->damages.items[index].frame = frame;
		*place = analysis->damages.items[index];
		return index;
	}
	place->faulted = has_faulted(analysis, subject, place);
	if (!repair_upper(analysis, subject, place) && !repair_generated(analysis, place) && !repair_flip(analysis, subject, place) &&
	    (is_call_site(analysis, place) || of_generated(place) || !is_entered(analysis, subject) ||
	     (!smashed_by_frame_pointer(analysis, subject, place) && !smashed_by_frame_sizes(analysis, subject, place) &&
	      !was_taken(analysis, subject, place))))
		return DAMAGE_NONE;
	if (place->in_code && !place->repaired) /* then it stays what it is taken for */
		return DAMAGE_NONE;
	if (place->repaired)
		place->caller = go_pc(analysis->runtime, place->repaired, false);
	if (analysis->damages.count >= DAMAGE_LIMIT) {
		note_add(analysis->notes, "the dump holds more than %d damaged return addresses: the others are left out",
			 DAMAGE_LIMIT);
		return DAMAGE_UNFILED;
	}
	place->end = END_UNKNOWN_CONTEXT;
	find_slot(analysis, place);
	frame_pointer_expected(analysis, place);
	vec_push(analysis->arena, &analysis->damages, *place);
	return (int32_t)analysis->damages.count - 1;
}

static bool is_of_stack(const struct damage *damage, const struct walk_subject *subject)
{
	return damage->frame == FRAME_ELIDED && damage->goroutine == subject->goroutine && damage->thread == subject->thread;
}

/* The same for damages among the frames that are not kept. That calls lead from each of these to the next is known where they
 * are turns of a recursion, of which others are kept. `repaired`: frames above all of them that had to be. */
static void prove_elided(struct analysis *analysis, const struct walk_subject *subject, const struct stack *stack,
			 bool all_calls, uint32_t repaired)
{
	for (size_t i = 0; i < analysis->damages.count; i++) {
		struct damage *damage = &analysis->damages.items[i];

		if (!is_of_stack(damage, subject))
			continue;
		damage->end = stack->end;
		damage->callers = (uint32_t)(stack_depth(stack) - damage->depth);
		damage->all_calls = all_calls && stack->elided_period;
		damage->others = repaired;
		for (size_t j = 0; j < analysis->damages.count; j++)
			damage->others += is_of_stack(&analysis->damages.items[j], subject) &&
					  analysis->damages.items[j].depth > damage->depth;
	}
}

static bool calls_from_generated(struct analysis *analysis, const struct frame *frame)
{
	return !frame->info->func && returns_to_generated(analysis->runtime, frame->pc);
}

void damage_prove(struct analysis *analysis, const struct walk_subject *subject, const struct stack *stack)
{
	bool all_calls = true;
	uint32_t repaired = 0;

	for (size_t i = stack->frames.count; i-- > 0;) {
		const struct frame *frame = &stack->frames.items[i];
		struct damage *damage = frame->damage < 0 ? NULL : &analysis->damages.items[frame->damage];
		const struct func *callee = damage ? callee_of(damage) : i ? stack->frames.items[i - 1].info->func : NULL;

		if (!frame_follows_call(analysis->runtime, stack, i, callee) && !calls_from_generated(analysis, frame))
			all_calls = false;
		repaired += i && frame->how == HOW_REPAIRED;
		if (stack->elided && i == stack->elided_at)
			prove_elided(analysis, subject, stack, all_calls, repaired);
		if (!damage)
			continue;
		damage->others = repaired - 1;
		damage->end = stack->end;
		damage->callers = (uint32_t)(stack->frames.count - i + (i < stack->elided_at ? stack->elided : 0));
		damage->all_calls = all_calls;
	}
}

bool is_damaged(const struct analysis *analysis, int32_t goroutine)
{
	for (size_t i = 0; i < analysis->tears.count; i++)
		if (analysis->tears.items[i].goroutine == goroutine)
			return true;
	for (size_t i = 0; i < analysis->damages.count; i++)
		if (analysis->damages.items[i].goroutine == goroutine)
			return true;
	return false;
}
