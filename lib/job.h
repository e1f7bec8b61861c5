/* job.h: one analysis at work: a dump, from its bytes to a report. */
#ifndef LIB_JOB_H
#define LIB_JOB_H

#include "base/steps.h"
#include "heuristics/detector.h"
#include "lib/report_file.h"
#include "lib/tornstack.h"
#include "report/report.h"

#define JOB_BUDGET ((size_t)2 << 30)

/* Steps of each of three parts: until all is walked, until all is judged, until all is written. None of the cases takes a fiftieth of
 * them, and a stack of 512 MB full of the smallest frames a sixth (docs/security.md). */
enum { JOB_STEPS = 1 << 24 };

/* What was known once the dump had been opened. */
struct opened {
	struct image *image;
	struct image then;
	const char **notes;
	size_t notes_count;
};

struct builds;
struct log_crash_key;

struct job {
	struct arena *arena;
	const char *dump;
	const struct ts_options *options;
	struct progress progress;
	FILE *out;
	struct report_file *report;
	const struct err *error;
	struct steps *steps;
	uint64_t steps_most; /* of each part; 0: by the dump's size */
	bool surveying; /* it is loaded to learn which executable it is of, and no more */
	const struct exe *adopted; /* the executable of which the dump was given what it needs; NULL: none */
	uint64_t adopted_bias;
	bool begun; /* what is no report is being written */
	bool *passed; /* becomes true when some of the report left; NULL: nobody asks */
	const char *lost; /* a file that became shorter while another crash of the log was looked at; NULL: none */
	struct opened opened;
	struct crash_list *crashes; /* of the log, where each gets a report; NULL: there is one, or nobody wants more */
	struct builds *builds;      /* that its crashes are of, as far as executables of them are looked for */
	size_t crash_report;        /* which of their reports is being written */
	size_t crash_number;        /* of the log, where each gets a line; 0: as above */
	const struct log_crash_key *crash_keys; /* of those that are looked at, where they are told from those of other logs; NULL: they are not */
	const struct report_crash *crash;       /* … which one a line is written of */
	size_t crashes_total, crashes_told; /* lines that there should be, and that there are */
	bool cancelled;
	bool corruption;
};

struct notes *job_notes(struct arena *arena);

/* Polls what the options say of that; what was cancelled stays so. */
bool job_cancelled(struct job *job);

/* As struct progress has it: `context` is the job. */
void job_show_progress(void *context, enum progress_phase phase, uint64_t done, uint64_t total);

/* How many steps each part of it may take. */
uint64_t job_steps(const struct job *job);

/* Opens the dump, and keeps what is known then: each attempt to examine it begins there. */
const struct err *job_open(struct job *job);
void job_keep_opened(struct job *job);

/* Of TS_SLIM with tables: the executable, once it is known to be the one that ran, becomes part of the dump, and is not looked for again. */
const struct err *job_adopt_executable(struct job *job);

/* All but the report. NULL: there was an error, or it was cancelled. */
struct diagnosis *job_examine(struct job *job);

/* The report as the options want it; to a stream, false: memory ran out. To `out`, what waits is passed on by report_file_finish. */
struct report_options job_report_options(const struct job *job, const struct diagnosis *diagnosis);
bool job_write_as(const struct ts_options *options, const struct diagnosis *diagnosis, const struct report_options *report, FILE *out);
const struct err *job_write_report(struct job *job, const struct diagnosis *diagnosis);
const struct err *job_write_slim(struct job *job, const struct diagnosis *diagnosis);

#endif
