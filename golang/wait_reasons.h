/* wait_reasons.h: the runtime's words for the state of a goroutine. */
#ifndef GOLANG_WAIT_REASONS_H
#define GOLANG_WAIT_REASONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What Go 1.minor prints for g.waitreason, e.g. "chan receive"; NULL for 0 and for what that release does not have. The
 * newest table serves newer releases, the oldest (1.18) those before it. */
const char *wait_reason_text(int minor, uint32_t id);

/* The releases whose wait reasons have that text, Go 1.first to 1.last; a last that is the newest known is INT16_MAX, a first that is the
 * oldest known 0. False: no release known has it. */
bool wait_reason_minors(const char *text, int *first, int *last);

/* What the runtime prints for a status without its scan bit, e.g. "runnable"; NULL when it is none. */
const char *g_status_name(uint32_t status);

/* The states that a live goroutine may be in, over all releases: statuses, then wait reasons; NULL after the last. */
const char *goroutine_state_name(size_t index);

/* Whether `word` means a state, case aside: by its whole name or, where no state has the name `word`, by the beginning
 * of its name. */
bool goroutine_state_means(const char *word, const char *state);

#endif
