/* crash_reports.h: the report of a log that holds several crashes. */
#ifndef LIB_CRASH_REPORTS_H
#define LIB_CRASH_REPORTS_H

#include "lib/job.h"

/* Whether the log's other crashes are wanted as well, and there are any. */
bool crash_reports_wanted(const struct job *job);

/* What is known of the others before the last crash is examined: job->crashes, where the format needs it. */
void crash_reports_survey(struct job *job);

/* Where crashes are told from those of other logs: job->crash_keys, and job->crash, which is the last. */
void crash_reports_tell_apart(struct job *job);

/* The report of the last crash, and those of the others behind it. */
const struct err *crash_reports_write(struct job *job, const struct diagnosis *diagnosis);

#endif
