/* bug_needs.c: what the rows of known_bugs.def need, asked of a dump. What the dump does not tell does not hold. */
#include "heuristics/verdict/citations.h"

#include "analyzer/instructions/outparams.h"
#include "analyzer/instructions/tear.h"
#include "formats/dump/system.h"
#include "golang/preempt.h"
#include "golang/program.h"
#include "heuristics/ends/ordinary_ends.h"

#include <string.h>

enum { NULL_PAGE = 4096 };

struct subject {
	struct analysis *analysis;
	const struct finding *finding; /* NULL: the dump as a whole */
	const struct known_bug *bug;
};

typedef bool (*stack_test)(struct analysis *analysis, const struct stack *stack, const char *text);

static bool stack_names(struct analysis *analysis, const struct stack *stack, const char *prefix)
{
	struct frame_line lines[INLINE_LIMIT];

	for (size_t i = 0; i < stack->frames.count; i++) {
		size_t count = stack->frames.items[i].info->func ? frame_lines(analysis->image, stack, i, lines) : 0;

		for (size_t j = 0; j < count; j++)
			if (lines[j].function && !strncmp(lines[j].function, prefix, strlen(prefix)))
				return true;
	}
	return false;
}

static bool stack_preempted(struct analysis *analysis, const struct stack *stack, const char *text)
{
	(void)analysis;
	(void)text;
	return find_role(stack, ROLE_ASYNC_PREEMPT) != SIZE_MAX;
}

/* The innermost frame of the program's own is assembly that sets SP. */
static bool stack_switches(struct analysis *analysis, const struct stack *stack, const char *text)
{
	size_t frame = first_program_frame(stack, 0);

	(void)analysis;
	(void)text;
	return frame != SIZE_MAX && (stack->frames.items[frame].info->func->flags & FUNC_SP_WRITE);
}

static bool goroutine_passes(const struct subject *s, int32_t goroutine, stack_test test, const char *text)
{
	struct stack stack = {0};

	if (goroutine < 0)
		return false;
	goroutine_stack(s->analysis, (size_t)goroutine, &stack);
	return test(s->analysis, &stack, text);
}

static bool victim_passes(const struct subject *s, stack_test test, const char *text)
{
	return goroutine_passes(s, s->finding->goroutine, test, text);
}

/* The thread that died, the goroutine that it ran, or the finding's. */
static bool any_passes(const struct subject *s, stack_test test, const char *text)
{
	const int32_t thread = s->analysis->dying_thread;
	struct stack stack = {0};

	if (victim_passes(s, test, text))
		return true;
	if (thread < 0)
		return false;
	thread_stack(s->analysis, (size_t)thread, &stack);
	return test(s->analysis, &stack, text) || goroutine_passes(s, s->analysis->thread_goroutine[thread], test, text);
}

static bool was_printed(const struct subject *s, const char *text)
{
	const struct go_runtime *runtime = s->analysis->runtime;

	for (size_t i = 0; i < runtime->fatal_lines.count; i++)
		if (strstr(runtime->fatal_lines.items[i], text))
			return true;
	return s->analysis->messages.line && strstr(s->analysis->messages.line, text);
}

static bool faulted_wildly(const struct subject *s)
{
	const struct fault *fault = &s->analysis->fault;

	return fault->known && fault->has_address && fault->address >= NULL_PAGE;
}

static bool pc_on_stack(const struct subject *s)
{
	const struct go_runtime *runtime = s->analysis->runtime;

	for (size_t i = 0; s->analysis->fault.has_pc && i < runtime->goroutines.count; i++)
		if (s->analysis->fault.pc - runtime->goroutines.items[i].stack_lo <
		    runtime->goroutines.items[i].stack_hi - runtime->goroutines.items[i].stack_lo)
			return true;
	return false;
}

/* In memory that is there, and neither Go's code nor a module's. */
static bool pc_foreign(const struct subject *s)
{
	struct image *image = s->analysis->image;
	const uint64_t pc = s->analysis->fault.pc;

	return s->analysis->fault.has_pc && !go_pc(s->analysis->runtime, pc, true)->func && image_segment(image, pc) &&
	       !image_mapping(image, pc) && !pc_on_stack(s);
}

static bool is_mapped(const struct subject *s, const char *text)
{
	const struct image *image = s->analysis->image;

	for (size_t i = 0; i < image->mappings.count; i++)
		if (strstr(image->mappings.items[i].path, text))
			return true;
	return false;
}

static bool system_within(const struct subject *s, enum target_os os, const struct bug_need *need)
{
	uint32_t release = s->analysis->image->os == os ? system_release(s->analysis->image) : 0;

	return release && release >= need->first && release <= need->last;
}

static bool tear_in_leaf(const struct subject *s, bool leaf)
{
	return s->finding->tear && is_leaf(s->analysis->tear_cache, s->finding->tear->at) == leaf;
}

static bool passes_length(struct go_runtime *runtime)
{
	const struct outparams *outparams = outparams_find(runtime);

	for (size_t i = 0; i < outparams->items.count; i++)
		if (outparams->items.items[i].stores == STORES_LENGTH)
			return true;
	return false;
}

/* Of a log: stacks of those who read are not in it, but what was written is, and with the executable the code that has it written. */
static bool log_shows_length(const struct subject *s)
{
	struct go_runtime *runtime = s->analysis->runtime;
	const struct damage *damage = s->finding->damage;

	return runtime->recorded && damage && damage->kind == DAMAGE_TORN && outparam_is_address_length(damage->observed >> 32) &&
	       program_is_affected(runtime, s->bug) != 0 && runtime->least_minor >= s->bug->affected[0].minor_first &&
	       (!runtime->exe || passes_length(runtime));
}

static bool stores_length(const struct subject *s)
{
	return s->finding->outparam ? s->finding->outparam->stores == STORES_LENGTH : log_shows_length(s);
}

static bool stores_other(const struct subject *s)
{
	return s->finding->outparam && s->finding->outparam->stores != STORES_LENGTH;
}

static bool holds(const struct subject *s, const struct bug_need *need)
{
	switch (need->kind) {
	case NEED_LEAF:
	case NEED_CALLS:
		return tear_in_leaf(s, need->kind == NEED_LEAF);
	case NEED_STORES_LENGTH:
		return stores_length(s);
	case NEED_STORES_OTHER:
		return stores_other(s);
	case NEED_TEXT:
		return was_printed(s, need->text);
	case NEED_ON_STACK:
		return any_passes(s, stack_names, need->text);
	case NEED_VICTIM:
		return victim_passes(s, stack_names, need->text);
	case NEED_PREEMPTED:
		return any_passes(s, stack_preempted, NULL);
	case NEED_SWITCHING:
		return victim_passes(s, stack_switches, NULL);
	case NEED_PREEMPTION:
		return !preemption_switched_off(s->analysis->runtime);
	case NEED_FAULT:
		return s->analysis->fault.known;
	case NEED_WILD_FAULT:
		return faulted_wildly(s);
	case NEED_PC_ON_STACK:
		return pc_on_stack(s);
	case NEED_PC_FOREIGN:
		return pc_foreign(s);
	case NEED_UNEXPLAINED:
		return s->finding->explained_by < 0;
	case NEED_CODE:
		return program_has_function(s->analysis->runtime, need->text);
	case NEED_MODULE:
		return program_has_module(s->analysis->runtime, need->text, need->from, need->below);
	case NEED_AFFECTED:
		return program_is_affected(s->analysis->runtime, s->bug) != 0;
	case NEED_LIBRARY:
		return is_mapped(s, need->text);
	case NEED_KERNEL:
		return system_within(s, OS_LINUX, need);
	case NEED_BUILD:
		return system_within(s, OS_WINDOWS, need);
	case NEED_NONE:
	case NEED_KINDS:
		break;
	}
	return false;
}

/* Whether findings of one dump may differ in it. */
static bool is_of_finding(enum bug_need_kind kind)
{
	switch (kind) {
	case NEED_LEAF:
	case NEED_CALLS:
	case NEED_STORES_LENGTH:
	case NEED_STORES_OTHER:
	case NEED_ON_STACK:
	case NEED_VICTIM:
	case NEED_PREEMPTED:
	case NEED_SWITCHING:
	case NEED_UNEXPLAINED:
		return true;
	default:
		return false;
	}
}

/* Of one kind any, of every kind one; alternatives stand side by side. */
static bool are_met(const struct subject *s)
{
	bool met = false;

	for (const struct bug_need *need = s->bug->needs; need->kind; need++) {
		if (is_of_finding(need->kind) != (s->finding != NULL))
			continue;
		met = met || holds(s, need);
		if (need[1].kind == need->kind)
			continue;
		if (!met)
			return false;
		met = false;
	}
	return true;
}

bool bug_is_possible(const struct diagnosis *diagnosis, const struct known_bug *bug)
{
	return are_met(&(struct subject){diagnosis->analysis, NULL, bug});
}

bool bug_fits(const struct diagnosis *diagnosis, const struct finding *finding, const struct known_bug *bug)
{
	return are_met(&(struct subject){diagnosis->analysis, finding, bug});
}
