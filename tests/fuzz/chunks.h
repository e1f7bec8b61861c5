/* chunks.h: an input of several parts: each begins with its length in one or two bytes, the last has the rest. */
#ifndef TESTS_FUZZ_CHUNKS_H
#define TESTS_FUZZ_CHUNKS_H

#include "base/span.h"

/* The next part, as long as a byte (u8) or two (u16) say; shorter where the input ends. */
struct span chunk_u8(struct reader *reader);
struct span chunk_u16(struct reader *reader);

/* All that is left. */
struct span chunk_rest(struct reader *reader);

#endif
