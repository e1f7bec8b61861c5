/* cfi.h: DWARF call frame information (.eh_frame, .debug_frame): how a frame of code that is not Go's finds its caller.
 * Reference: DWARF 5, 6.4 (call frame information), 2.5 (expressions); LSB 5, 10.6 (.eh_frame, its augmentation).
 *
 * A row is one line of the table that a function's unwind program makes: the rules that hold at one pc. Rows come from a
 * confined child and are as hostile as the file. */
#ifndef FORMATS_UNWIND_CFI_H
#define FORMATS_UNWIND_CFI_H

#include "formats/exe/exe.h"
#include "formats/dump/image.h"

enum {
	CFI_COLUMNS = 33,     /* DWARF's numbers of the registers that matter: amd64 0…16, arm64 0…31 */
	CFI_EXPRESSIONS = 1024, /* bytes for all expressions of a row; 17 of them in a C library's signal trampoline */
};

enum cfi_kind {
	CFI_UNDEFINED,
	CFI_SAME,           /* the register keeps its value, or nothing is said of it */
	CFI_OFFSET,         /* saved at CFA + offset; for the CFA itself: register + offset */
	CFI_VALUE_OFFSET,   /* is CFA + offset */
	CFI_REGISTER,       /* is in another register */
	CFI_EXPRESSION,     /* saved where an expression says */
	CFI_VALUE_EXPRESSION, /* is what an expression says */
};

struct cfi_rule {
	uint8_t kind;         /* enum cfi_kind */
	uint8_t column;       /* DWARF's number of a register: CFI_REGISTER; CFI_OFFSET of the CFA */
	uint16_t start, size; /* of the expression in cfi_row.expressions */
	int64_t offset;
};

struct cfi_row {
	uint64_t low, high; /* file addresses of the function whose row this is */
	uint8_t found;      /* 0: the pc has no unwind information */
	uint8_t signal;     /* the frame is a signal trampoline: its caller was interrupted, and made no call */
	uint8_t return_column;
	struct cfi_rule cfa;
	struct cfi_rule rules[CFI_COLUMNS];
	uint8_t expressions[CFI_EXPRESSIONS];
};

struct cfi_table;

/* The unwind tables of a file, opened at the first question. `exe` must stay valid. */
struct cfi_table *cfi_table_new(struct arena *arena, struct notes *notes, const struct exe *exe);

/* The row at a file address; NULL when there is none, or the tables cannot be read, which a note says. Asked once per
 * address. */
const struct cfi_row *cfi_table_row(struct cfi_table *table, uint64_t pc);

enum cfi_result {
	CFI_STEPPED,
	CFI_OUTERMOST,  /* the table says that there is no caller */
	CFI_UNREADABLE, /* a saved register cannot be read: ret->address */
	CFI_LOST,       /* the rules ask for a register that is not known, or make no sense */
};

struct cfi_step {
	uint64_t cfa;
	uint64_t return_slot; /* where the return address was read from, 0: a register */
	uint64_t address;     /* CFI_UNREADABLE: what could not be read */
};

/* From the registers of a frame to those of its caller, which replace them on CFI_STEPPED. Those that a call may have
 * changed become unknown, except over a signal trampoline. */
enum cfi_result cfi_step(struct image *image, const struct cfi_row *row, struct registers *registers,
			 struct cfi_step *ret);

#endif
