/* report.h: a diagnosis, written for people and for programs. What is written depends on the dump and the options
 * alone, and on the history where
 * one is given: no clock, no host paths, no pointers. Text of the dump is escaped: it is hostile. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/cancel.h"
#include "report/history.h"
#include "report/selection.h"

#include <stdio.h>

/* Which goroutines are shown besides those that findings name. */
enum report_goroutines { REPORT_GOROUTINES_FINDINGS, REPORT_GOROUTINES_GROUPS, REPORT_GOROUTINES_ALL };

struct crash_list;

/* One of a log's crashes, for report_incident. */
struct report_crash {
	size_t number, total; /* from 1, of so many: lists of stacks count, as for --crash */
	const char *digest;   /* equal for the same crash in other logs (formats/log/crashes.h) */
	int64_t seen;         /* seconds since 1970; -1: the log does not say */
};

struct report_options {
	const char *version; /* of this program */
	enum report_goroutines goroutines;
	const struct goroutine_filter *filter; /* of report_goroutines, and of report_json; NULL: every goroutine */
	unsigned columns; /* of text; 0: 100 */
	bool color;
	bool verbose;            /* weaker evidence, every thread, full file names */
	bool unmasked;           /* values of flags and of the environment are shown (report/mask.h) */
	bool quiet;              /* the verdict's line only, not wrapped */
	const struct crash_history *history; /* NULL: nobody asked */
	/* Of a log that holds several crashes (report/content/crashes.h), and which of their reports this is; NULL: it holds one, or one was
	 * asked for. */
	const struct crash_list *crashes;
	size_t crash_report;
	size_t crash_number; /* of report_brief: which crash of a log it is; 0: it holds one, or one was asked for */
	const struct report_crash *crash; /* of report_incident; NULL: of no log */
	struct cancel cancel;    /* polled between goroutines; the report then ends early */
};

/* Of several crashes in a log, what stands before each report but the first, and what stands behind the last one. */
void report_text_between(struct arena *arena, const struct report_options *options, FILE *out);
void report_text_end(struct arena *arena, const struct report_options *options, FILE *out);
void report_markdown_between(struct arena *arena, const struct report_options *options, FILE *out);
void report_markdown_end(struct arena *arena, const struct report_options *options, FILE *out);
void report_json_between(struct arena *arena, const struct report_options *options, FILE *out);
void report_json_end(struct arena *arena, const struct report_options *options, FILE *out);

/* The report of one screen. Errors of the stream are left for the caller's ferror. */
void report_text(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);

/* The verdict in one line, with the place and the fingerprint. */
void report_brief(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);

/* The report as an issue, ready to be pasted (GitHub Flavored Markdown). */
void report_markdown(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);

/* The goroutines that options->filter selects: in groups of equal stacks or, with REPORT_GOROUTINES_ALL, each. */
void report_goroutines(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);

/* The goroutines (options->filter), and without a filter the last words, in the form in which the runtime prints them; what is ours in
 * lines of its own behind "# ". */
void report_traceback(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);

/* The report as one page that needs no network and no script. */
void report_html(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);

/* The goroutines (options->filter) as profiles: pprof's, compressed, and folded stacks, a line for each group of equal ones. */
void report_pprof(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);
void report_folded(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);

/* One JSON object as docs/report.schema.json describes it; the first of several crashes is open until report_json_end. False when memory ran out, so that it is not whole. */
bool report_json(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);

/* What tells dumps of one cause from others, and what may differ among them: one line of JSON (docs/triage.schema.json, an input, without
 * what only the file tells). False when memory ran out. */
bool report_incident(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);

/* In place of such a line, of a crash that could not be analysed. */
bool report_incident_failure(struct arena *arena, const struct report_crash *crash, const char *code, const char *text, FILE *out);

/* Why there is no report. */
struct failure {
	const char *version;    /* of this program */
	const char *input;      /* name of the dump, without its folder */
	const char *code;       /* err_code_name */
	const char *text;
};

/* The JSON object that stands in place of the report (docs/report.schema.json, `error`). False when memory ran out. */
bool report_failure(struct arena *arena, const struct failure *failure, FILE *out);

struct crash_field {
	const char *name, *text; /* NULL: it is left out */
};

/* What is known of a crash beside its report: one JSON object of texts. False when memory ran out. */
bool report_crash(struct arena *arena, const struct crash_field *fields, size_t count, FILE *out);

/* What a rule, or a known bug, means, and the list of all rules and bugs, a line each. `arena` is scratch memory. */
void report_rule(struct arena *arena, const struct detector *detector, unsigned columns, FILE *out);
void report_bug(struct arena *arena, const struct known_bug *bug, unsigned columns, FILE *out);
void report_rules(struct arena *arena, FILE *out);

#endif
