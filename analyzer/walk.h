/* walk.h: what the files of the unwinder share: a walk under way. unwind.c knows frames of Go, unwind_c.c all others. */
#ifndef ANALYZER_WALK_H
#define ANALYZER_WALK_H

#include "analyzer/unwind.h"

enum { WORD = 8 };

struct walk {
	struct analysis *analysis;
	struct go_runtime *runtime;
	struct image *image;
	const struct arch *arch;
	const struct walk_subject *subject;
	struct stack *stack;
	struct thread_walk *thread; /* NULL: a user stack */
	struct context at;          /* the frame about to be added */
	struct registers registers; /* at `at`, as far as known; of a thread's walk only */
	uint64_t slot;              /* where at.pc was read from */
	bool preempted;             /* at.pc was stopped by asyncPreempt */
	int32_t damage;             /* index in analysis->damages of the word that at.pc was repaired from, -1: none */
	bool damaged;               /* a frame of the stack was repaired from such a word */
	bool crossed;               /* a signal frame was just crossed: at is on another stack */
};

/* Ends the walk; answers false, as every step does that has no next. */
bool end_walk(struct walk *walk, enum stack_end end, uint64_t address);

/* Reads a stack word, or ends the walk with the reason why it cannot be read. */
bool stack_word(struct walk *walk, uint64_t address, uint64_t *ret);

bool in_bounds(const struct walk *walk, uint64_t sp);

/* Adds the frame at walk->at. */
struct frame *add_frame(struct walk *walk, const struct pc_info *info);

/* Goes on in the context that a signal interrupted. `entry_sp`: SP at the entry of its handler. */
bool cross_signal(struct walk *walk, uint64_t entry_sp);

/* Sets walk->at from walk->registers, for a frame that was found `how`; false when pc or SP is not known. */
bool at_registers(struct walk *walk, enum frame_how how);

/* unwind_c.c: adds the frame at walk->at, which is in no Go function, and moves to its caller. */
bool advance_c(struct walk *walk);

/* Whether memory at an address is code. */
bool is_code(struct walk *walk, uint64_t address);

#endif
