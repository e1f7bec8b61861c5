/* redaction.h: what may stay in a dump that leaves the machine (formats/slim/redaction.h), as far as it takes to know Go. */
#ifndef LIB_REDACTION_H
#define LIB_REDACTION_H

#include "formats/slim/redaction.h"
#include "heuristics/finding.h"
#include "lib/tornstack.h"

/* Redacts what the image of a diagnosis has kept (slim_begin). */
void redact(const struct diagnosis *diagnosis, const struct ts_options *options);

#endif
