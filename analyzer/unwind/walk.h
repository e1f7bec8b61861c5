/* walk.h: what the files of the unwinder share: a walk under way. unwind.c knows frames of Go, foreign.c all others; thread.c the
 * stacks of threads. */
#ifndef ANALYZER_UNWIND_WALK_H
#define ANALYZER_UNWIND_WALK_H

#include "analyzer/unwind/unwind.h"

enum { WORD = 8, CALL_BYTES = 8 /* at most, of an instruction that calls */ };

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
	bool lost;                  /* a frame is missing in between: the walk went on at the one above */
	bool crossed;               /* a signal frame was just crossed: at is on another stack */
};

/* Ends the walk; answers false, as every step does that has no next. */
bool end_walk(struct walk *walk, enum stack_end end, uint64_t address);

/* Reads a stack word, or ends the walk with the reason why it cannot be read. */
bool stack_word(struct walk *walk, uint64_t address, uint64_t *ret);

bool in_bounds(const struct walk *walk, uint64_t sp);

/* Adds the frame at walk->at. */
struct frame *add_frame(struct walk *walk, const struct pc_info *info);

/* Walks from walk->at to where the stack, or a signal's frame, ends. */
void walk_on(struct walk *walk);

/* No frame, and an end that says that nothing was known to walk from. */
void stack_clear(struct stack *stack);

/* The ordinary step from a frame of Go to its caller. False when the walk ended. */
bool step_to_caller(struct walk *walk, const struct frame *frame, bool innermost);

/* thread.c: a thread's stack has its own ways to go on: signal frames, and switches to the user stack. *handled: this frame had one. */
bool thread_step(struct walk *walk, struct frame *frame, bool *handled);

/* thread.c: where a walk ended inside the vDSO, goes on at what called it. False: it did not, or nobody noted the call. */
bool past_vdso_call(struct walk *walk);

/* thread.c: goes on in the context that a signal interrupted. `entry_sp`: SP at the entry of its handler. */
bool cross_signal(struct walk *walk, uint64_t entry_sp);

/* injected.c: steps over an injected call: what it interrupted is exact, and its LR was pushed (arm64). */
bool after_injected(struct walk *walk, const struct frame *frame);

/* injected.c: whether the runtime noted that a goroutine jumped to 0. `pc`: what sigpanic returns to. */
bool noted_nil(const struct walk *walk, uint64_t pc);

/* past_damage.c: the CPU stopped where no code is: perhaps a RET took a damaged return address. True: the walk goes on from what
 * that was. */
bool returned_nowhere(struct walk *walk);

/* past_damage.c: a frame's slot of the return address holds none. True: the walk goes on from what it was. */
bool damaged_slot(struct walk *walk, const struct frame *frame, uint64_t slot, uint64_t observed);

/* Sets walk->at from walk->registers, for a frame that was found `how`; false when pc or SP is not known. */
bool at_registers(struct walk *walk, enum frame_how how);

/* foreign.c: adds the frame at walk->at, which is in no Go function, and moves to its caller. */
bool advance_c(struct walk *walk);

/* foreign.c, for frames that are not Go's: moves to the caller that walk->registers now tell, with its pc read from a slot (0:
 * a register); a pc of 0 ends the stack. `interrupted`: it made no call, a signal or an exception stopped it. */
bool to_caller(struct walk *walk, bool interrupted, uint64_t return_slot);

/* record.c, where a pc is in no code: moves to the caller whose call of a pointer led there, if registers or memory still tell that
 * pointer. False: nothing is changed. */
bool by_wild_call(struct walk *walk);

/* past_damage.c: the record of code that the process made on a goroutine's stack holds no return address: moves to the caller if it can be told
 * what that was. */
bool damaged_record(struct walk *walk, uint64_t record);

/* What a caller had in the frame pointer, by a record. One that keeps no record had anything there: that is not in a redacted dump,
 * where it reads, as the word was, as no address. False: it cannot be read. */
bool record_next(struct walk *walk, uint64_t record, uint64_t *ret);

/* record.c, for code without a table: moves to the caller by the record that the frame pointer names, if what that holds
 * can be a caller. Ends the walk, complete where a program or thread starts. */
bool by_record(struct walk *walk);

/* Moves to the caller of a linker's stub. */
bool by_stub(struct walk *walk);

/* Whether a pc of a thread is where a signal handler returns to: code that the kernel or the C library has for that. */
bool is_sigreturn(struct walk *walk, uint64_t pc);

/* Whether a return address is just behind a call. */
bool follows_call(struct walk *walk, uint64_t pc);

/* A return address without the bits that sign it; as it is, where that leads to no code. */
uint64_t without_signature(struct walk *walk, uint64_t pc);

/* Ends the walk at a word that cannot be read. */
bool unreadable(struct walk *walk, uint64_t address);

/* What C code above a Go frame can know of its registers, once it is known to return to pc. */
void caller_registers(struct walk *walk, const struct frame *frame, uint64_t pc);

/* windows.c: the module of a Windows program that an address lies in; NULL: none. */
const struct mapping *windows_module(struct walk *walk, uint64_t address);

/* Moves to the caller of a frame in a module. */
bool leave_module(struct walk *walk, struct frame *frame, const struct mapping *module);

/* Moves to the caller of asmstdcall, which called Windows. */
bool leave_stdcall(struct walk *walk, struct frame *frame);

/* Whether asmcgocall, at whose frame the walk is, was called on the system stack already and has only aligned SP; then the
 * frame's top is set. */
bool stays_on_stack(struct walk *walk, struct frame *frame);

/* Whether memory at an address is code. */
bool is_code(struct walk *walk, uint64_t address);

#endif
