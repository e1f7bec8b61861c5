/* exhibits.h: what backs a sentence and can be held against the dump by hand: machine code, last words, words of the stack. Strings
 * hold text of the dump as it is: formats escape. */
#ifndef REPORT_CONTENT_EXHIBITS_H
#define REPORT_CONTENT_EXHIBITS_H

#include "heuristics/detector.h"

struct code_line {
	uint64_t pc;
	const char *text;   /* "add sp, sp, #0x1a0", "?" */
	const char *remark; /* "stopped here: …"; NULL: none */
	bool stopped;       /* the one that the verdict is about */
};

struct code_lines {
	VEC(struct code_line) items;
	const struct pc_info *at; /* the stopped one; NULL: none is shown */
};

enum { CODE_BEFORE_MOST = 12 };

/* The machine code around the verdict's pc: up to `before` (at most CODE_BEFORE_MOST) and `after` instructions; empty: it is not known. */
void code_around(struct arena *arena, const struct diagnosis *diagnosis, size_t before, size_t after, struct code_lines *ret);

/* The last lines that the runtime printed, or what the process said. They may begin with tabs. */
struct quoted_lines {
	VEC(const char *) items;
};
void last_words(struct arena *arena, const struct analysis *analysis, struct quoted_lines *ret);

/* A stack around the words that a verdict is about, ascending. */
enum word_part { WORD_PLAIN, WORD_TRUE, WORD_FALSE, WORD_DAMAGED };

struct stack_word {
	uint64_t address, value;
	bool present;      /* the dump holds it */
	uint64_t skipped;  /* bytes between the word before and this one that are not shown; 0: it follows */
	const char *what;  /* what it is; NULL: a word between */
	enum word_part part; /* whether it is what the runtime took it for */
};

struct stack_words {
	VEC(struct stack_word) items;
};

/* Empty: the verdict is about no word. */
void stack_words(struct arena *arena, const struct diagnosis *diagnosis, struct stack_words *ret);

#endif
