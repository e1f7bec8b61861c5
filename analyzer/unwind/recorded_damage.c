/* recorded_damage.c: see recorded_damage.h. What stands for the program's code are the pcs that were printed: of frames, and of words of
 * memory that the runtime found in functions. They tell its upper half, and the calls that were made. */
#include "analyzer/unwind/recorded_damage.h"

#include "analyzer/unwind/recorded.h"
#include "analyzer/unwind/unwind.h"
#include "golang/recorded.h"

#include <string.h>

enum { WORD = 8, LOWER_BITS = 32, FIRST_PAGES = 64 << 10 };

/* The printed pcs of Go code. */
struct printed_code {
	uint64_t lowest, highest;
	bool known, split; /* there are some; their upper halves differ */
};

static void take(struct printed_code *code, uint64_t pc)
{
	if (!code->known) {
		*code = (struct printed_code){pc, pc, true, false};
		return;
	}
	code->split |= pc >> LOWER_BITS != code->lowest >> LOWER_BITS;
	code->lowest = pc < code->lowest ? pc : code->lowest;
	code->highest = pc > code->highest ? pc : code->highest;
}

static struct printed_code code_of(const struct log_record *record)
{
	struct printed_code code = {0};

	for (size_t i = 0; i < record->places.count; i++)
		if (record->places.items[i].has_pc && !record->places.items[i].foreign && record->places.items[i].has_offset)
			take(&code, record->places.items[i].pc);
	for (size_t i = 0; i < record->symbols.count; i++)
		take(&code, record->symbols.items[i].word);
	return code;
}

static bool is_printed(const struct recorded_program *program, uint64_t pc)
{
	size_t low = 0, high = program->record->symbols.count;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (program->record->symbols.items[middle].word < pc)
			low = middle + 1;
		else
			high = middle;
	}
	return (low < program->record->symbols.count && program->record->symbols.items[low].word == pc) ||
	       word_map_find(&program->places, pc) >= 0;
}

/* Whether the upper half of a word is that of stacks or of the runtime's own structures: then the word may be any pointer. */
static bool is_pointer(const struct log_record *record, uint64_t word)
{
	const uint64_t upper = word >> LOWER_BITS;

	for (size_t i = 0; i < record->frames.count; i++)
		if (record->frames.items[i].sp && record->frames.items[i].sp >> LOWER_BITS == upper)
			return true;
	for (size_t i = 0; i < record->goroutines.count; i++)
		if (record->goroutines.items[i].g && record->goroutines.items[i].g >> LOWER_BITS == upper)
			return true;
	return false;
}

/* Its lower half under the program's upper half. */
static bool is_torn(const struct analysis *analysis, struct damage *damage)
{
	const struct recorded_program *program = analysis->runtime->recorded;
	const struct printed_code code = code_of(program->record);
	const uint64_t word = code.lowest >> LOWER_BITS << LOWER_BITS | (uint32_t)damage->observed;

	if (!code.known || code.split || word == damage->observed || word < code.lowest || word > code.highest ||
	    (analysis->runtime->exe && !callsite_reaches(analysis->runtime, word, NULL)))
		return false;
	damage->named = is_printed(program, word);
	if (!damage->named && is_pointer(program->record, damage->observed))
		return false;
	damage->kind = DAMAGE_TORN;
	damage->repaired = word;
	return true;
}

/* Among stacks and the runtime's own structures, where nothing is executed. */
static bool is_data(const struct analysis *analysis, uint64_t word)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	const struct printed_code code = code_of(record);

	return is_pointer(record, word) && code.known && word >> LOWER_BITS != code.lowest >> LOWER_BITS &&
	       word >> LOWER_BITS != code.highest >> LOWER_BITS;
}

/* No address of code, whatever a process has of that: too small for one, none that the CPU can form, or one of data. */
static bool is_smashed(const struct analysis *analysis, struct damage *damage)
{
	damage->data = is_data(analysis, damage->observed);
	if (damage->observed >= FIRST_PAGES && arch_forms(analysis->image->arch, damage->observed) && !damage->data)
		return false;
	damage->kind = DAMAGE_SMASHED;
	return true;
}

/* A RET faults itself where the word that it takes is no address, of which the kernel then tells none (amd64). There the frame is but the
 * return address. */
static bool faulted_at_return(const struct analysis *analysis, const struct frame *frame, uint64_t word)
{
	const struct fault *fault = &analysis->fault;

	return !analysis->image->arch->link_register && frame->fp == frame->sp + WORD && fault->known && fault->has_pc &&
	       fault->pc == frame->pc && !fault->has_address && !arch_forms(analysis->image->arch, word);
}

/* Where the runtime leaves its own functions out of stacks, what it makes look like a callee of a function that it stopped is not seen. */
static bool may_hide_callee(const struct stack *stack)
{
	return stack->frames.count == 1 && !stack->frames.items[0].sp;
}

/* The last frame that was printed of a goroutine; NULL: none was. `stack`: all that were. */
static const struct frame *last_printed(const struct analysis *analysis, int32_t goroutine, struct stack *stack)
{
	*stack = (struct stack){0};
	recorded_goroutine_stack(analysis, (size_t)goroutine, stack);
	return stack->frames.count ? &stack->frames.items[stack->frames.count - 1] : NULL;
}

/* Whether the goroutine was stopped in the frame that is called from nowhere: then SP is where it was at any instruction, and what the
 * runtime took for the return address may be another word. A RET is known, and so is that no goroutine is preempted in the runtime
 * (runtime/preempt.go isAsyncSafePoint). */
static bool was_stopped(struct analysis *analysis, struct damage *damage, const char *function)
{
	static const char runtime[] = "runtime.";
	struct stack stack;
	const struct frame *last;

	if (damage->goroutine < 0)
		return strncmp(function, runtime, sizeof runtime - 1) != 0;
	last = last_printed(analysis, damage->goroutine, &stack);
	if (!last || !last->info->func || strcmp(go_func_name(last->info), function) != 0)
		return false;
	if (!last->exact)
		return may_hide_callee(&stack);
	damage->at_return = faulted_at_return(analysis, last, damage->observed);
	return !damage->at_return;
}

static const struct pc_info *find_function(struct analysis *analysis, const char *name)
{
	const struct recorded_program *program = analysis->runtime->recorded;

	for (size_t i = 0; i < program->record->places.count; i++) {
		const struct pc_info *info = go_pc(analysis->runtime, program->pcs[i], false);

		if (info->func && !strcmp(go_func_name(info), name))
			return info;
	}
	return NULL;
}

static void file(struct analysis *analysis, struct damage *damage)
{
	const struct pc_info *caller;
	uint64_t word;

	damage->by_log = true;
	damage->end = END_NOT_SAVED;
	damage->slot_holds = damage->slot && image_u64(analysis->image, damage->slot, &word) && word == damage->observed;
	caller = damage->repaired ? go_pc(analysis->runtime, damage->repaired, false) : NULL;
	damage->caller = caller && caller->func ? caller : NULL;
	vec_push(analysis->arena, &analysis->damages, *damage);
}

/* Whether a RET led to where the CPU stopped: a call leaves its return address in the link register, or at SP, which was where sigpanic's
 * frame ends. */
static bool was_return(const struct analysis *analysis, struct damage *damage, uint64_t sp)
{
	const struct printed_code code = code_of(analysis->runtime->recorded->record);

	if (!sp || !image_u64(analysis->image, sp, &damage->above_pc))
		return false;
	damage->above_sp = sp;
	if (analysis->image->arch->link_register)
		return arch_untagged(analysis->image->arch, damage->above_pc) == arch_untagged(analysis->image->arch, damage->observed);
	return code.known && (damage->above_pc >> LOWER_BITS != code.lowest >> LOWER_BITS || damage->above_pc < FIRST_PAGES);
}

/* "unexpected return pc for main.f called from 0x51". Whose sigpanic it is, the CPU stopped there. */
static bool by_complaint(struct analysis *analysis)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	const struct goroutine *g = goroutine_by_id(analysis->runtime, record->complained ? record->complained : record->dying);
	const bool link = analysis->image->arch->link_register;
	struct damage damage = {.goroutine = g ? (int32_t)(g - analysis->runtime->goroutines.items) : -1, .thread = -1, .frame = FRAME_ELIDED,
				.observed = record->bad_pc, .landed = record->bad_pc, .caller_sp = record->bad_fp};

	if (!record->bad_callee)
		return false;
	damage.returned = !strcmp(record->bad_callee, "runtime.sigpanic");
	if (!is_torn(analysis, &damage) && !is_smashed(analysis, &damage))
		return false;
	if (damage.kind == DAMAGE_SMASHED && damage.returned && !was_return(analysis, &damage, record->bad_fp))
		return false;
	if (!damage.returned && was_stopped(analysis, &damage, record->bad_callee))
		return false;
	damage.thread = g ? analysis->goroutine_thread[damage.goroutine] : -1;
	damage.callee = damage.returned ? NULL : find_function(analysis, record->bad_callee);
	if (!damage.returned && !damage.callee)
		return false;
	damage.slot = !record->bad_fp ? 0 : damage.returned ? 0 : link ? record->bad_sp : record->bad_fp - WORD;
	file(analysis, &damage);
	return true;
}

/* "runtime: g1: frame.sp=0x… top=0x…": a walk that ends before the stack's top, without another word, ends at a return address of 0
 * (runtime/traceback.go unwinder.next, gentraceback). That of sigpanic is what a call left, or the CPU's pc; it is 0 where a RET jumped to 0. */
static bool by_early_end(struct analysis *analysis)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	const struct goroutine *g = record->short_sp ? goroutine_by_id(analysis->runtime, record->complained) : NULL;
	struct damage damage = {.kind = DAMAGE_SMASHED, .frame = FRAME_ELIDED, .returned = true};
	struct stack stack;
	const struct frame *last;

	if (!g)
		return false;
	damage.goroutine = (int32_t)(g - analysis->runtime->goroutines.items);
	damage.thread = analysis->goroutine_thread[damage.goroutine];
	last = last_printed(analysis, damage.goroutine, &stack);
	if (!last || last->sp != record->short_sp || last->info->role != ROLE_SIGPANIC)
		return false;
	file(analysis, &damage);
	return true;
}

/* SP of the thread that died, where its registers were printed, or where the runtime could not walk from; 0: not known. */
static uint64_t stopped_sp(const struct analysis *analysis)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	uint64_t sp;

	if (reg_get(&analysis->image->threads.items[0].registers, analysis->image->arch->sp, &sp))
		return sp;
	return record->unknown_pc == analysis->fault.pc ? record->unknown_sp : 0;
}

/* Whether a RET took it: the word is just below SP, until that is used again, and the one at SP is no return address, which a call leaves
 * there; or the link register holds it, which a call changes. */
static bool was_taken(const struct analysis *analysis, struct damage *damage, uint64_t sp)
{
	const struct arch *arch = analysis->image->arch;
	uint64_t word;

	if (arch->link_register)
		return reg_get(&analysis->image->threads.items[0].registers, arch->lr, &word) &&
		       arch_untagged(arch, word) == arch_untagged(arch, damage->observed);
	if (sp < WORD || !image_u64(analysis->image, sp - WORD, &word) || word != damage->observed)
		return false;
	damage->slot = sp - WORD;
	damage->caller_sp = sp;
	return was_return(analysis, damage, sp);
}

/* The CPU stopped where no code is. */
static void by_fault(struct analysis *analysis)
{
	const struct fault *fault = &analysis->fault;
	struct damage damage = {.goroutine = fault->goroutine, .thread = fault->thread, .frame = FRAME_ELIDED, .returned = true,
				.observed = fault->pc, .landed = fault->pc};
	bool taken;

	if (!fault->known || !fault->has_pc || !fault->has_address || fault->address != fault->pc)
		return;
	taken = was_taken(analysis, &damage, stopped_sp(analysis));
	if (is_torn(analysis, &damage) || (taken && is_smashed(analysis, &damage)))
		file(analysis, &damage);
}

/* Of another CPU than these, which the image takes for one of them, nothing is known of how it returns. */
static bool knows_cpu(const struct analysis *analysis)
{
	const struct log_record *record = analysis->runtime->recorded->record;

	return !record->other_cpu && (!record->arch || !strcmp(record->arch, analysis->image->arch->name));
}

void recorded_damage_find(struct analysis *analysis)
{
	if (!knows_cpu(analysis) || by_early_end(analysis))
		return;
	if (analysis->image->threads.count && !by_complaint(analysis))
		by_fault(analysis);
}
