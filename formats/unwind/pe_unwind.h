/* pe_unwind.h: how a frame of Windows code finds its caller: the function table (.pdata) of its module, and what that leads
 * to. Everything is read from the image, where executables that back it serve as well as the dump. */
#ifndef FORMATS_UNWIND_PE_UNWIND_H
#define FORMATS_UNWIND_PE_UNWIND_H

#include "formats/dump/image.h"

enum pe_result {
	PE_STEPPED,
	PE_NO_TABLE,   /* the module's headers or its table are not there, or the place is none of a module */
	PE_UNREADABLE, /* a saved register, or unwind data, cannot be read: ret->address */
	PE_LOST,       /* a register that is needed is not known, or the data make no sense */
};

struct pe_step {
	uint64_t top;         /* SP of the caller */
	uint64_t return_slot; /* where the return address was read from, 0: a register */
	bool interrupted;     /* the caller made no call: an exception or interrupt stopped it */
	uint64_t address;     /* PE_UNREADABLE: what could not be read; 0: unwind data */
};

/* From the registers of a frame to those of its caller, which replace them on PE_STEPPED; what a call may have changed
 * becomes unknown. `exact`: pc is where the frame was stopped, so that it may be in a prolog, an epilog or a function
 * without a frame; else it is a return address. */
enum pe_result pe_unwind(struct image *image, const struct mapping *module, bool exact, struct registers *registers,
			 struct pe_step *ret);

/* Where the function at an address begins; of one without unwind data (it calls none), where its predecessor ends, at most.
 * False: the table is not there. */
bool pe_function_start(struct image *image, const struct mapping *module, uint64_t address, uint64_t *ret);

/* The first entry of a module's table that begins below its predecessor, so that a binary search may miss functions; false:
 * there is none, or no table. *address: of the entry; *count: how many there are like it. */
bool pe_table_unsorted(struct image *image, const struct mapping *module, uint64_t *address, size_t *count);

#endif
