/* prose.c: see prose.h. Sources: CommonMark 0.31 (code spans, fenced code), GFM 0.29 (tables, autolinks), and what GitHub links beside:
 * mentions, issues, commits. In code spans and fenced code none of these are looked for. */
#include "report/markdown/prose.h"

#include "report/content/phrases.h"
#include "report/escape.h"

#include <stdbool.h>
#include <string.h>

enum { LONGEST = 300 };

static size_t longest_run(const char *text, size_t length, char c)
{
	size_t longest = 0, run = 0;

	for (size_t i = 0; i < length; i++) {
		run = text[i] == c ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

/* Bytes of at most LONGEST that end with a whole code point. */
static size_t cut_length(const char *text, size_t length)
{
	size_t cut = LONGEST;

	if (length <= LONGEST)
		return length;
	while (cut && (text[cut] & 0xc0) == 0x80)
		cut--;
	return cut;
}

/* A "|" ends a cell, unless there is a backslash before it, in code as well. */
static const char *for_place(struct arena *arena, enum prose_place place, const char *text)
{
	char *result, *at;

	if (place == PROSE_LINE || !strchr(text, '|'))
		return text;
	result = at = arena_array(arena, strlen(text) + 1, 2);
	for (; *text; *at++ = *text++)
		if (*text == '|')
			*at++ = '\\';
	return result;
}

static const char *span_of(struct arena *arena, enum prose_place place, const char *text, size_t length)
{
	const size_t cut = cut_length(text, length), run = longest_run(text, cut, '`');
	const bool padded = cut && (text[0] == '`' || text[cut - 1] == '`' || text[0] == ' ' || text[cut - 1] == ' ');
	char fence[LONGEST + 2] = "";

	if (!length)
		return "";
	memset(fence, '`', run + 1);
	fence[run + 1] = 0;
	return for_place(arena, place,
			 arena_printf(arena, "%s%s%.*s%s%s%s", fence, padded ? " " : "", (int)cut, text, cut < length ? "…" : "",
				      padded ? " " : "", fence));
}

const char *code_span(struct arena *arena, enum prose_place place, const char *text)
{
	text = escape_line(arena, text);
	return span_of(arena, place, text, strlen(text));
}

struct prose {
	struct arena *arena;
	enum prose_place place;
	char *text;
	size_t length;
};

static void add(struct prose *prose, const char *text)
{
	const size_t length = strlen(text);

	memcpy(prose->text + prose->length, text, length);
	prose->length += length;
}

/* Of what may surround a word, brackets make links. */
static void add_punctuation(struct prose *prose, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '[' || text[i] == ']')
			prose->text[prose->length++] = '\\';
		prose->text[prose->length++] = text[i];
	}
}

/* At the beginning, a dash, or digits and a dot or bracket, would make a list. */
static bool begins_list(const struct prose *prose, const struct phrase *phrase)
{
	if (prose->length || phrase->before_size || !phrase->word_size)
		return false;
	return *phrase->word == '-' || (phrase->after_size && strspn(phrase->word, "0123456789") >= phrase->word_size);
}

/* Punctuation stays outside of the span. */
static void add_phrase(struct prose *prose, const struct phrase *phrase)
{
	const bool code = phrase->code || begins_list(prose, phrase);

	add_punctuation(prose, phrase->before, phrase->before_size);
	add(prose, code ? span_of(prose->arena, prose->place, phrase->word, phrase->word_size)
			: arena_strndup(prose->arena, phrase->word, phrase->word_size));
	add_punctuation(prose, phrase->after, phrase->after_size);
}

/* A word of n bytes becomes at most a span with fences as long as itself, and some more. */
static size_t room_for(const char *text)
{
	return strlen(text) * 10 + sizeof "` … `" * 2;
}

const char *prose(struct arena *arena, enum prose_place place, const char *text)
{
	struct prose prose = {.arena = arena, .place = place};
	struct phrase phrase;

	text = escape_line(arena, text);
	prose.text = arena_alloc(arena, room_for(text));
	while (phrase_next(&text, &phrase)) {
		if (prose.length)
			add(&prose, " ");
		add_phrase(&prose, &phrase);
	}
	return prose.text;
}

/* Made harmless; tabs stay. */
static void print_code(const struct fenced *fenced, const char *line)
{
	fprintf(fenced->out, "%*s", (int)fenced->indent, "");
	for (size_t length; *line; line += length) {
		length = strcspn(line, "\t");
		if (length)
			fputs(escape_line(fenced->arena, arena_strndup(fenced->arena, line, length)), fenced->out);
		for (; line[length] == '\t'; length++)
			fputc('\t', fenced->out);
	}
	fputc('\n', fenced->out);
}

static size_t fence_length(const char *const *lines, size_t count)
{
	size_t longest = 2;

	for (size_t i = 0; i < count; i++) {
		const size_t run = longest_run(lines[i], strlen(lines[i]), '`');

		longest = run > longest ? run : longest;
	}
	return longest + 1;
}

static void print_fence(const struct fenced *fenced, size_t length, const char *language)
{
	fprintf(fenced->out, "%*s", (int)fenced->indent, "");
	for (size_t i = 0; i < length; i++)
		fputc('`', fenced->out);
	fprintf(fenced->out, "%s\n", language);
}

void fenced_block(const struct fenced *fenced, const char *const *lines, size_t count)
{
	const size_t length = fence_length(lines, count);

	print_fence(fenced, length, fenced->language);
	for (size_t i = 0; i < count; i++)
		print_code(fenced, lines[i]);
	print_fence(fenced, length, "");
}
