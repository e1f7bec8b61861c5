/* handed_lock.c: see handed_lock.h. A deferred call of a method is a function of its own (deferwrap), whose entry the frame that
 * defers it has in a closure until it ends (cmd/compile/internal/ssagen/ssa.go, openDeferRecord; Go 1.18 to 1.27). */
#include "heuristics/hangs/handed_lock.h"

#include "analyzer/waits/mentions.h"

enum { SEARCH_BYTES = 256 << 20, CODE_BYTES = 1 << 20, STACK_BYTES = 1 << 16, WORD = 8 };

static bool releases(struct analysis *analysis, struct section_scratch *scratch, const struct contended_lock *lock, uint64_t word)
{
	const struct pc_info *info = go_pc(analysis->runtime, word, true);
	struct critical_section sections[LOCK_KINDS];

	if (!info->func || info->func->entry != word)
		return false;
	if (!critical_sections_at(analysis, scratch, info, true, sections))
		return true;
	for (int kind = 0; kind < LOCK_KINDS; kind++)
		if (lock_may_be_held_as(lock, (enum lock_kind)kind) && sections[kind].releases)
			return true;
	return false;
}

static bool defers_release(struct analysis *analysis, struct section_scratch *scratch, const struct contended_lock *lock,
			   size_t goroutine)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[goroutine];
	struct stack stack = {0};
	struct span words;

	goroutine_stack(analysis, goroutine, &stack);
	if (!stack.frames.count)
		return true;
	words = image_view(analysis->image, stack.frames.items[0].sp, g->stack_hi - stack.frames.items[0].sp);
	for (uint64_t at = 0; at + WORD <= words.size && at < STACK_BYTES; at += WORD)
		if (releases(analysis, scratch, lock, span_u64(words, at)))
			return true;
	return words.size > STACK_BYTES;
}

bool lock_may_be_handed(struct analysis *analysis, const struct contention *contention, const struct contended_lock *lock)
{
	struct section_scratch scratch = {.code_left = CODE_BYTES};
	struct mentions mentions = {0};
	uint64_t bytes = SEARCH_BYTES;
	const struct mention *mention;

	mention_add(analysis->arena, &mentions, lock->wait.object);
	mentions_scan(analysis, &mentions, &bytes);
	mention = &mentions.items.items[0];
	for (size_t i = 0; i < mention->holder_count && i < HOLDERS_KEPT; i++)
		if (contended_by(contention, mention->holders[i]) != lock &&
		    defers_release(analysis, &scratch, lock, mention->holders[i]))
			return true;
	return !mentions.complete || mention->holder_count > HOLDERS_KEPT;
}
