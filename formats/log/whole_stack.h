/* whole_stack.h: goroutines that stand in the log as the runtime printed them, told by a look: of a dump of a million nothing else has
 * to be asked. */
#ifndef FORMATS_LOG_WHOLE_STACK_H
#define FORMATS_LOG_WHOLE_STACK_H

#include "base/span.h"

#include <stdbool.h>

struct whole_stack {
	size_t size;     /* up to the newline of its last line; the empty line behind the stack is part of it */
	uint16_t below;  /* lines behind the first */
	uint32_t widest; /* bytes of its longest line */
};

/* Whether a goroutine with its stack begins at an offset, where a line does, and nothing of it can be anything else than it seems. */
bool whole_stack_at(struct span text, size_t at, struct whole_stack *ret);

#endif
