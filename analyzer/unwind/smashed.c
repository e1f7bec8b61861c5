/* smashed.c: see smashed.h. */
#include "analyzer/unwind/smashed.h"

#include "analyzer/unwind/code_search.h"
#include "analyzer/unwind/overrun.h"

enum { WORD = 8, SEARCH_LIMIT = 256 /* of code, for one dump */ };

/* SP of the goroutine when its first function is entered; *ret is unchanged when it is not known. */
static void stack_base(const struct analysis *analysis, const struct walk_subject *subject, uint64_t *ret)
{
	struct go_runtime *runtime = analysis->runtime;

	if (subject->goroutine >= 0)
		go_field(runtime, runtime->goroutines.items[subject->goroutine].address, LAYOUT_g_stktopsp, ret);
}

bool caller_by_frame_pointer(struct analysis *analysis, const struct walk_subject *subject, const struct damage *place,
			     int64_t *delta, uint64_t *return_address)
{
	const bool link = analysis->image->arch->link_register;
	uint64_t record = place->frame_pointer, top = record + WORD;

	if (!place->frame_pointer_due || record % WORD || (link && record != place->caller_sp - WORD))
		return false;
	if (link && !image_u64(analysis->image, record, &top))
		return false;
	if (link && !top) /* the goroutine's first function: there was no frame pointer before it */
		stack_base(analysis, subject, &top);
	else if (link)
		top += WORD;
	if (!subject->hi || top <= place->caller_sp || top > subject->hi || (top - place->caller_sp) % WORD)
		return false;
	*delta = (int64_t)(top - place->caller_sp);
	return image_u64(analysis->image, link ? place->caller_sp : top, return_address) &&
	       callsite_reaches(analysis->runtime, *return_address, NULL);
}

const struct func *called_by(const struct analysis *analysis, const struct walk_subject *subject, uint64_t return_address)
{
	struct go_runtime *runtime = analysis->runtime;
	const struct pc_info *info = go_return_address(runtime, return_address);

	if (info->role == ROLE_GOEXIT && subject->goroutine >= 0)
		return go_pc(runtime, runtime->goroutines.items[subject->goroutine].startpc, true)->func;
	return info->call == FLOW_CALL ? go_pc(runtime, info->call_target, true)->func : NULL;
}

static void consider(struct search *search, uint64_t return_address)
{
	struct go_runtime *runtime = search->analysis->runtime;
	const struct pc_info *info = go_return_address(runtime, return_address);

	if (!info->has_delta || info->delta != search->delta || !callsite_reaches(runtime, return_address, search->callee) ||
	    (search->returned && !call_comes_back(runtime, info)))
		return;
	if (search->count < SITES_KEPT)
		search->sites[search->count] = return_address;
	search->count++;
	if (info->call == FLOW_CALL) {
		search->direct++;
		search->last_direct = return_address;
	}
}

void search_function(struct search *search, const struct func *caller)
{
	for (uint64_t pc = caller->entry; go_to_call(search->analysis, caller, &pc);)
		consider(search, pc);
}

/* When it is not known which function is the caller: all direct calls of the callee. */
static void search_text(struct search *search)
{
	const struct go_runtime *runtime = search->analysis->runtime;

	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];
		uint64_t at = module->text;

		while (at < module->etext) {
			struct span code = image_peek(search->analysis->image, at, module->etext - at);
			size_t from = 0;

			while (insn_next_call(search->analysis->image->arch, at, code, search->callee->entry, &from))
				consider(search, at + from);
			if (!code.size)
				return;
			at += code.size;
		}
	}
}

bool smashed_by_frame_pointer(struct analysis *analysis, const struct walk_subject *subject, struct damage *place)
{
	struct search search = {.analysis = analysis, .callee = place->callee ? place->callee->func : NULL,
				.returned = place->returned};
	const struct func *caller;
	uint64_t return_address;

	if (analysis->damage_searches >= SEARCH_LIMIT || !caller_by_frame_pointer(analysis, subject, place, &search.delta, &return_address))
		return false;
	analysis->damage_searches++;
	caller = called_by(analysis, subject, return_address);
	if (caller)
		search_function(&search, caller);
	else if (search.callee)
		search_text(&search);
	if (!search.count)
		return false;
	place->kind = DAMAGE_SMASHED;
	place->candidates = search.count;
	place->above_sp = place->caller_sp + (uint64_t)search.delta + (analysis->image->arch->link_register ? 0 : WORD);
	place->above_pc = return_address;
	if (search.count == 1)
		place->repaired = search.sites[0];
	else if (search.callee && search.direct == 1)
		place->repaired = search.last_direct;
	else if (place->returned && search.count <= SITES_KEPT)
		place->repaired = overrun_settles(analysis, place, search.sites, search.count);
	return true;
}
