/* intake.h: a core that comes through standard input, taken by a confined child (base/isolation.h): not even its headers are looked at
 * by this process. */
#ifndef LIB_INTAKE_H
#define LIB_INTAKE_H

#include "base/cancel.h"
#include "formats/dump/core_intake.h"

#include <stddef.h>

/* As core_intake, from standard input. False: `why` says why not. */
bool intake_run(int output, uint64_t room, bool isolated, const struct cancel *cancel, struct core_intake *ret, char *why, size_t size);

#endif
