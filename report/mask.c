/* mask.c: see mask.h. */
#include "report/mask.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char digits[] = "0123456789";
static const char joints[] = "-_.";
static const char hidden[] = "***";

/* What is written so far; room for the longest answer was taken at the start. */
struct masked {
	char *text;
	size_t length;
};

/* No word gets longer than itself and the stars twice: those of a URL's user and of a value. */
static struct masked masked_for(struct arena *arena, const char *text)
{
	return (struct masked){.text = arena_alloc(arena, strlen(text) * (2 * sizeof hidden + 1) + 2 * sizeof hidden)};
}

static void add(struct masked *masked, const char *text, size_t length)
{
	memcpy(masked->text + masked->length, text, length);
	masked->length += length;
}

static void hide(struct masked *masked)
{
	const size_t stars = sizeof hidden - 1;

	if (masked->length < stars || memcmp(masked->text + masked->length - stars, hidden, stars) != 0)
		add(masked, hidden, stars);
}

static size_t count_of(const char *text, size_t length, bool with_digits)
{
	size_t count = 0;

	while (count < length && (strchr(letters, text[count]) || strchr(joints, text[count]) ||
				  (with_digits && strchr(digits, text[count]))))
		count++;
	return count;
}

/* -name, --name2, --name=value. One dash may be followed by a letter and its value at once, which tend to have digits. */
static void add_flag(struct masked *masked, const char *word, size_t length)
{
	const bool long_name = length > 1 && word[1] == '-';
	const size_t name = count_of(word, length, long_name);

	add(masked, word, name);
	if (name < length && word[name] == '=')
		add(masked, "=", 1);
	if (name < length)
		hide(masked);
}

/* The part of a word before its value, and of a URL without who logs in. Whether there is a value, which may go on. */
static bool add_plain(struct masked *masked, const char *word, size_t length)
{
	const char *equals = memchr(word, '=', length);
	const size_t shown = equals ? (size_t)(equals - word) + 1 : length;
	const char *scheme = memmem(word, shown, "://", 3);
	const char *user = scheme ? scheme + 3 : word;
	const char *at = memrchr(user, '@', shown - (size_t)(user - word));

	if (at) {
		add(masked, word, (size_t)(user - word));
		hide(masked);
		add(masked, at, shown - (size_t)(at - word));
	} else {
		add(masked, word, shown);
	}
	if (equals)
		hide(masked);
	return equals;
}

const char *mask_command(struct arena *arena, const char *command)
{
	struct masked masked;
	bool first = true, in_value = false; /* or what may be one */

	if (!command)
		return NULL;
	masked = masked_for(arena, command);
	while (*command) {
		const size_t blanks = strspn(command, " "), length = strcspn(command + blanks, " ");
		const char *word = command + blanks;
		const bool flag = length && *word == '-' && (!first || blanks);

		/* The words of one value are one value. */
		if (flag || !in_value || masked.text[masked.length - 1] != '*')
			add(&masked, command, blanks);
		if (flag)
			add_flag(&masked, word, length);
		else if (in_value && length)
			hide(&masked);
		else
			in_value = add_plain(&masked, word, length);
		in_value = in_value || flag;
		first = false;
		command = word + length;
	}
	return masked.text;
}

static bool harmless(const char *value, size_t length)
{
	return strspn(value, digits) >= length || (length == 2 && !memcmp(value, "on", length)) ||
	       (length == 3 && !memcmp(value, "off", length));
}

const char *mask_godebug(struct arena *arena, const char *value)
{
	struct masked masked;

	if (!value)
		return NULL;
	masked = masked_for(arena, value);
	while (*value) {
		const size_t length = strcspn(value, ","), name = count_of(value, length, true);
		const bool setting = name < length && value[name] == '=';

		if (setting && harmless(value + name + 1, length - name - 1)) {
			add(&masked, value, length);
		} else if (length) {
			if (setting)
				add(&masked, value, name + 1);
			hide(&masked);
		}
		value += length;
		if (*value)
			add(&masked, value++, 1);
	}
	return masked.text;
}

/* Names of settings (cmd/go/internal/load/pkg.go, setBuildInfo), or how they begin. */
static const char *const plain_settings[] = {"-buildmode", "-compiler", "-trimpath", "-tags", "-race", "-msan", "-asan", "-cover",
					     "-linkshared", "-mod", "CGO_ENABLED", "DefaultGODEBUG", "GO", "vcs", NULL};
static const char *const flag_settings[] = {"-ldflags", "-gcflags", "-asmflags", "-gccgoflags", "CGO_", NULL};

static bool begins_with_any(const char *key, const char *const *beginnings)
{
	for (; *beginnings; beginnings++)
		if (!strncmp(key, *beginnings, strlen(*beginnings)))
			return true;
	return false;
}

const char *mask_build_setting(struct arena *arena, const char *key, const char *value)
{
	const size_t length = value ? strlen(value) : 0;
	const bool quoted = length > 1 && *value == '"' && value[length - 1] == '"';

	if (!value || !*value || begins_with_any(key, plain_settings))
		return value;
	if (!begins_with_any(key, flag_settings))
		return hidden;
	/* A word before the first flag is none that the program is called by. */
	value = mask_command(arena, arena_printf(arena, "x %.*s", (int)(quoted ? length - 2 : length), value + quoted));
	return arena_printf(arena, quoted ? "\"%s\"" : "%s", value + 2);
}
