/* code_fit.c: see code_fit.h. All but some dozen functions of a program are regular (regular.h); code that lies elsewhere is
 * not, unless it never moves SP, so that functions with a frame are asked. */
#include "analyzer/instructions/code_fit.h"

#include "analyzer/instructions/regular.h"

#include <inttypes.h>

enum { SAMPLES = 16, TRIES = 32 /* functions for one sample */, SIZE_LIMIT = 8192 /* bytes of a function */ };

struct tally {
	uint32_t asked, regular;
};

static bool can_tell(const struct go_runtime *runtime, const struct go_module *module, const struct func *func)
{
	const uint64_t size = func->end - func->entry;

	return !(func->flags & (FUNC_ASM | FUNC_SP_WRITE)) && size <= SIZE_LIMIT && func_frame_size(&module->pclntab, func) &&
	       image_view(runtime->image, func->entry, size).size == size;
}

/* The first function from `index` on that can tell something. */
static void sample(struct regularity *regularity, struct go_runtime *runtime, const struct go_module *module, uint32_t index,
		   struct tally *tally)
{
	for (uint32_t i = index; i < module->pclntab.nfunc && i - index < TRIES; i++) {
		const struct torn_fp *torn;
		struct func func;
		size_t count;

		if (!pclntab_func(&module->pclntab, i, &func) || !can_tell(runtime, module, &func))
			continue;
		pclntab_cite(&module->pclntab, &func);
		tally->asked++;
		tally->regular += func_is_regular(regularity, module, &func, &torn, &count);
		return;
	}
}

/* Of the program itself: what it loaded was made by others, who knows how. */
bool code_fits(struct go_runtime *runtime)
{
	const struct go_module *module = runtime->modules.items;
	struct tally tally = {0};
	struct regularity *regularity;

	if (runtime->code_compared || !runtime->decoder || !runtime->modules.count)
		return !runtime->tables_damaged;
	runtime->code_compared = true;
	regularity = regularity_new(runtime);
	for (uint32_t i = 0; i < SAMPLES; i++)
		sample(regularity, runtime, module, (uint32_t)((uint64_t)module->pclntab.nfunc * i / SAMPLES), &tally);
	if (2 * tally.regular >= tally.asked)
		return !runtime->tables_damaged;
	runtime->tables_damaged = true;
	note_add(runtime->notes, "the program's code is not what its table of functions describes: of %" PRIu32 " functions that "
				 "were looked at %" PRIu32 " fit; the executable is damaged", tally.asked, tally.regular);
	return false;
}
