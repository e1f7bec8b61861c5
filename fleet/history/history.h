/* history.h: what is known of crashes over time, in a database (1.sql). Several processes may add to one at a time; what they add does not depend
 * on who is first, but for which cluster is called by which of several fingerprints that come together. */
#ifndef FLEET_HISTORY_HISTORY_H
#define FLEET_HISTORY_HISTORY_H

#include "fleet/clusters.h"
#include "fleet/history/database.h"
#include "report/history.h"

/* Functions that take an arena use it for texts and for what they work with, and may be called again and again; errors are on the arena of
 * the database. */

/* Adds a crash, by its content; of equal contents the one that was seen first stays, judged as it was judged last. Its headline, in which what the
 * program said may stand, is kept if `whole`. What was not analysed, or has no hash, is not added. */
const struct err *history_add(struct database *database, struct arena *arena, const struct incident *incident, bool whole);

/* Decides which cluster each new fingerprint is in; those that were decided stay. */
const struct err *history_settle(struct database *database, struct arena *arena);

/* Tells a fleet which clusters its fingerprints are in. */
const struct err *history_assign(struct database *database, struct fleet *fleet);

/* Says of clusters that were first seen at or after `since` when the history first saw them (`earlier`), which may have forgotten the incidents
 * themselves, or have them from elsewhere. Their fingerprints are settled. */
const struct err *history_date(struct database *database, struct clusters *clusters, int64_t since);

/* Which incidents: of a fingerprint's cluster (NULL: of all), seen at or after `since`. */
struct history_selection {
	const char *fingerprint;
	int64_t since;
};

/* Hands each to `take`, in the order in which they were seen; its texts are gone afterwards. */
const struct err *history_each(struct database *database, const struct history_selection *selection,
			       void (*take)(void *context, const struct incident *incident), void *context);

/* How many were seen on each day (since 1970) of each cluster, in the order of time; clusters go with the next row. */
const struct err *history_days(struct database *database, void (*take)(void *context, const char *cluster, int64_t day, uint64_t count), void *context);

/* What is known of crashes like one of that fingerprint; *ret has count 0 where there was none. */
const struct err *history_of(struct database *database, struct arena *arena, const char *fingerprint, struct crash_history *ret);

/* The full fingerprint of which `begin` is the beginning, or itself; NULL: none, or several begin so. */
const struct err *history_find(struct database *database, struct arena *arena, const char *begin, const char **ret);

/* The report that is kept for a cluster, of its first fingerprint that has one; NULL: there is none. */
const struct err *history_report(struct database *database, struct arena *arena, const char *cluster, const char **ret);

/* Whether there is one; and keeping one of a fingerprint, with the headline that goes with it. */
const struct err *history_has_report(struct database *database, const char *cluster, bool *ret);
const struct err *history_keep_report(struct database *database, const char *fingerprint, const char *headline, const char *report);

/* Attaches what people say ("note"), or a link ("issue"), to a fingerprint; the same twice is once. */
const struct err *history_note(struct database *database, struct arena *arena, const char *fingerprint, const char *kind, const char *text,
			       int64_t now);

/* Removes incidents that were seen before that time; how many there were of each fingerprint and build, and when, stays. The same
 * contents are not added again. */
const struct err *history_retain(struct database *database, struct arena *arena, int64_t before, uint64_t *removed);

#endif
