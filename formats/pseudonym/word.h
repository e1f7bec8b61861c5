/* word.h: one word and its pseudonym. */
#ifndef FORMATS_PSEUDONYM_WORD_H
#define FORMATS_PSEUDONYM_WORD_H

#include "formats/pseudonym/pseudonym.h"

/* Whether a byte is of words: ASCII letters, digits and underscores, and all that is not ASCII. */
bool word_has(uint8_t byte);

/* How many bytes from the beginning of a text on are a word's. */
size_t word_size(const uint8_t *text, size_t size);

/* Whether [word, word + size) is the first element of the import paths of Go's own library; the last of one of them. */
bool word_is_standard(const uint8_t *word, size_t size);
bool word_is_standard_package(const uint8_t *word, size_t size);

/* The pseudonym of a word, in its place. */
void word_put(struct pseudonyms *pseudonyms, uint8_t *word, size_t size);

#endif
