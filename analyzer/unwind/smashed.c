/* smashed.c: see smashed.h. */
#include "analyzer/unwind/smashed.h"

enum {
	WORD = 8,
	INSN_BYTES = 16,
	SEARCH_LIMIT = 256,    /* of code, for one dump */
	CODE_LIMIT = 64 << 10, /* bytes of one function */
	BUDGET = 4 << 20,      /* bytes of code, for one dump: half a second. What was really written over took 40 KB */
};

bool code_affords(struct analysis *analysis, const struct func *func)
{
	const uint64_t size = func->end - func->entry;

	if (size > CODE_LIMIT || analysis->bridge_bytes + size > BUDGET)
		return false;
	analysis->bridge_bytes += (uint32_t)size;
	return true;
}

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

	if (!info->has_delta || info->delta != search->delta || !callsite_reaches(runtime, return_address, search->callee))
		return;
	if (search->count < SITES_KEPT)
		search->sites[search->count] = return_address;
	search->count++;
	if (info->call == FLOW_CALL) {
		search->direct++;
		search->last_direct = return_address;
	}
}

bool go_to_call(const struct analysis *analysis, const struct func *func, uint64_t *pc)
{
	while (*pc < func->end && *pc - func->entry < FUNCTION_LIMIT) {
		const struct span code = image_view(analysis->image, *pc, INSN_BYTES);
		const size_t plain = insn_plain(analysis->image->arch, code);
		struct insn insn;

		if (!plain && !insn_decode(analysis->runtime->decoder, *pc, code, &insn))
			return false;
		*pc += plain ? plain : insn.size;
		if (!plain && (insn.flow == FLOW_CALL || insn.flow == FLOW_INDIRECT_CALL))
			return true;
	}
	return false;
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

/* Whether the function called there has left its frame in the dead memory below SP: on amd64 the return address of its own
 * last call, on arm64 the very word. */
static bool left_frame(struct analysis *analysis, const struct damage *place, uint64_t return_address)
{
	const struct pc_info *site = go_return_address(analysis->runtime, return_address);
	const struct pc_info *callee, *dead;
	uint64_t size, word;

	if (site->call != FLOW_CALL)
		return false;
	callee = go_pc(analysis->runtime, site->call_target, true);
	if (!callee->func)
		return false;
	size = (uint64_t)func_frame_size(&callee->module->pclntab, callee->func);
	if (analysis->image->arch->link_register)
		return image_u64(analysis->image, place->caller_sp - size, &word) && word == place->observed;
	if (!image_u64(analysis->image, place->caller_sp - size - 2 * WORD, &word))
		return false;
	dead = go_return_address(analysis->runtime, word);
	return dead->func == callee->func && dead->has_delta && (uint64_t)dead->delta == size && dead->call != FLOW_NEXT;
}

uint64_t site_by_dead_frame(struct analysis *analysis, const struct damage *place, const uint64_t *sites, uint32_t count)
{
	uint64_t found = 0;

	for (uint32_t i = 0; i < count && i < SITES_KEPT; i++) {
		if (!left_frame(analysis, place, sites[i]))
			continue;
		if (found)
			return 0;
		found = sites[i];
	}
	return count <= SITES_KEPT ? found : 0;
}

bool smashed_by_frame_pointer(struct analysis *analysis, const struct walk_subject *subject, struct damage *place)
{
	struct search search = {.analysis = analysis, .callee = place->callee ? place->callee->func : NULL};
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
	else if (place->returned)
		place->repaired = site_by_dead_frame(analysis, place, search.sites, search.count);
	return true;
}
