/* c_words.h: what C said before it ended the process, as a log has it. */
#ifndef HEURISTICS_FAULTS_C_WORDS_H
#define HEURISTICS_FAULTS_C_WORDS_H

#include "formats/log/record.h"

struct c_words {
	const char *line;   /* as printed */
	const char *reason; /* what it means: a clause, of static lifetime */
};

/* What a line that C printed means: a clause, of static lifetime; NULL: it gives no reason. */
const char *c_words_reason(const char *line);

/* The last line of those before the first stack by which C, C++ or Rust gave a reason. False: there is none. */
bool c_words_find(const struct log_record *record, struct c_words *ret);

#endif
