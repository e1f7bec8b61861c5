/* spelling.c: see spelling.h. */
#include "cli/spelling.h"

#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned spelling_distance(const char *word, const char *name)
{
	enum { LENGTH = 32 };
	const size_t width = strlen(name);
	unsigned row[LENGTH];

	if (width >= LENGTH || strlen(word) >= LENGTH)
		return LENGTH;
	for (unsigned i = 0; i <= width; i++)
		row[i] = i;
	for (; *word; word++) {
		unsigned corner = row[0]++;

		for (size_t i = 1; i <= width; i++) {
			const unsigned above = row[i];

			row[i] = least(least(above, row[i - 1]) + 1, corner + (*word != name[i - 1]));
			corner = above;
		}
	}
	return row[width];
}

/* The option that is closest to a word; *distance: to it. */
static const char *closest(const struct argp *argp, const char *word, unsigned *distance)
{
	const char *found = NULL;

	for (const struct argp_option *option = argp->options; option && (option->name || option->key || option->doc); option++) {
		unsigned letters;

		if (!option->name || option->flags & OPTION_DOC)
			continue;
		letters = strncmp(option->name, word, strlen(word)) ? spelling_distance(word, option->name) : 0; /* short for it */
		if (letters >= *distance)
			continue;
		*distance = letters;
		found = option->name;
	}
	for (const struct argp_child *child = argp->children; child && child->argp; child++) {
		const char *inner = closest(child->argp, word, distance);

		found = inner ? inner : found;
	}
	return found;
}

bool spelling_of_options(const struct argp *argp, int argc, char *const *argv, const char **wrong, const char **meant)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const size_t length = strcspn(argv[i], "=");
		unsigned distance = MISSPELT + 1;
		char word[64];

		if (strncmp(argv[i], "--", 2) != 0 || length >= sizeof word)
			continue;
		memcpy(word, argv[i], length);
		word[length] = 0;
		*wrong = argv[i];
		*meant = closest(argp, word + 2, &distance);
		if (*meant && distance)
			return true;
	}
	return false;
}
