/* saved_place.h: where a goroutine that nobody runs says that it stands: pc, SP and frame pointer of g.sched. A walk that starts there
 * is worth what these words are worth. */
#ifndef ANALYZER_UNWIND_SAVED_PLACE_H
#define ANALYZER_UNWIND_SAVED_PLACE_H

#include "golang/runtime.h"

/* Whether a pc is the first instruction of a Go function. */
bool place_is_entry(struct go_runtime *runtime, uint64_t pc);

/* Whether memory at an address is certainly no code. Functions of plugins whose file is missing are unknown, but their memory can be
 * executed. */
bool place_is_no_code(struct go_runtime *runtime, uint64_t pc);

/* Whether the instruction of a system call stands just before a pc; false also where the code cannot be read. */
bool place_is_behind_trap(struct image *image, uint64_t pc);

/* Whether the bytes are there in which a call before a return address would lie. */
bool place_is_readable(const struct go_runtime *runtime, uint64_t pc);

/* Whether a goroutine can have left the CPU at a pc, as far as its code can be read: behind a call of mcall or, unless it waits, morestack. One
 * that has not begun stands at the start of the function that it was made for. */
bool saved_pc_fits(struct go_runtime *runtime, const struct goroutine *g, uint64_t pc);

/* Where the frame pointer points while a function with a frame is called from pc; false: that is not known. */
bool saved_frame_pointer(struct go_runtime *runtime, uint64_t pc, uint64_t sp, uint64_t *ret);

/* Whether g.sched.bp is where the frame pointer points then, if that is known. */
bool saved_frame_pointer_fits(struct go_runtime *runtime, const struct goroutine *g, uint64_t pc, uint64_t sp);

/* Whether the words from which a goroutine's own stack is walked bear one another out. True of those that run: that walk starts from
 * registers. */
bool saved_place_holds(struct go_runtime *runtime, const struct goroutine *g);

/* Whether a goroutine that stands in the prologue of a function, before it has a frame, was called there by its return address. True of others. */
bool saved_call_holds(struct go_runtime *runtime, const struct goroutine *g);

#endif
