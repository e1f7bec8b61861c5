/* address_place.h: what lies at an address that a fault accessed. */
#ifndef HEURISTICS_FAULTS_ADDRESS_PLACE_H
#define HEURISTICS_FAULTS_ADDRESS_PLACE_H

#include "heuristics/detector.h"

/* "mapped nowhere", "beside SP, where its stack has ended", "in the file data.bin, mapped from 0x…, …": completes
 * "address 0x… is …". `sp`: SP at the fault, 0: unknown. Never NULL. */
const char *address_place(const struct diagnosis *diagnosis, uint64_t address, uint64_t sp);

/* Whether an address lies just below SP where no stack is: its stack is exhausted. */
bool is_past_stack(const struct diagnosis *diagnosis, uint64_t address, uint64_t sp);

#endif
