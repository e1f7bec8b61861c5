/* stack.h: an unwound stack. Every frame says how it was found, every stack says why it ends. */
#ifndef ANALYZER_UNWIND_STACK_H
#define ANALYZER_UNWIND_STACK_H

#include "golang/runtime.h"

enum frame_how {
	HOW_CONTEXT,       /* a thread's or gobuf's pc and sp */
	HOW_PCSP,          /* Go's pcsp table of the frame below */
	HOW_CFI,           /* DWARF or PE unwind information */
	HOW_FRAME_POINTER, /* the frame-pointer chain, past an unusable return address */
	HOW_SIGNAL,        /* the context that a signal frame saved, or an injected call's interrupted frame */
	HOW_SWITCH,        /* across a stack switch */
	HOW_REPAIRED,      /* past a tear that a finding names: the first frame after the seam */
	HOW_SCAN,
	HOW_RECORDED,      /* as the runtime printed it; sp and fp are 0 where it did not */
};

enum stack_end {
	END_COMPLETE,        /* a TOPFRAME function was reached by valid steps */
	END_DAMAGED,         /* a return address that cannot be one; end_address is its slot */
	END_NOT_SAVED,       /* end_address lies in memory that the dump leaves out, or lost by truncation */
	END_UNMAPPED,        /* end_address is mapped nowhere */
	END_NO_TABLE,        /* end_address is a pc in code without unwind tables */
	END_LIMIT,
	END_STACK_SWITCH,    /* a thread's stack reaches a user goroutine's */
	END_UNKNOWN_CONTEXT, /* no pc and sp to start from */
};

struct frame {
	uint64_t pc;  /* frame 0: the stopped pc; callers: the return address, as in its slot */
	uint64_t sp;  /* SP at pc, repaired where torn */
	uint64_t fp;  /* the frame's top: SP of the caller after return (the runtime's fp=); 0: unknown */
	uint64_t slot; /* where pc was read from; 0: a register or context */
	const struct pc_info *info;
	enum frame_how how;
	bool exact;    /* pc is not a return address: line and tables are looked up at pc itself */
	int32_t tear;  /* index in analysis->tears of the tear at this frame, -1: none */
	int32_t damage; /* index in analysis->damages of the damaged word that pc was repaired from, -1: none */
	const struct recorded_frame *recorded; /* as printed in a log; NULL: it was walked */
};

/* Of a stack that overflowed, which has millions of frames, only the two ends are kept, each at least this long. */
enum { STACK_KEPT = 5000 };
#define FRAME_ELIDED UINT32_MAX /* for the index of a frame that is not */

struct stack {
	VEC(struct frame) frames;
	size_t elided;      /* frames that were walked and are not kept; 0: none */
	size_t elided_at;   /* … between frames[elided_at - 1] and frames[elided_at]; meaningful if elided */
	uint32_t elided_period;   /* each of them has the pc of the frame so many below it (recursion); 0: no such number */
	uint32_t elided_functions; /* … is in the function of the frame so many below it */
	uint64_t digest;    /* of the pcs of all frames, in order */
	enum stack_end end;
	uint64_t end_address; /* 0: none */
};

/* How many frames were walked. */
size_t stack_depth(const struct stack *stack);

/* Makes *ret a stack of its own with the same frames; the room that it has for frames is used again. */
void stack_copy(struct arena *arena, const struct stack *from, struct stack *ret);

/* Adds a value to a digest, which starts at 0 or any seed. */
uint64_t digest_add(uint64_t digest, uint64_t value);

/* The name of an enum value in reports, e.g. "frame-pointer", "stack-switch". */
const char *frame_how_name(enum frame_how how);
const char *stack_end_name(enum stack_end end);

/* One line of a printed stack: a frame, or a call inlined into it. */
struct frame_line {
	const struct frame *frame;
	size_t frame_index;
	const char *function; /* NULL: in no known function */
	const char *file;     /* NULL: unknown */
	int32_t line;         /* 0: unknown */
	bool inlined;
	uint8_t func_id;      /* of Go's functions: golang/func_id.h */
	uint64_t entry;       /* of the function; 0: unknown, or inlined */
	const char *module;   /* file name of the mapped file for code that is not Go's; NULL: unknown */
};

/* The `go` statement before a return address, g.gopc: its function, and the innermost file and line, also of an inlined call
 * (runtime.printcreatedby1, Go 1.26). False: no Go function is there. */
bool creator_line(struct go_runtime *runtime, uint64_t gopc, struct frame_line *ret);

/* Whether the pc of frame `index` is a return address behind a call that can reach `callee`, the function of the frame below it;
 * NULL: not known, any function will do. True of a frame that stopped there itself. The frame below the first one behind those
 * that are not kept is not known, whatever the caller says. */
bool frame_follows_call(struct go_runtime *runtime, const struct stack *stack, size_t index, const struct func *callee);

/* Where a frame stands: its pc, "0x47f21c", or, of a log that does not tell it, file and line, "main.go:38". */
const char *frame_address_text(struct arena *arena, const struct frame *frame);

/* Where the spill slot of a function's integer parameter lies, counted from 0, among those that are passed in registers: at the beginning of
 * the caller's frame, on arm64 past the link register's word (cmd/compile/abi-internal.md). What is there may be stale. 0: unknown. */
uint64_t frame_argument_slot(const struct arch *arch, const struct frame *frame, size_t parameter);

/* Index of the innermost frame of code that the process made itself (libraries_generated); SIZE_MAX: none. */
size_t generated_frame(struct image *image, const struct stack *stack);

/* record.c: whether a word is a return address in such code: behind a call, if the dump, which may be cut short, has what is before it. */
bool returns_to_generated(struct go_runtime *runtime, uint64_t pc);

/* The lines of one frame, innermost first; returns their number, at least 1. */
size_t frame_lines(struct image *image, const struct stack *stack, size_t index,
		   struct frame_line lines[static INLINE_LIMIT]);

#endif
