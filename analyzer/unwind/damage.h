/* damage.h: a word that has to be a return address and is none: what it was, and all that the dump holds to prove it. */
#ifndef ANALYZER_UNWIND_DAMAGE_H
#define ANALYZER_UNWIND_DAMAGE_H

#include "analyzer/unwind/unwind.h"

enum { DAMAGE_NONE = -1, DAMAGE_UNFILED = -2 };

/* Looks for the return address that a word was. `place` says where the walk met it (goroutine, thread, frame, returned, slot,
 * observed, caller_sp, pc_address, callee, and the frame pointer there, if known: frame_pointer_due); the rest is filled in.
 *
 * Torn: the lower half, under the upper half of a module's code, is a return address of a call that can reach the callee.
 * Flipped: with one bit of its lower half changed it is one, and of such changes just one leads to the goroutine's entry.
 * Smashed: what the frame pointer says of the caller's frame (its size, and who called it) fits call sites of one function; or the CPU
 * took the word, which is no address of code, for a return address, and nothing tells what it was: candidates, above_pc and above_sp are 0.
 *
 * Answers DAMAGE_NONE when nothing fits, and on walks that prove something else; otherwise the index in analysis->damages,
 * where it is filed when first met, or DAMAGE_UNFILED when there are too many. Where one call site alone fits,
 * place->repaired is it. */
int32_t damage_repair(struct analysis *analysis, const struct walk_subject *subject, struct damage *place);

/* Whether a walk from a return address reaches the goroutine's entry by sound steps alone. Few are tried for one dump; then
 * false. */
bool damage_leads_home(struct analysis *analysis, const struct walk_subject *subject, uint64_t pc, uint64_t sp);

/* Whether a word that lies in a Go function cannot be what that frame of a goroutine returns to: no call stands before it, or
 * one of another function, or it lies within an instruction; or the frame pointers say that the caller's frame has another size;
 * or the caller would be the goroutine's first function, and is not the one that the goroutine was made for. False where it is
 * not known. */
bool damage_doubts(struct analysis *analysis, const struct walk_subject *subject, const struct frame *frame, uint64_t word);

/* Whether the frame behind number `index` of a stack cannot have called it, by its code: no call stands before its pc, or one of another function
 * that does not jump on. False where the stack is switched between them, and where it is not known. */
bool damage_contradicts_call(struct analysis *analysis, const struct stack *stack, size_t index);

/* Whether a pc of a function of Go's compiler lies within an instruction of it, as these follow one another from its entry: then it is no return
 * address, whatever the bytes before it look like. False where that is not known. */
bool damage_splits_instruction(struct analysis *analysis, const struct pc_info *info);

/* Notes for all damages of a stack that has been walked how the frames above each bear it out. */
void damage_prove(struct analysis *analysis, const struct walk_subject *subject, const struct stack *stack);

/* Whether the walks found a stack of that goroutine torn, or a word of it damaged. */
bool is_damaged(const struct analysis *analysis, int32_t goroutine);

#endif
