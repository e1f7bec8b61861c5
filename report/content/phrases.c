/* phrases.c: see phrases.h. */
#include "report/content/phrases.h"

#include <ctype.h>
#include <string.h>

#define OPENING "([{\"'"
#define CLOSING ".,;:!?)]}\"'"

enum { COMMIT = 7 }; /* so many digits may be a commit's */

/* A number as people write it: 4,096, 1.5; no reference to anything. */
static bool is_number(const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isdigit((unsigned char)word[i]) && !(strchr(",.", word[i]) && i && i + 1 < length))
			return false;
	return length < COMMIT || memchr(word, ',', length);
}

/* A word of a language: letters, with hyphens, apostrophes or a slash between them; or a dash. */
static bool is_word(const char *word, size_t length)
{
	if (length == 1 && *word == '-')
		return true;
	for (size_t i = 0; i < length; i++) {
		const unsigned char c = (unsigned char)word[i];
		const bool joint = i && i + 1 < length && strchr("-'/", c);

		if (!isalpha(c) && c < 0x80 && !joint)
			return false;
	}
	return true;
}

/* "`tornstack goroutines`,": what stands between backticks is one. False: it does not begin with such. */
static bool quoted_next(const char **text, struct phrase *ret)
{
	const char *word = *text + strspn(*text, " ");
	const char *end = *word == '`' ? strchr(word + 1, '`') : NULL;

	if (!end || end == word + 1)
		return false;
	*ret = (struct phrase){.before = word, .word = word + 1, .word_size = (size_t)(end - word - 1), .after = end + 1,
			       .after_size = strspn(end + 1, CLOSING), .code = true};
	*text = ret->after + ret->after_size;
	return true;
}

bool phrase_next(const char **text, struct phrase *ret)
{
	const char *word = *text + strspn(*text, " ");
	const size_t length = strcspn(word, " ");
	size_t start = 0, end = length;

	if (quoted_next(text, ret))
		return true;
	*text = word + length;
	while (start < end && strchr(OPENING, word[start]))
		start++;
	while (end > start && strchr(CLOSING, word[end - 1]) &&
	       !(word[end - 1] == ')' && memchr(word + start, '(', end - 1 - start)))
		end--;
	if (end > start + 2 && word[end - 1] == 's' && word[end - 2] == '\'')
		end -= 2;
	*ret = (struct phrase){.before = word, .before_size = start, .word = word + start, .word_size = end - start,
			       .after = word + end, .after_size = length - end};
	ret->code = !is_word(ret->word, ret->word_size) && !is_number(ret->word, ret->word_size);
	return length != 0;
}
