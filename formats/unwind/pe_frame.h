/* pe_frame.h: what the two CPUs of pe_unwind share: the frame that is being undone. */
#ifndef FORMATS_UNWIND_PE_FRAME_H
#define FORMATS_UNWIND_PE_FRAME_H

#include "formats/unwind/pe_unwind.h"

/* A frame whose function has unwind data. */
struct pe_frame {
	struct image *image;
	uint64_t base;             /* of the module */
	uint64_t pc;               /* where the frame was stopped; of a return address one less, so that it is in the call */
	bool exact;
	uint64_t begin, end;       /* of the function; end: amd64 only, elsewhere the unwind data tell */
	uint32_t unwind;           /* as the function table has it */
	struct registers registers; /* those of the caller, as they become known */
	struct pe_step step;
	enum pe_result result;     /* PE_STEPPED until something fails */
};

/* Bytes, and numbers of the stack; false, with the frame's result set, when they are not there. */
bool pe_frame_data(struct pe_frame *frame, uint64_t rva, void *buf, size_t size);
bool pe_frame_word(struct pe_frame *frame, uint64_t address, uint64_t *ret);

/* A register; false, with the result set, when it is not known. */
bool pe_frame_register(struct pe_frame *frame, uint8_t reg, uint64_t *ret);

/* Reads a saved register; false, with the result set, when it is not there. */
bool pe_frame_restore(struct pe_frame *frame, uint8_t reg, uint64_t address);

/* Ends the attempt; false. */
bool pe_frame_fail(struct pe_frame *frame, enum pe_result result);

/* Undo the frame; the result is in it. arm64 answers false, having done nothing, when pc lies behind the function. */
void pe_frame_amd64(struct pe_frame *frame);
bool pe_frame_arm64(struct pe_frame *frame);

#endif
