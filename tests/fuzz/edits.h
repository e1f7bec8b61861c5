/* edits.h: the input of the whole pipeline, as a text that a person reads:
 *
 *     CASE json|text|goroutines
 *     dump ADDRESS WORD        in the process's memory
 *     exe OFFSET WORD          in the executable's file
 *
 * Hexadecimal; at most EDITS_LIMIT of the latter. What is no such text is no input. */
#ifndef TESTS_FUZZ_EDITS_H
#define TESTS_FUZZ_EDITS_H

#include "tests/fuzz/places.h"

enum { EDITS_LIMIT = 4, EDITS_TEXT = 512 };

enum edits_report { EDITS_JSON, EDITS_WORDS, EDITS_GOROUTINES, EDITS_REPORTS };

struct edit {
	enum file file;
	uint64_t place; /* address, or offset of the executable */
	uint64_t word;
};

struct edits {
	char fixture[64];
	enum edits_report report;
	struct edit items[EDITS_LIMIT];
	size_t count;
};

bool edits_parse(struct span text, struct edits *ret);

/* Writes the text into at most `size` bytes; its length, 0: it does not fit. */
size_t edits_print(const struct edits *edits, char *text, size_t size);

#endif
