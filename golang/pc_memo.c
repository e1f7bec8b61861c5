/* pc_memo.c: what is known of a pc, computed once. Goroutines share pcs: a million of them rest at a few hundred. Open
 * addressing over the pc and the way it is looked up. */
#include "golang/pc_memo.h"

#include "base/hash.h"
#include "base/steps.h"
#include "golang/func_role.h"
#include "golang/recorded.h"

#include <string.h>

enum { INITIAL = 1024, CALL_BYTES = 8, RECENT = 256 };

struct pc_memo {
	struct pc_info **slots;
	size_t size; /* a power of two */
	size_t used;
	struct pc_info *recent[2][RECENT]; /* looked up not exactly, and exactly, by the low bits of the pc: those of the stacks of one kind,
	                                    * each of which is asked for several times */
	struct func ***functions; /* of each module, by index; made on demand */
};

void pc_memo_new(struct go_runtime *runtime)
{
	struct pc_memo *memo = arena_alloc(runtime->arena, sizeof *memo);

	memo->size = INITIAL;
	memo->slots = arena_array(runtime->arena, memo->size, sizeof(struct pc_info *));
	runtime->memo = memo;
}

static struct pc_info **slot_of(struct pc_memo *memo, uint64_t pc, bool exact)
{
	size_t at = hash_slot(pc * 2 + exact, memo->size);

	while (memo->slots[at] && (memo->slots[at]->pc != pc || memo->slots[at]->exact != exact))
		at = (at + 1) & (memo->size - 1);
	return &memo->slots[at];
}

static void grow(struct go_runtime *runtime)
{
	struct pc_memo *memo = runtime->memo;
	struct pc_info **old = memo->slots;
	size_t size = memo->size;

	memo->size *= 2;
	memo->slots = arena_array(runtime->arena, memo->size, sizeof(struct pc_info *));
	for (size_t i = 0; i < size; i++)
		if (old[i])
			*slot_of(memo, old[i]->pc, old[i]->exact) = old[i];
	arena_release(runtime->arena, old, size * sizeof(struct pc_info *));
}

/* One struct func per function, so that equal functions are equal pointers. Modules are all known by now. */
static const struct func *shared_func(struct go_runtime *runtime, size_t module, const struct func *func)
{
	struct pc_memo *memo = runtime->memo;
	struct func **slot;

	if (!memo->functions)
		memo->functions = arena_array(runtime->arena, runtime->modules.count, sizeof *memo->functions);
	if (!memo->functions[module])
		memo->functions[module] = arena_array(runtime->arena, runtime->modules.items[module].pclntab.nfunc,
						      sizeof(struct func *));
	slot = &memo->functions[module][func->index];
	if (!*slot) {
		*slot = arena_alloc(runtime->arena, sizeof **slot);
		**slot = *func;
	}
	return *slot;
}

/* A table that covers a pc and has no function there is damaged; said once. */
static void doubt_table(struct go_runtime *runtime, const struct go_module *module, uint64_t pc)
{
	if (runtime->tables_damaged || steps_used_up() || !pclntab_covers(&module->pclntab, pc))
		return;
	runtime->tables_damaged = true;
	note_add(runtime->notes, "the program's table of functions is damaged: it has none at 0x%llx, which it covers",
		 (unsigned long long)pc);
}

static void look_up(struct go_runtime *runtime, struct pc_info *info)
{
	uint64_t at = info->exact ? info->pc : info->pc - 1;
	struct func func;

	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];

		/* What cgo pushes for a return address is the entry of systemstack_switch. No call returns to an entry. */
		if (pclntab_find(&module->pclntab, info->pc, &func) && func.entry == info->pc)
			at = info->pc;
		else if (!pclntab_find(&module->pclntab, at, &func)) {
			doubt_table(runtime, module, at);
			continue;
		}
		info->module = module;
		info->func = shared_func(runtime, i, &func);
		info->role = func_role_of_name(pclntab_name(&module->pclntab, func.name));
		info->has_delta = func_value(&module->pclntab, &func, func.pcsp, at, &info->delta, NULL);
		return;
	}
	if (runtime->recorded)
		recorded_look_up(runtime->recorded, info);
}

static struct pc_info *add(struct go_runtime *runtime, uint64_t pc, bool exact)
{
	struct pc_info *info;

	if (runtime->memo->used * 2 >= runtime->memo->size)
		grow(runtime);
	info = arena_alloc(runtime->arena, sizeof *info);
	info->pc = pc;
	info->exact = exact;
	*slot_of(runtime->memo, pc, exact) = info;
	runtime->memo->used++;
	look_up(runtime, info);
	return info;
}

/* Of its own, so that the short way needs no stack. */
static __attribute__((noinline)) struct pc_info *find_or_add(struct go_runtime *runtime, uint64_t pc, bool exact)
{
	struct pc_info *info = *slot_of(runtime->memo, pc, exact);

	return info ? info : add(runtime, pc, exact);
}

static inline struct pc_info *info_of(struct go_runtime *runtime, uint64_t pc, bool exact)
{
	struct pc_info **recent = &runtime->memo->recent[exact][(pc ^ pc / RECENT) % RECENT];

	if (!*recent || (*recent)->pc != pc)
		*recent = find_or_add(runtime, pc, exact);
	return *recent;
}

const struct pc_info *go_pc(struct go_runtime *runtime, uint64_t pc, bool exact)
{
	return info_of(runtime, pc, exact);
}

static __attribute__((noinline)) void read_call(struct go_runtime *runtime, struct pc_info *info)
{
	const uint64_t back = info->pc < CALL_BYTES ? info->pc : CALL_BYTES;
	const struct span code = image_view(runtime->image, info->pc - back, back);

	info->call_known = true;
	info->call = FLOW_NEXT;
	info->has_code = back == CALL_BYTES && code.size == back;
	if (info->func && code.size == back)
		info->call = insn_call_before(runtime->decoder, info->pc, code, &info->call_target);
}

const struct pc_info *go_return_address(struct go_runtime *runtime, uint64_t pc)
{
	struct pc_info *info = info_of(runtime, pc, false);

	if (!info->call_known)
		read_call(runtime, info);
	return info;
}

const char *go_func_name(const struct pc_info *info)
{
	const char *name = info->recorded ? info->recorded->calls[info->recorded->count - 1].function : info->func ? pclntab_name(&info->module->pclntab, info->func->name) : NULL;

	return name ? name : "?";
}
