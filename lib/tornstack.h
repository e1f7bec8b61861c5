/* tornstack.h: the library, for C and C++: open a dump, look at what was found, or have a report written; scan executables.
 * docs/embedding.md has examples.
 *
 * Threads: every function may be called by several threads at once; what ts_open made is only read, by any of them, until ts_close.
 * Processes: nothing is kept between two calls, and nothing is printed but to the stream that is given. For as long as a file is
 * mapped SIGBUS is taken, and handed on where it is not of such a file. An isolated analysis forks.
 * Texts are UTF-8 without control characters: what a dump says is hostile, and is escaped before it comes here.
 * Versions: options may grow at their end, which the size that is handed over with them tells; so may the structs that the library
 * makes, which is why lists are of pointers, and nobody else is to make or copy one. Symbols have versions. */
#ifndef TORNSTACK_H
#define TORNSTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* This header's; ts_version() is the library's that runs. */
#define TORNSTACK_VERSION "0.1.0"
const char *ts_version(void);

/* ---- what to do ---- */

enum ts_format {
	TS_TEXT,
	TS_JSON,
	TS_SARIF,     /* of ts_scan; all below: of ts_analyze */
	TS_TRACEBACK, /* stacks as the Go runtime prints them */
	TS_BRIEF,     /* one line */
	TS_MARKDOWN,  /* an issue, ready to be pasted */
	TS_HTML,      /* a page that needs nothing else */
	TS_PPROF,     /* goroutines as a profile of pprof, compressed */
	TS_FOLDED,    /* goroutines as folded stacks */
	TS_INCIDENT,  /* what many dumps are put together by: one line of JSON */
	TS_OTLP,      /* of ts_triage and ts_history: crashes as log records of OpenTelemetry, a line of JSON each */
	TS_SLIM,      /* no report, but what of the dump a report needs (formats/slim) */
};

enum ts_goroutines { TS_GOROUTINES_FINDINGS, TS_GOROUTINES_GROUPS, TS_GOROUTINES_ALL };

/* Goroutines to list. Every condition must hold; of the values of one condition, any. Lists end with NULL; NULL: no such
 * condition. Names are found by any part of them. */
struct ts_filter {
	const char *const *functions; /* of a frame, or of a call inlined into one */
	const char *const *states;    /* see ts_state_known */
	const char *const *creators;  /* functions whose go statement made the goroutine */
	const uint64_t *ids;          /* ranges: first, last, first, last, … */
	size_t id_count;              /* of ranges */
	int64_t waiting_over;         /* nanoseconds; 0: no such condition */
};

enum ts_phase {
	TS_COPYING,       /* the dump, from a pipe; bytes */
	TS_DECOMPRESSING, /* the dump; bytes of the compressed file */
	TS_LISTING,       /* goroutines */
	TS_WALKING,       /* goroutines' stacks */
	TS_JUDGING,
	TS_WRITING,       /* goroutines or groups of them, into the report */
	TS_DONE,
};

struct ts_options {
	const char *const *executables; /* --exe, NULL-terminated; NULL: find it */
	const char *symbols_dir;        /* NULL: none */
	const char *sysroot;            /* where the dump's paths begin; NULL: at the root */
	uint64_t max_size;              /* of a decompressed dump in bytes; 0: 64 GiB, and no more than such a dump makes of its bytes */
	/* What reports call the dump; NULL: its file's name. With a title, paths of it and of executables are of descriptors, and tell
	 * nothing: executables are called what the process called them. */
	const char *title;
	int64_t pid;                    /* of a process that runs, which is read instead of a dump; 0: none */
	uint64_t max_pause;             /* nanoseconds: for how long that process may be stopped, about; 0: 20 ms */
	unsigned crash;                 /* of a log: which crash of it, from 1; 0: the last (see every_crash) */
	unsigned workers;               /* threads that share the work, at most 8; 0: one for each CPU. The report is the same */
	enum ts_format format;
	enum ts_goroutines goroutines;
	const struct ts_filter *filter; /* list these goroutines instead of saying what happened; NULL: do not */
	bool compressed;                /* of TS_SLIM: by zstd */
	bool listed;                    /* of TS_SLIM: no dump, but a list of what it would hold, and why */
	bool alone;                     /* no executable is looked for, beside those that are named */
	bool unredacted;                /* of TS_SLIM: all words that were read, whatever they are */
	bool tables;                    /* of TS_SLIM: with code and tables of the executable, which then is not needed */
	bool color;
	unsigned columns;               /* width of text; 0: 100 */
	bool verbose, quiet;
	const char *db;                 /* a history of crashes (ts_triage), of which the report says what is known of this one; NULL: none */
	bool unmasked;                  /* values of flags and of the environment are shown, and what is at paths that the dump names */
	/* Work in a child process that can open nothing and reach nobody (base/isolation.h), so that a dump that is an attack, or
	 * that this library does not survive, costs an error. SIGCHLD must not be ignored. */
	bool isolated;
	/* Polled in long steps, by any thread of the analysis; true ends it. NULL: never. */
	bool (*cancelled)(void *context);
	/* Called every so often, by the thread that called ts_analyze or ts_open, with what is done of `total` (0: unknown): bytes of
	 * input, goroutines or groups of them. Phases may be left out or come again, and `done` need not reach `total`.
	 * Nothing is written to `out` before TS_WRITING; TS_DONE comes last. NULL: never. */
	void (*progress)(void *context, enum ts_phase phase, uint64_t done, uint64_t total);
	void *context; /* of cancelled, progress and keeps */
	/* Of TS_SLIM and ts_bundle: whether a value of a panic or what C said last, texts of the program, may be in it; asked by the thread that called
	 * ts_analyze, once for each. NULL: none may. */
	bool (*keeps)(void *context, const char *message);
	/* Of the same: names of the program's functions, types, files and modules leave under pseudonyms, made by this key of TS_KEY bytes. NULL:
	 * as they are. Of logs, too; not of what is unredacted. */
	const unsigned char *pseudonyms;
	/* The key by which names of a slim dump or bundle were given pseudonyms, which then are taken back. NULL: they stay. */
	const unsigned char *names;
	/* Of a log that holds several crashes, with `crash` 0: text, Markdown and JSON tell each, the last first, and TS_BRIEF and TS_INCIDENT have a line for each.
	 * Crashes of one fingerprint that are equally sure are told once, by the last of them; at most 1,000 are looked at, and reports are of 20
	 * different ones, which is said. In JSON, the others are in the report of the last (`crashes`). False: that of the last alone. Not of
	 * ts_open, of goroutines alone, and of text that is quiet. */
	bool every_crash;
};

enum { TS_KEY = 32 };

enum ts_outcome {
	TS_ANALYSED,            /* whatever was found */
	TS_ANALYSED_CORRUPTION, /* a corruption rule is certain or likely */
	TS_FAILED,              /* not a dump, unreadable: see error */
	TS_CANCELLED,
	TS_PARTIAL,             /* of ts_scan: the report is written, but some of what was named could not be read */
	TS_NEWS,                /* of ts_triage and ts_history: with `since`, something crashed in a way that was not seen before */
};

struct ts_result {
	enum ts_outcome outcome;
	char error_code[16]; /* "io", "bad-data", … (base/err.h); empty unless TS_FAILED */
	char error[1024];
	bool begun;          /* a part of the report is written */
	char remark[512];    /* what whoever asked should know: of ts_bundle, of a log with more crashes than were looked at; empty: nothing */
	char exposed[128];   /* why it was not isolated, or not as well as it should be; empty: it was, or was not to be */
};

/* Analyses one dump (a path; "-": standard input), or with options->pid the live process, which runs on meanwhile, and writes the report
 * to `out`, which stays the caller's. On TS_FAILED and TS_CANCELLED nothing is written, unless that happened past the first 4 MB of the
 * report: then it ends there, and its JSON is cut short. What `out` cannot take is no failure here: it ends the report early, and is
 * left for ferror. Never exits. Options that this library does not know, of a newer header: TS_FAILED, "unsupported".
 * Call ts_analyze, which says how large the caller's options are. */
struct ts_result ts_analyze_sized(const char *dump, const struct ts_options *options, size_t options_size, FILE *out);

static inline struct ts_result ts_analyze(const char *dump, const struct ts_options *options, FILE *out)
{
	return ts_analyze_sized(dump, options, sizeof *options, out);
}

/* ---- what was found ---- */

/* An address, a word of memory or the content of a register. */
struct ts_word {
	uint64_t value; /* 0 if not known */
	bool known;
};

struct ts_field {
	const char *name, *text; /* text NULL: it is left out */
};

/* In what follows a text may be NULL, and a number -1: it is not known, or there is none. Words for kinds, states and the like are those
 * of docs/report.schema.json, which says more of each member: these are its objects. */

/* One line of a stack: a call, or one that was inlined into the next line's. */
struct ts_frame {
	const char *function; /* as the Go runtime prints it */
	const char *file;
	int64_t line;
	const char *module; /* the file that has the code, where that is not the executable */
	struct ts_word pc, sp, fp;
	struct ts_word entry; /* of the function */
	int64_t function_offset; /* bytes from there to pc */
	bool inlined;
	const char *how;  /* how pc and sp were found: "pcsp", "cfi", "repaired", … */
	int64_t finding;  /* index of the finding that is about this frame */
	const char *arguments; /* of a log: what stood in the parentheses */
};

/* The frames, innermost first, and why there are no more. */
struct ts_stack {
	const struct ts_frame *const *frames;
	size_t frame_count;
	const char *end; /* "complete", or why it ends earlier: "damaged", "not-saved", … */
	struct ts_word end_address;
	int64_t elided;    /* frames in the middle of a very deep stack that are left out */
	int64_t elided_at; /* before which of `frames` */
};

struct ts_creator {
	const char *function, *file;
	int64_t line;
	struct ts_word pc; /* of the go statement */
	int64_t goroutine; /* id */
};

struct ts_ancestor {
	int64_t goroutine; /* id */
	struct ts_stack stack;
};

struct ts_goroutine {
	int64_t id;
	const char *status;      /* "waiting", "running", … */
	const char *wait_reason; /* the runtime's text */
	int64_t waiting_seconds; /* at least so long */
	int64_t thread;          /* id of the thread that it is on */
	bool scan;               /* its stack is claimed by a walker */
	bool locked_to_thread;
	const struct ts_creator *created_by; /* NULL: not known */
	struct ts_word stack_lo, stack_hi;
	struct ts_stack stack;
	const struct ts_field *const *labels; /* of a log: profiler labels */
	size_t label_count;
	const struct ts_ancestor *const *ancestors; /* of a log: the nearest first */
	size_t ancestor_count;
};

struct ts_waiting {
	int64_t known; /* of how many goroutines it is known */
	int64_t least_seconds, most_seconds;
};

/* Goroutines of the same status, wait reason and sequence of pcs. */
struct ts_group {
	int64_t count;
	const int64_t *ids; /* of them, at most 100 */
	size_t id_count;
	const struct ts_waiting *waiting; /* NULL: not known */
	const char *status, *wait_reason;
	bool scan;
	const struct ts_creator *created_by; /* NULL: not known */
	struct ts_stack stack;
};

struct ts_thread {
	int64_t id;
	const char *name;
	bool crashed;
	int64_t goroutine; /* id of the one that it ran */
	struct ts_word pc, sp;
	struct ts_stack stack;
	const struct ts_field *const *registers; /* of a log only */
	size_t register_count;
};

/* A fact for or against a finding. */
struct ts_evidence {
	const char *kind; /* "instruction", "memory", "register", … */
	const char *text;
	bool speaks_for;  /* else against */
	const char *weight; /* "decisive", "strong", "fair", "weak" */
	struct ts_word address;
	const char *observed, *expected; /* of what is at the address */
};

struct ts_bug {
	const char *id, *title; /* "golang/go#73259" */
	const char *const *fixed_in; /* releases */
	size_t fixed_in_count;
	int affects_this_version; /* 1 or 0; -1: not known */
	const char *unverified;   /* what of it could not be checked: it is a hint only */
};

/* Another explanation of the same damage. */
struct ts_rival {
	const char *cause, *speaks_for, *speaks_against;
};

enum ts_certainty { TS_UNKNOWN, TS_HEALTHY, TS_POSSIBLE, TS_LIKELY, TS_CERTAIN };

struct ts_finding {
	const char *rule;  /* stable id: "split-sp", …; see ts_explain */
	const char *title; /* one sentence */
	enum ts_certainty certainty; /* TS_POSSIBLE to TS_CERTAIN */
	int64_t goroutine, thread;   /* ids */
	int64_t frame;               /* index in that one's stack */
	const char *function;
	struct ts_word pc, slot;            /* slot: where the damaged word lies */
	struct ts_word observed, repaired;  /* the word as it was found, and as it must have been */
	bool has_sp_error;
	int64_t sp_error; /* bytes by which SP was off */
	struct ts_word caller_pc, caller_sp;
	const struct ts_evidence *const *evidence;
	size_t evidence_count;
	const struct ts_bug *const *known_bugs;
	size_t known_bug_count;
	const struct ts_rival *const *rivals;
	size_t rival_count;
	int64_t explained_by; /* index of the finding that this one follows from */
};

struct ts_verdict {
	enum ts_certainty certainty;
	const char *rule;     /* NULL with TS_UNKNOWN and TS_HEALTHY */
	int64_t finding;      /* index */
	const char *headline; /* one sentence */
	const char *const *narrative; /* what happened, in order */
	size_t narrative_count;
	const char *const *actions; /* what to do, most useful first; the last `for_good` of them are lasting remedies */
	size_t action_count;
	int64_t for_good;
	const char *const *confirm; /* what would settle it */
	size_t confirm_count;
	const char *const *unexplained;
	size_t unexplained_count;
};

struct ts_input {
	const char *name, *format, *compression;
	int64_t size; /* bytes */
	bool truncated, slim;
};

struct ts_target {
	const char *os, *arch, *go_version, *main_module;
	const char *executable, *executable_source, *build_id;
	int stripped; /* 1 or 0; -1: not known */
	const char *layout_source, *executable_identity, *executable_doubt;
};

/* The signal (linux) or exception (windows) that ended the process. */
struct ts_stop {
	const char *name, *code;
	struct ts_word address;
	int64_t thread; /* id */
};

struct ts_fault {
	const char *name;
	struct ts_word pc, address;
	const char *access; /* "read", "write", "execute" */
	int64_t goroutine, thread; /* ids */
};

struct ts_process {
	int64_t pid;
	const char *command, *message, *godebug; /* message: the runtime's last words */
	const char *const *panic_lines;
	size_t panic_line_count;
	const struct ts_stop *stop;   /* NULL: none is known */
	const struct ts_fault *fault; /* NULL: none is known */
};

struct ts_report {
	const char *schema; /* "tornstack.report/1" */
	const struct ts_input *input;
	const struct ts_target *target;
	const struct ts_process *process;
	const struct ts_verdict *verdict;
	const struct ts_finding *const *findings; /* most certain first */
	size_t finding_count;
	const struct ts_thread *const *threads;
	size_t thread_count;
	int64_t goroutine_total; /* however many are listed; with options->filter: that match */
	const struct ts_group *const *groups; /* largest first */
	size_t group_count;
	const struct ts_goroutine *const *goroutines; /* those of findings; with TS_GOROUTINES_ALL all; by id */
	size_t goroutine_count;
	const char *const *notes; /* what could not be seen, and what that costs the verdict */
	size_t note_count;
	const char *fingerprint;       /* equal for dumps of one defect, whatever the build */
	const char *fingerprint_exact; /* of one defect in one build */
};

struct ts_handle;

/* As ts_analyze, but gives what was found as structs. Format, colour, columns, quiet and verbose are not asked. *ret is NULL unless the
 * outcome is TS_ANALYSED or TS_ANALYSED_CORRUPTION. "limit": what was found does not fit into 2 GiB (TS_GOROUTINES_ALL of millions).
 * Call ts_open, which says how large the caller's options are; options NULL: not isolated, and all else as 0 says. */
struct ts_result ts_open_sized(const char *dump, const struct ts_options *options, size_t options_size, struct ts_handle **ret);

static inline struct ts_result ts_open(const char *dump, const struct ts_options *options, struct ts_handle **ret)
{
	return ts_open_sized(dump, options, sizeof *options, ret);
}

/* What was found. It belongs to the handle, and all that it leads to is valid, and never changes, until ts_close. Never NULL. */
const struct ts_report *ts_report_of(const struct ts_handle *handle);

/* NULL is allowed. */
void ts_close(struct ts_handle *handle);

/* "certain", "likely", "possible", "healthy", "unknown". */
const char *ts_certainty_name(enum ts_certainty certainty);

/* ---- executables ---- */

/* Makes what can be attached to a bug report of one dump, log or process: an archive of reports and of the slim dump, or redacted log, that
 * they were made of, which has what it needs of the executable (formats/bundle). Of the options, `format`, `goroutines`, `filter` and those
 * of text mean nothing; the rest as of ts_analyze. The same dump makes the same bytes; `time` (seconds since 1970) is what its members
 * tell. result.remark says where the reports differ from that of the dump itself, if they do. Call ts_bundle. */
struct ts_result ts_bundle_sized(const char *dump, const struct ts_options *options, size_t options_size, int64_t time, FILE *out);

static inline struct ts_result ts_bundle(const char *dump, const struct ts_options *options, int64_t time, FILE *out)
{
	return ts_bundle_sized(dump, options, sizeof *options, time, out);
}

struct ts_scan_options {
	enum ts_format format;
	unsigned workers;               /* threads; 0: one for each CPU */
	uint64_t max_size;              /* of a decompressed file in bytes; 0: 4 GiB */
	bool color;
	unsigned columns;               /* width of text; 0: 100 */
	bool verbose, quiet;
	bool isolated;                  /* each file in a child process, as of ts_options */
	bool (*cancelled)(void *context); /* polled in long steps; NULL: never */
	/* Called, by one thread at a time, when one of `total` files is done; NULL: never. */
	void (*progress)(void *context, size_t done, size_t total, const char *path);
	void *context;
};

/* Scans executables, archives and folders (paths end with NULL) for what they are exposed to, and writes the report to
 * `out`, as ts_analyze does. TS_ANALYSED_CORRUPTION: something is exposed. Call ts_scan. */
struct ts_result ts_scan_sized(const char *const *paths, const struct ts_scan_options *options, size_t options_size, FILE *out);

static inline struct ts_result ts_scan(const char *const *paths, const struct ts_scan_options *options, FILE *out)
{
	return ts_scan_sized(paths, options, sizeof *options, out);
}

/* ---- many dumps ---- */

struct ts_triage_options {
	enum ts_format format;          /* TS_TEXT, TS_JSON (a line for each input, crash of a log and cluster), TS_HTML or TS_OTLP (a line for each crash) */
	const char *db;                 /* a history that what is found is added to, and that says which clusters there are; NULL: none */
	bool unredacted;                /* what goes there may tell what the program said */
	int64_t since;                  /* seconds since 1970: clusters that were not seen since then are left out; 0: none is */
	const char *metrics;            /* a file for Prometheus' node_exporter; NULL: none */
	unsigned workers;               /* inputs that are analysed at a time; 0: one for each CPU */
	const char *state;              /* a file of what was done, which the next run goes on from; NULL: none */
	bool watch;                     /* go on with what comes to the folders, until it is cancelled */
	bool color;
	unsigned columns;               /* width of text; 0: 100 */
	bool verbose, quiet;
	/* Called, by one thread at a time, when one of `total` inputs is done; NULL: never. */
	void (*progress)(void *context, size_t done, size_t total, const char *path);
	void (*complain)(void *context, const char *text); /* an input that was named could not be analysed, or a log not whole; NULL: nobody asks */
	void *context;
};

/* Analyses many dumps and logs: files, those in folders, what patterns match, "-" for names on standard input (paths end with NULL). Writes
 * the clusters to `out`: crashes of one cause, whose stacks are alike. None of the inputs ends it. TS_PARTIAL: what was named could not all be
 * analysed. TS_NEWS counts more: an alert must not wait until somebody has removed a file that cannot be read. Of `analysis`, which says how each input is analysed, the
 * executables, symbols_dir, sysroot, max_size, unmasked, isolated and cancelled (with its context) are asked; NULL: all as 0 says.
 * Call ts_triage. */
struct ts_result ts_triage_sized(const char *const *paths, const struct ts_options *analysis, size_t analysis_size,
				 const struct ts_triage_options *options, size_t options_size, FILE *out);

static inline struct ts_result ts_triage(const char *const *paths, const struct ts_options *analysis,
					 const struct ts_triage_options *options, FILE *out)
{
	return ts_triage_sized(paths, analysis, sizeof *analysis, options, sizeof *options, out);
}

struct ts_history_options {
	const char *db;
	const char *fingerprint;        /* of one of the crashes that are asked for, or its beginning; NULL: of all */
	enum ts_format format;          /* TS_TEXT, TS_JSON or TS_OTLP, as of ts_triage */
	const char *pages;              /* a folder to which static pages are written besides; NULL: none */
	int64_t since;                  /* as of ts_triage */
	const char *metrics;            /* as of ts_triage */
	const char *note, *issue;       /* to be attached to the fingerprint; NULL: nothing */
	int64_t retain;                 /* seconds since 1970: what was seen before is removed, but for how often; 0: nothing is */
	bool color;
	unsigned columns;               /* width of text; 0: 100 */
	bool verbose, quiet;
	int64_t now;                    /* seconds since 1970 */
};

/* Writes what a history (ts_triage, `db`) knows to `out`, after what is to be done to it. Call ts_history. */
struct ts_result ts_history_sized(const struct ts_history_options *options, size_t options_size, FILE *out);

static inline struct ts_result ts_history(const struct ts_history_options *options, FILE *out)
{
	return ts_history_sized(options, sizeof *options, out);
}

/* ---- beside reports ---- */

/* Writes the JSON object that stands in place of a report that failed (docs/report.schema.json, `error`), so that a batch can
 * tell a dump that is cut short from one of another CPU. False: memory ran out. */
bool ts_failure(const char *dump, const struct ts_result *result, FILE *out);

/* A core that came through a pipe. */
struct ts_core {
	uint64_t size;     /* bytes that came */
	uint64_t left_out; /* of them, bytes of memory that were not kept: the ends of the largest segments */
	bool broken_off;   /* it ended before its headers say */
};

/* Reads a core from standard input, once and to its end, and keeps it in `output`, an empty file, as far as it fits into `room` bytes
 * (pages of zeros take none) and the disk. What is left out reads as not saved. `isolated`, `cancelled` and
 * `context` as of ts_options. False: `why`, of `size` bytes, says why not. */
bool ts_take_core(int output, uint64_t room, bool isolated, bool (*cancelled)(void *context), void *context, struct ts_core *ret,
		  char *why, size_t size);

/* Writes what is known of a crash beside its report as one JSON object of texts; what COREDUMP_CMDLINE tells is masked. False: memory
 * ran out. */
bool ts_crash_record(const struct ts_field *fields, size_t count, FILE *out);

/* Whether a text names a state of goroutines: a status or a wait reason, case aside, or the beginning of one. */
bool ts_state_known(const char *text);

/* The states, one after the other; NULL after the last. */
const char *ts_state(size_t index);

/* Writes what a rule or known bug means ("split-sp", "golang/go#73259", "73259"); false when there is no such id. NULL: the
 * list of rules and bugs. errno is 0 then, or ENOMEM: memory ran out. */
bool ts_explain(const char *id, FILE *out);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
