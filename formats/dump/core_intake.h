/* core_intake.h: a core that comes through a pipe and is kept in a file as far as there is room. The kernel writes headers and notes
 * first, then memory from low addresses to high (fs/binfmt_elf.c), and no byte comes twice: what is kept is decided when the headers
 * have come. Where all does not fit, the largest segments end early, so that small ones (threads' stacks, data, what the runtime keeps
 * for itself) and the beginning of the heap are whole; their headers then say so, and what is missing is not saved, as for any core. */
#ifndef FORMATS_DUMP_CORE_INTAKE_H
#define FORMATS_DUMP_CORE_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

struct core_intake {
	uint64_t size;     /* bytes that came */
	uint64_t left_out; /* of them, bytes of memory that are not kept */
	uint64_t cut;      /* segments that end early */
	bool is_core;      /* else it is kept as it came, up to the room */
	bool broken_off;   /* it ended before its headers say */
};

/* Reads `input` to its end and writes what fits into `room` bytes to `output`, an empty file; pages of zeros are holes of it and cost
 * nothing. A disk that is full before that is as a smaller room. `output` is as long as what came. False: errno says why `input` could
 * not be read, or nothing was kept. */
bool core_intake(int input, int output, uint64_t room, struct core_intake *ret);

#endif
