/* insn_decoder.h: a decoder from the inside; private to insn.c and insn_amd64.c, the only files that know capstone. */
#ifndef FORMATS_CPU_INSN_DECODER_H
#define FORMATS_CPU_INSN_DECODER_H

#include "formats/cpu/insn.h"

#include <capstone/capstone.h>

struct decoder {
	const struct arch *arch;
	csh handle;                     /* 0: this capstone was built without the CPU */
	cs_insn *scratch;               /* reused by every decoding */
	uint8_t number[X86_REG_ENDING]; /* amd64: capstone's registers in the arch's numbers, REG_NONE if not general */
	uint8_t width[X86_REG_ENDING];  /* bytes of it, from its lowest; 0: the second byte, or not general */
};

/* Fills number and width. */
void insn_amd64_registers(struct decoder *decoder);

/* Writes down what the instruction in decoder->scratch, at insn->address and of insn->size bytes, does; other members are 0. */
void insn_amd64(struct decoder *decoder, struct insn *insn);

/* As insn_touches, of the instruction in decoder->scratch that is decoded as insn. */
enum insn_touch insn_amd64_touches(struct decoder *decoder, struct insn *insn, struct insn_operand *ret);

/* Vector instructions that are newer than capstone: Go's garbage collector has had AVX-512 since 1.26. They fall
 * through and leave SP alone; a VEX one may write the general register in its ModRM byte (KMOV). False: it is none, or cut
 * short. Intel SDM 2A, 2.3 and 2.7. */
bool insn_amd64_vector(const struct decoder *decoder, struct span code, struct insn *insn);

#endif
