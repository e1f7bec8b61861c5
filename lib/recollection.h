/* recollection.h: what a history knows of a crash, on its way into a report. A confined analysis asks its parent, who has the database. */
#ifndef LIB_RECOLLECTION_H
#define LIB_RECOLLECTION_H

#include "base/broker.h"
#include "report/history.h"

/* The answer of a process that may open the database of that name: an object of JSON. Of what cannot be read the object says why. */
void recollect(const char *database, const char *fingerprint, struct broker_answer *ret);

/* What is known of a fingerprint, from wherever this process gets it. Texts are printable. */
const struct crash_history *recollection(struct arena *arena, const char *database, const char *fingerprint);

#endif
