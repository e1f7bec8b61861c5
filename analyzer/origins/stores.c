/* stores.c: see stores.h. Compilers name a global relative to the pc (amd64), or by its page (ADRP, arm64): code is looked
 * through for that first, which is quick, and then the functions where it occurs are decoded. */
#include "analyzer/origins/stores.h"

#include "golang/code_refs.h"

enum {
	DISPLACEMENT = 4,
	IMMEDIATE_LIMIT = 4, /* bytes behind the displacement, of the largest immediate */
	PAGE = 0x1000,
	FUNCTION_LIMIT = 4096, /* that are decoded */
};

struct search {
	struct analysis *analysis;
	uint64_t address, size;
	uint64_t after;  /* the end of the last function that was looked at */
	size_t functions;
	struct storers *ret;
};

static bool meets(const struct search *search, uint64_t address, uint64_t size)
{
	return address < search->address + search->size && search->address < address + size;
}

/* The function at a pc where the variable seems to be named. */
static void look_at(struct search *search, uint64_t pc)
{
	struct go_runtime *runtime = search->analysis->runtime;
	const struct pc_info *info;
	struct code_refs refs;

	if (pc < search->after || search->functions >= FUNCTION_LIMIT)
		return;
	info = go_pc(runtime, pc, true);
	if (!info->func)
		return;
	search->after = info->func->end;
	search->functions++;
	code_refs_of(runtime, info->func, &refs);
	for (size_t i = 0; i < refs.count; i++) {
		if (refs.items[i].kind != REF_STORE || !meets(search, refs.items[i].address, refs.items[i].size))
			continue;
		if (search->ret->count < STORERS_LIMIT)
			search->ret->items[search->ret->count++] = (struct storer){go_pc(runtime, refs.items[i].pc, true)};
		else
			search->ret->cut = true;
		return;
	}
}

static void look_amd64(struct search *search, uint64_t text, struct span code)
{
	const uint64_t span = search->size + IMMEDIATE_LIMIT;

	for (size_t at = 0; at + DISPLACEMENT <= code.size; at++) {
		const uint64_t named = text + at + DISPLACEMENT + (uint64_t)(int64_t)(int32_t)span_u32(code, at);

		if (named - (search->address - IMMEDIATE_LIMIT) < span)
			look_at(search, text + at);
	}
}

static void look_arm64(struct search *search, uint64_t text, struct span code)
{
	for (size_t at = 0; at + sizeof(uint32_t) <= code.size; at += sizeof(uint32_t)) {
		const uint32_t word = span_u32(code, at);
		const uint64_t distance = (uint64_t)(word >> 5 & 0x7ffff) << 2 | (word >> 29 & 3);
		const uint64_t page = ((text + at) & ~(uint64_t)(PAGE - 1)) + (((distance ^ 0x100000) - 0x100000) << 12);

		if ((word & 0x9f000000) == 0x90000000 && page <= search->address && search->address - page < PAGE + search->size)
			look_at(search, text + at);
	}
}

void storers_find(struct analysis *analysis, uint64_t address, uint64_t size, struct storers *ret)
{
	const struct go_runtime *runtime = analysis->runtime;
	struct search search = {.analysis = analysis, .address = address, .size = size, .ret = ret};

	*ret = (struct storers){0};
	for (size_t i = 0; i < runtime->modules.count && runtime->decoder; i++) {
		const struct go_module *module = &runtime->modules.items[i];
		const struct span code = image_peek(analysis->image, module->text, module->etext - module->text);

		search.after = 0;
		if (analysis->image->arch->id == ARCH_AMD64)
			look_amd64(&search, module->text, code);
		else
			look_arm64(&search, module->text, code);
	}
}

size_t storers_frame(const struct storers *storers, const struct stack *stack)
{
	for (size_t i = 0; i < stack->frames.count; i++)
		for (size_t k = 0; k < storers->count; k++)
			if (stack->frames.items[i].info->func &&
			    stack->frames.items[i].info->func->entry == storers->items[k].at->func->entry)
				return i;
	return SIZE_MAX;
}
