/* field_stores.c: see field_stores.h. */
#include "analyzer/origins/field_stores.h"

enum { WORD = 8, FUNCTION_BYTES = 64 << 10 };

struct search {
	const struct arch *arch;
	uint64_t offset;
	uint64_t first, second; /* pcs of the stores; 0: none yet */
};

static void look_at(struct search *search, const struct insn *insn)
{
	for (size_t i = 0; i < insn->count; i++) {
		const struct effect *effect = &insn->effects[i];

		if (effect->kind != EFFECT_STORE || effect->size != WORD || effect->src == REG_NONE || effect->src == search->arch->sp ||
		    effect->src == search->arch->fp)
			continue;
		if ((uint64_t)effect->value == search->offset && !search->first)
			search->first = insn->address;
		if ((uint64_t)effect->value == search->offset + WORD && !search->second)
			search->second = insn->address;
	}
}

bool field_stores_find(struct analysis *analysis, const struct pc_info *at, uint64_t offset, uint64_t *ret_pc)
{
	struct search search = {.arch = analysis->image->arch, .offset = offset};
	struct span code;
	struct insn insn;

	if (!at->func || !analysis->runtime->decoder || at->func->end <= at->func->entry)
		return false;
	code = image_view(analysis->image, at->func->entry,
			  at->func->end - at->func->entry < FUNCTION_BYTES ? at->func->end - at->func->entry : FUNCTION_BYTES);
	for (size_t done = 0; done < code.size; done += insn.size) {
		if (!insn_decode(analysis->runtime->decoder, at->func->entry + done, span_from(code, done), &insn) || !insn.size)
			break;
		look_at(&search, &insn);
	}
	*ret_pc = search.first < search.second ? search.first : search.second;
	return search.first && search.second;
}
