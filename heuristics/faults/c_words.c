/* c_words.c: see c_words.h. */
#include "heuristics/faults/c_words.h"

#include "heuristics/faults/c_reasons.h"

#include <string.h>

static const struct {
	const char *text;
	bool anywhere;
	const char *reason;
} words[] = {
#define C_WORDS(beginning, reason) {beginning, false, reason},
#define C_WORDS_IN(part, reason) {part, true, reason},
#include "formats/log/c_words.def"
};

const char *c_words_reason(const char *line)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].anywhere ? strstr(line, words[i].text) != NULL : !strncmp(line, words[i].text, strlen(words[i].text)))
			return words[i].reason;
	return NULL;
}

bool c_words_find(const struct log_record *record, struct c_words *ret)
{
	*ret = (struct c_words){0};
	for (size_t i = 0; i < record->words.count; i++) {
		const char *reason = c_words_reason(record->words.items[i]);

		if (reason)
			*ret = (struct c_words){record->words.items[i], reason};
	}
	return ret->line != NULL;
}
