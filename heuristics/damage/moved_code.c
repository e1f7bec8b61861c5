/* moved_code.c: see moved_code.h. */
#include "heuristics/damage/moved_code.h"

#include "analyzer/unwind/damage.h"
#include "heuristics/detector.h"

#include <inttypes.h>

enum { WORD = 8, SEARCHED = 64 << 10 };

static bool is_code(struct image *image, uint64_t address)
{
	const struct segment *segment = image_segment(image, address);

	return segment && (segment->flags & SEGMENT_EXEC);
}

/* Another word above the slot that leads to the same mapping once `bit` is changed, and to no code as it is; 0: none. */
static uint64_t find_other(struct analysis *analysis, const struct damage *damage, uint64_t bit)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[damage->goroutine];
	const struct segment *code = image_segment(analysis->image, damage->repaired - 1);
	const uint64_t end = g->stack_hi - damage->slot < SEARCHED ? g->stack_hi : damage->slot + SEARCHED;
	uint64_t word;

	for (uint64_t at = damage->slot + WORD; code && at < end; at += WORD)
		if (image_u64(analysis->image, at, &word) && (word ^ bit) - code->address < code->size && !is_code(analysis->image, word))
			return at;
	return 0;
}

uint64_t moved_code_witness(struct analysis *analysis, const struct damage *damage)
{
	if (damage->kind != DAMAGE_FLIPPED || damage->goroutine < 0 || !damage->slot || !damage->caller || damage->caller->func)
		return 0;
	return find_other(analysis, damage, damage->observed ^ damage->repaired);
}

void moved_code_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage)
{
	const uint64_t at = moved_code_witness(diagnosis->analysis, damage);

	if (at)
		evidence_word(diagnosis, finding, WEIGHT_DECISIVE, true, at, NULL,
			      "with the same bit changed this word leads there, too: rather the dump's list of memory is wrong about where that "
			      "code lay");
}
