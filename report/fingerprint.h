/* fingerprint.h: equal for dumps of the same defect in the same place. */
#ifndef REPORT_FINGERPRINT_H
#define REPORT_FINGERPRINT_H

#include "heuristics/detector.h"

/* 16 hexadecimal digits on the diagnosis' arena: a hash of the verdict's rule and of the functions, with offsets
 * inside them, at the top of the stack that it is about. No address, id, path or time goes into it. */
const char *fingerprint_of(const struct diagnosis *diagnosis);

#endif
