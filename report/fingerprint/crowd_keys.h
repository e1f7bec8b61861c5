/* crowd_keys.h: what most goroutines of a process do. */
#ifndef REPORT_FINGERPRINT_CROWD_KEYS_H
#define REPORT_FINGERPRINT_CROWD_KEYS_H

#include "report/fingerprint/subject.h"

/* Adds the functions, and the kind of the wait, that the most goroutines of the program share; of several that as many share, all.
 * Goroutines that wait for input, output or the time, or for ever, are idle: they count where there are no others. */
void crowd_keys(const struct diagnosis *diagnosis, struct subject *subject);

#endif
