/* shared_value.c: see shared_value.h. A method gets the value that it is called on as its first argument (Go's cmd/compile/abi-internal.md). */
#include "heuristics/ends/shared_value.h"

#include "analyzer/origins/origin.h"
#include "golang/packages.h"
#include "golang/recorded_arguments.h"

#include <string.h>

enum {
	WORD = 8,
	INSN_BYTES = 16,
	ENTRY_BYTES = 128, /* of a function, that are looked through */
	FRAMES = 16,
	KEPT = 16,
	GOROUTINES = 256, /* that could run: so many are looked at */
	FIRST_PAGE = 4096,
};

struct receivers {
	struct shared_value items[KEPT];
	size_t count;
};

/* "compress/flate.(*Writer)" of "compress/flate.(*Writer).Write"; NULL: no method of a pointer. */
static const char *receiver_type(struct arena *arena, const char *function)
{
	const char *begin = strstr(function, ".(*"), *end = begin ? strstr(begin, ").") : NULL;

	return end ? arena_strndup(arena, function, (size_t)(end + 1 - function)) : NULL;
}

/* The function's first argument, where it keeps it in a slot before it calls anything; what it leaves by earlier has no such frame. */
static bool is_kept(struct go_runtime *runtime, const struct frame *frame, uint64_t *ret)
{
	const struct arch *arch = runtime->image->arch;
	const struct func *func = frame->info->func;
	const uint64_t top = frame->fp - (arch->link_register ? 0 : WORD);
	struct pcvalue pcsp = pcvalue_of(&frame->info->module->pclntab, func, func->pcsp);
	struct insn insn;
	int32_t delta;

	for (uint64_t pc = func->entry; frame->fp && pc < frame->pc && pc - func->entry < ENTRY_BYTES; pc += insn.size) {
		if (!insn_decode(runtime->decoder, pc, image_view(runtime->image, pc, INSN_BYTES), &insn) ||
		    insn.flow == FLOW_CALL || insn.flow == FLOW_INDIRECT_CALL)
			return false;
		for (size_t i = 0; i < insn.count; i++) {
			const struct effect *effect = &insn.effects[i];

			if (effect->kind != EFFECT_STORE && effect->dst == arch->go_arguments[0])
				return false;
			if (effect->kind == EFFECT_STORE && effect->src == arch->sp && effect->src2 == arch->go_arguments[0] &&
			    effect->size == WORD && pcvalue_seek(&pcsp, pc, &delta))
				return image_u64(runtime->image, top - (uint64_t)(int64_t)delta + (uint64_t)effect->value, ret);
		}
	}
	return false;
}

/* As a log prints it, if the runtime was sure of it. */
static bool is_recorded(const struct recorded_frame *frame, uint64_t *ret)
{
	size_t at = 0;
	bool unsure;

	return recorded_argument(frame, &at, ret, &unsure) && !unsure;
}

/* What the function of a frame was called on: as its caller's code tells, or where it keeps that itself. */
static bool receiver_of(struct analysis *analysis, struct origins *origins, const struct stack *stack, size_t frame, uint64_t *ret)
{
	const uint64_t call = frame + 1 < stack->frames.count ? origin_call(origins, frame + 1) : 0;
	const struct origin *origin =
		call ? origin_variable(origin_of_register(origins, frame + 1, call, analysis->image->arch->go_arguments[0])) : NULL;

	if (stack->frames.items[frame].recorded)
		return is_recorded(stack->frames.items[frame].recorded, ret);
	if (origin && origin->has_value)
		*ret = origin->value;
	else if (!is_kept(analysis->runtime, &stack->frames.items[frame], ret))
		return false;
	return *ret >= FIRST_PAGE;
}

static void find_receivers(const struct diagnosis *diagnosis, const struct stack *stack, size_t first, const char *package,
			   struct receivers *ret)
{
	struct origins *origins = origins_of(diagnosis->analysis, stack);

	ret->count = 0;
	for (size_t i = first; i < stack->frames.count && i < first + FRAMES && ret->count < KEPT; i++) {
		const struct pc_info *info = stack->frames.items[i].info;
		const char *function = info->func ? go_func_name(info) : "", *of = package_of_function(diagnosis->arena, function);
		struct shared_value *item = &ret->items[ret->count];

		if (!strcmp(of, "sync") || !strcmp(of, "internal/sync")) {
			ret->count = 0; /* what it waits for may keep the others away */
			return;
		}
		item->type = !strcmp(of, package) ? receiver_type(diagnosis->arena, function) : NULL;
		item->function = function;
		ret->count += item->type && receiver_of(diagnosis->analysis, origins, stack, i, &item->address);
	}
}

static const struct shared_value *common(const struct receivers *victim, const struct receivers *other)
{
	for (size_t i = 0; i < victim->count; i++)
		for (size_t k = 0; k < other->count; k++)
			if (victim->items[i].address == other->items[k].address &&
			    !strcmp(victim->items[i].type, other->items[k].type))
				return &other->items[k];
	return NULL;
}

bool shared_value_find(const struct diagnosis *diagnosis, size_t goroutine, const struct stack *stack, size_t frame,
		       const char *package, struct shared_value *ret)
{
	struct analysis *analysis = diagnosis->analysis;
	struct receivers victim, other;
	size_t looked_at = 0;

	find_receivers(diagnosis, stack, frame, package, &victim);
	for (size_t i = 0; victim.count && i < analysis->runtime->goroutines.count && looked_at < GOROUTINES; i++) {
		const struct goroutine *g = &analysis->runtime->goroutines.items[i];
		const struct shared_value *found;
		struct stack theirs = {0};

		if (i == goroutine || (g->status != G_RUNNING && g->status != G_RUNNABLE))
			continue;
		looked_at++;
		goroutine_stack(analysis, i, &theirs);
		find_receivers(diagnosis, &theirs, 0, package, &other);
		found = common(&victim, &other);
		if (!found)
			continue;
		*ret = *found;
		ret->goroutine = i;
		return true;
	}
	return false;
}
