/* tornstack.h: the public entry: open a dump, analyse it, report. */
#ifndef LIB_TORNSTACK_H
#define LIB_TORNSTACK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum ts_format { TS_TEXT, TS_JSON };

enum ts_goroutines { TS_GOROUTINES_FINDINGS, TS_GOROUTINES_GROUPS, TS_GOROUTINES_ALL };

struct ts_options {
	const char *const *executables; /* --exe, NULL-terminated; NULL: find it */
	const char *symbols_dir;        /* NULL: none */
	uint64_t max_size;              /* of a decompressed dump in bytes; 0: default */
	enum ts_format format;
	enum ts_goroutines goroutines;
	bool color;
	unsigned columns;               /* width of text; 0: 100 */
	bool verbose, quiet;
	bool (*cancelled)(void);        /* polled in long steps; NULL: never */
};

enum ts_outcome {
	TS_ANALYSED,            /* whatever was found */
	TS_ANALYSED_CORRUPTION, /* a corruption rule is certain or likely */
	TS_FAILED,              /* not a dump, unreadable: see error */
	TS_CANCELLED,
};

struct ts_result {
	enum ts_outcome outcome;
	char error_code[16]; /* "io", "bad-data", …; empty unless TS_FAILED */
	char error[1024];
};

/* Analyses one dump ("-": standard input) and writes the report to `out`; on TS_FAILED nothing is written. Never exits,
 * never keeps anything. */
struct ts_result ts_analyze(const char *dump, const struct ts_options *options, FILE *out);

/* Writes what a rule or known bug means; false when there is no such id. NULL: the list of rules. */
bool ts_explain(const char *id, FILE *out);

#define TORNSTACK_VERSION "0.1.0"

#endif
