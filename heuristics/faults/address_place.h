/* address_place.h: what lies at an address, such as one that a fault accessed. */
#ifndef HEURISTICS_FAULTS_ADDRESS_PLACE_H
#define HEURISTICS_FAULTS_ADDRESS_PLACE_H

#include "heuristics/detector.h"

/* "mapped nowhere, …", "beside SP, where its stack has ended", "in the file data.bin, mapped from 0x…, …", "on the stack of
 * goroutine 7, in the frame of main.f": completes "address 0x… is …". `sp`: SP at the fault, 0: unknown. Never NULL. */
const char *address_place(const struct diagnosis *diagnosis, uint64_t address, uint64_t sp);

/* heap_place.c: what an address of Go's heap is: "16 bytes into a Go object of 64 bytes"; NULL: not of the heap, or not known. */
const char *heap_place_text(const struct diagnosis *diagnosis, uint64_t address);

/* Whether an address lies just below SP where no stack is: its stack is exhausted. */
bool is_past_stack(const struct diagnosis *diagnosis, uint64_t address, uint64_t sp);

/* The segments on both sides of an address that is mapped nowhere; NULL: there is none. */
struct hole {
	const struct segment *below, *above;
	uint64_t start, end; /* 0 and UINT64_MAX where there is no neighbour */
};

/* False: the address is mapped, or the dump does not list what is. */
bool hole_at(struct image *image, uint64_t address, struct hole *ret);

/* Whether the image of a Go module reaches into a segment: what is known of that where the dump has no names of files (an emulator's). */
bool module_reaches(const struct go_module *module, const struct segment *segment);

/* "libc.so.6", "a file that was deleted", "memory without a file": what a segment holds. Never NULL. */
const char *segment_name(const struct diagnosis *diagnosis, const struct segment *segment);

#endif
