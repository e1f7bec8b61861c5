/* wait_reasons.h: the runtime's words for the state of a goroutine. */
#ifndef GOLANG_WAIT_REASONS_H
#define GOLANG_WAIT_REASONS_H

#include <stdint.h>

/* What Go 1.minor prints for g.waitreason, e.g. "chan receive"; NULL for 0 and for what that release does not have. The
 * newest table serves newer releases, the oldest (1.18) those before it. */
const char *wait_reason_text(int minor, uint32_t id);

/* What the runtime prints for a status without its scan bit, e.g. "runnable"; NULL when it is none. */
const char *g_status_name(uint32_t status);

#endif
