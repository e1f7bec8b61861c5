/* phrases.h: what in a sentence is a word of a language, and what a name, a path or a number as machines write it: that is shown as code. */
#ifndef REPORT_CONTENT_PHRASES_H
#define REPORT_CONTENT_PHRASES_H

#include <stdbool.h>
#include <stddef.h>

/* The next word, with the punctuation around it; all are parts of the sentence. */
struct phrase {
	const char *before, *word, *after;
	size_t before_size, word_size, after_size;
	bool code;
};

/* Takes it from the front of *text, which is escaped, and the blanks before it. False: there is none. */
bool phrase_next(const char **text, struct phrase *ret);

#endif
