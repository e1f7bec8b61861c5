/* state.h: words of runtime.g and runtime.m that contradict others. The runtime keeps much of its scheduler's state twice; where
 * the two do not agree, and no order of its own writes explains it, one of the words was changed. */
#ifndef ANALYZER_STATE_STATE_H
#define ANALYZER_STATE_STATE_H

#include "analyzer/unwind/unwind.h"

/* Of one dump, for all words: goroutines of which other values are tried, and walks from such values. */
enum { SUSPECTS = 1024, SEARCHES = 256 };

/* Collects what goroutines are held against; call it once, when the threads have been walked. */
void state_prepare(struct analysis *analysis);

/* Looks at one goroutine whose own stack has just been walked. */
void state_check_goroutine(struct analysis *analysis, size_t index, const struct stack *stack);

/* On a trial: looks at what state_check would look at in one goroutine. */
void state_try(struct analysis *analysis, size_t index);

/* Has state_check look at a goroutine; call it in the order of the list. */
void state_doubt(struct analysis *analysis, size_t index);

/* Looks at what goroutines, of those that are doubted, and Ms must have in common; call once, after the walks. Then drops every
 * kind of trouble that too many words have: what they all do is no damage. */
void state_check(struct analysis *analysis);

/* The name of the word, "g.sched.sp", and what is wrong with it. */
const char *state_word_name(const struct state_word *word);
const char *state_word_text(const struct state_word *word);

/* For the files that look: links.c, bounds.c, gobuf.c. */

/* Files trouble with a field of the g or m at `object`; the word is read from the dump. NULL: it is not there, or there are too
 * many. What is known beyond that is for the caller to add. */
struct state_word *state_trouble(struct analysis *analysis, enum state_trouble trouble, uint64_t object);

/* The same of a goroutine of the list. */
struct state_word *state_trouble_of(struct analysis *analysis, enum state_trouble trouble, size_t goroutine);

/* Says what the word must have been. */
void state_expect(struct state_word *word, uint64_t expected);

struct links;
struct stack_votes;

struct state_facts {
	const struct links *links;       /* NULL: no M is known */
	const struct stack_votes *votes; /* NULL: they do not agree */
	VEC(uint32_t) doubted;           /* goroutines, ascending */
	size_t unfiled[STATE_TROUBLES];  /* words that are not in analysis->state_words: there were too many */
};

const struct links *state_links(struct analysis *analysis);
void state_check_link(struct analysis *analysis, size_t index);
void state_check_machines(struct analysis *analysis);

const struct stack_votes *state_votes(struct analysis *analysis);
void state_check_stack(struct analysis *analysis, size_t index);
void state_check_misfit_stacks(struct analysis *analysis);

/* Whether nobody is about to change the goroutine's words: no stack is being copied, no scan under way, and if it runs, its thread
 * was stopped on the goroutine's own stack. */
bool state_is_stable(const struct analysis *analysis, size_t goroutine);

#endif
