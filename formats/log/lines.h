/* lines.h: the crashes of a log, as the runtime printed them: what loggers, shippers and copying put around each line is taken
 * off, lines of others are left out, and the order is the runtime's. Nothing here knows what the lines say beyond what tells
 * them from other text (marks.def, c_words.def).
 *
 * The log is gone through once, at the speed of a search for words; only the neighbourhood of what the runtime prints is looked
 * at line by line. Memory holds lines of crashes, not the log. */
#ifndef FORMATS_LOG_LINES_H
#define FORMATS_LOG_LINES_H

#include "base/cancel.h"
#include "base/err.h"
#include "base/progress.h"
#include "base/span.h"

/* One line of the crash's own text. */
struct log_line {
	const char *text; /* not terminated; in the log's bytes where nothing had to be changed, else on the arena */
	size_t length;
	uint64_t number;  /* line of the file, from 1; lines that one line of the file held share it */
};

/* Lines that stand one behind the other, a newline between two, and whose numbers go up alike: a crash may have millions of lines, and
 * has few runs. */
struct log_run {
	const char *text;
	size_t size;
	uint64_t number; /* of the first */
	int64_t step;    /* from each to the next */
	size_t count;
};

enum log_block_begin {
	LOG_BEGINS_WITH_END,   /* by what ends a process: panic, fatal error, signal, exception */
	LOG_BEGINS_WITH_STACK, /* by a goroutine: debug.Stack, pprof, or a crash whose beginning is not there */
};

/* One crash, or other account of goroutines: lines in the order in which the runtime printed them. */
struct log_block {
	struct log_run *runs;
	size_t run_count;
	size_t count;                   /* of lines */
	size_t stacks, places;          /* that is how many lines begin a goroutine, or show a place; the reader makes room for so many */
	bool has_words;                 /* memory is shown */
	uint64_t first_line, last_line; /* of the file */
	struct span head;               /* the line of the file that the first one stood in, with all that stands around it */
	enum log_block_begin begin;
	bool cut_at_start; /* begins in the middle of a stack */
	bool cut_at_end;   /* the log ends, or goes over to something else, in the middle of a stack */
	size_t left_out;   /* lines between its own that are not the runtime's */
};

/* A line of a block, and where it stands in it: copied to look ahead. */
struct log_at {
	const struct log_run *run, *end;
	size_t offset, index; /* of the line in its run: bytes, lines */
	size_t passed;        /* lines of the block before it */
	struct log_line line; /* text NULL: there are no more */
};

/* The first line of a block; the one behind a line. */
struct log_at log_block_start(const struct log_block *block);
void log_next(struct log_at *at);

struct log_options {
	struct cancel cancel;            /* polled */
	const struct progress *progress; /* NULL: nobody waits */
	void *sieved;                    /* the state of log_sieve that the bytes come from (sieve.h); NULL: they are the log */
};

struct log_blocks;

/* Whether bytes begin as text that may be a log: no NUL and few other control characters in the first KB. */
bool log_probe(struct span bytes);

/* Finds all crashes of a log, in the order in which they were printed: that of the file, or its opposite where most of them stand in
 * reverse order. `bytes` must outlive the arena's use; of a mapped file the pages that were
 * gone through are handed back to the system. *ret is never NULL on success, and may hold none. What had to be left out is a note. Errors: IO (cancelled). options NULL: defaults. */
const struct err *log_blocks_read(struct arena *arena, struct notes *notes, struct span bytes, const struct log_options *options,
				  struct log_blocks **ret);

size_t log_blocks_count(const struct log_blocks *blocks);

/* The block of an index, in the order in which they began; NULL: there is none. */
const struct log_block *log_blocks_at(const struct log_blocks *blocks, size_t index);

#endif
