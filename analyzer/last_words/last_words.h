/* last_words.h: what the process said and what hit it, for analyze.c, and whether it was dying already, for rules. */
#ifndef ANALYZER_LAST_WORDS_LAST_WORDS_H
#define ANALYZER_LAST_WORDS_LAST_WORDS_H

#include "analyzer/analysis.h"

/* fault.c: fills analysis->fault. */
void fault_find(struct analysis *analysis);

/* fault.c: whether the runtime was bringing the process down already where frame `at` of a thread's stack stood: printing the stacks may
 * fault as well, and says nothing of why the process ended. */
bool was_dying_at(struct analysis *analysis, int32_t thread, const struct stack *stack, size_t at);

/* messages.c: fills analysis->messages. */
void messages_find(struct analysis *analysis);

/* recorded_words.c: the same, of a log. */
void recorded_fault_find(struct analysis *analysis);
void recorded_messages_find(struct analysis *analysis);

/* panic_value.c: the value of an interface at `eface` (runtime.eface: type, data) as the runtime prints it. */
void panic_value_read(struct analysis *analysis, uint64_t type, uint64_t data, struct panic_value *ret);

#endif
