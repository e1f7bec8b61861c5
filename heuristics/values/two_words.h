/* two_words.h: the strings, slices and interfaces that the code at a fault was using: values of two words (or three), which
 * compilers load, keep and pass in as many registers. */
#ifndef HEURISTICS_VALUES_TWO_WORDS_H
#define HEURISTICS_VALUES_TWO_WORDS_H

#include "analyzer/origins/origin.h"
#include "heuristics/detector.h"

enum two_words_kind {
	WORDS_PASSED,    /* data and length were passed to a function that takes such */
	WORDS_INDEXED,   /* the code indexed the data; length is what lies beside it */
	WORDS_INTERFACE, /* a method was called by the table, or the data was used after the type */
};

struct two_words {
	enum two_words_kind kind;
	size_t frame;   /* in the stack, whose code used them */
	uint64_t pc;    /* the call, or the access */
	const char *callee; /* PASSED: the function; else NULL */
	const struct origin *data;  /* of the data pointer */
	const struct origin *other; /* of the length; INTERFACE: of the type or table */
	uint64_t unit;  /* bytes that an element takes, at least */
	bool is_loaded;   /* INDEXED: that access went well, and what it loaded led to the fault; else that access itself did */
	bool has_element; /* is_loaded, and the element was the pointer that faulted */
	uint64_t element; /* its value */
};

enum { TWO_WORDS_LIMIT = 16 };

struct two_words_list {
	struct two_words items[TWO_WORDS_LIMIT];
	size_t count;
};

/* Those that lead to the fault, which is at frame `at` of the stack, the innermost first. */
void two_words_find(struct analysis *analysis, struct origins *origins, const struct stack *stack, size_t at,
		    struct two_words_list *ret);

#endif
