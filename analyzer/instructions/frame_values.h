/* frame_values.h: what registers and stack slots hold while a function runs, as far as its instructions tell. A
 * value is unknown, a constant, an address relative to the frame's top, or still what the caller left in LR or FP. */
#ifndef ANALYZER_INSTRUCTIONS_FRAME_VALUES_H
#define ANALYZER_INSTRUCTIONS_FRAME_VALUES_H

#include "formats/cpu/insn.h"

enum { SLOT_LIMIT = 24 }; /* stack slots of interest: saved registers */

enum value_kind { VALUE_UNKNOWN, VALUE_CONST, VALUE_TOP, VALUE_LINK, VALUE_CALLER_FP };

struct value {
	enum value_kind kind;
	int64_t number; /* the constant; the offset from the frame's top */
};

struct slot {
	int64_t offset; /* from the frame's top */
	struct value value;
};

struct state {
	struct value regs[REG_LIMIT];
	struct slot slots[SLOT_LIMIT];
	size_t slot_count;
	bool assumed;
};

/* What a register holds; unknown for REG_NONE. */
struct value reg_value(const struct state *state, uint8_t reg);

/* What a slot holds, at an offset from the frame's top; NULL: unknown. */
struct value *slot_find(struct state *state, int64_t offset);

/* Stores the `size` low bytes of a value; what they overlap becomes unknown. */
void slot_store(struct state *state, int64_t offset, int64_t size, struct value value);

/* The effects of an instruction, but not of what it calls. */
void state_apply(struct state *state, const struct arch *arch, const struct insn *insn);

#endif
