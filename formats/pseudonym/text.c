/* text.c: see pseudonym.h: which words of a text are names of the program's. A pseudonym is of the same form as its name, and no word that
 * stays, so whoever takes a text back finds the same words in it. */
#include "formats/pseudonym/word.h"

#include "base/hex.h"

#include <string.h>

struct text {
	struct pseudonyms *pseudonyms;
	uint8_t *bytes;
	size_t size;
};

/* ---- runs: paths, and what is qualified by them ---- */

static bool is_of_run(uint8_t byte)
{
	return word_has(byte) || (byte && strchr("./-%@~+$!", byte));
}

static size_t run_size(const struct text *text, size_t at)
{
	size_t size = 0;

	while (at + size < text->size && is_of_run(text->bytes[at + size]))
		size++;
	return size;
}

/* All words of [at, at + size). A byte that is written %xx is none of them (cmd/internal/objabi/path.go). */
static void put_words(const struct text *text, size_t at, size_t size)
{
	const size_t end = at + size;

	while (at < end) {
		const size_t word = word_size(text->bytes + at, end - at);

		if (word)
			word_put(text->pseudonyms, text->bytes + at, word);
		at += word;
		if (at + 2 < end && text->bytes[at] == '%' && hex_digit(text->bytes[at + 1]) >= 0 && hex_digit(text->bytes[at + 2]) >= 0)
			at += 2;
		at++;
	}
}

/* The first element of a run's path, or the package that it is qualified by: what is before the first dot or slash. */
static size_t head_size(const struct text *text, size_t at, size_t size)
{
	size_t head = 0;

	while (head < size && text->bytes[at + head] != '.' && text->bytes[at + head] != '/')
		head++;
	return head;
}

static bool is_qualified(const struct text *text, size_t at, size_t size)
{
	return head_size(text, at, size) < size;
}

/* By import path. */
static bool is_standard(const struct text *text, size_t at, size_t size)
{
	return is_qualified(text, at, size) && word_is_standard(text->bytes + at, head_size(text, at, size));
}

/* By the package's name too. */
static bool is_standard_package(const struct text *text, size_t at, size_t size)
{
	return is_qualified(text, at, size) && word_is_standard_package(text->bytes + at, head_size(text, at, size));
}

/* "a.b", "a/b", not "end." */
static bool is_joined(const struct text *text, size_t at, size_t size)
{
	for (size_t i = at + 1; i + 1 < at + size; i++)
		if ((text->bytes[i] == '.' || text->bytes[i] == '/') && word_has(text->bytes[i - 1]) && word_has(text->bytes[i + 1]))
			return true;
	return false;
}

/* ---- kinds ---- */

static size_t generated_size(const struct text *text)
{
	static const char *const beginnings[] = {"type:.eq.", "type:.hash.", "type..eq.", "type..hash."};

	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
		if (text->size > strlen(beginnings[i]) && !memcmp(text->bytes, beginnings[i], strlen(beginnings[i])))
			return strlen(beginnings[i]);
	return 0;
}

/* What cgo makes of a function that C calls. */
static bool is_exported(const struct text *text)
{
	static const char beginning[] = "_cgoexp_";

	return text->size > sizeof beginning && !memcmp(text->bytes, beginning, sizeof beginning - 1);
}

/* What is outside of brackets is of the package that it begins with; assembly's local functions are of none, and stay. */
static void put_function(const struct text *text)
{
	bool begun = false, stays = !memchr(text->bytes, '.', text->size) && !is_exported(text);
	size_t depth = 0, size;

	for (size_t at = generated_size(text); at < text->size; at += size ? size : 1) {
		size = run_size(text, at);
		depth += text->bytes[at] == '[';
		depth -= depth && text->bytes[at] == ']';
		if (!size)
			continue;
		if (!begun && !depth)
			stays |= is_standard(text, at, size);
		begun |= !depth;
		if (depth ? !is_standard(text, at, size) : !stays)
			put_words(text, at, size);
	}
}

static void put_type(const struct text *text)
{
	size_t size;

	for (size_t at = 0; at < text->size; at += size ? size : 1) {
		size = run_size(text, at);
		if (size && !is_standard_package(text, at, size))
			put_words(text, at, size);
	}
}

/* Of a method with a receiver, "main.(*T).Do": how far it reaches from the run "main." on; 0: it is none. */
static size_t method_size(const struct text *text, size_t at, size_t size)
{
	const size_t open = at + size;
	size_t depth = 0;

	if (size < 2 || text->bytes[open - 1] != '.' || open >= text->size || text->bytes[open] != '(')
		return 0;
	for (size_t end = open; end < text->size && text->bytes[end] != '\n'; end++) {
		depth += text->bytes[end] == '(';
		depth -= text->bytes[end] == ')';
		if (!depth)
			return end + 1 - at + run_size(text, end + 1);
	}
	return 0;
}

static bool is_no_name(const struct text *text, size_t at, size_t size)
{
	return !is_joined(text, at, size) || is_standard_package(text, at, size);
}

static void put_text(const struct text *text)
{
	size_t size, method;

	for (size_t at = 0; at < text->size; at += size ? size : 1) {
		size = run_size(text, at);
		method = method_size(text, at, size);
		if (method ? !is_standard_package(text, at, size) : size && !is_no_name(text, at, size))
			put_words(text, at, method ? method : size);
		size = method ? method : size;
	}
}

static void put_file(const struct text *text)
{
	const size_t head = head_size(text, 0, text->size);

	if (head == text->size || text->bytes[head] != '/' || !word_is_standard(text->bytes, head))
		put_words(text, 0, text->size);
}

/* Lines of build information of which all but the first field are names and what tells of them, and of which the value is. */
static bool names_in_line(const struct text *line, size_t *ret)
{
	static const char *const beginnings[] = {"path\t", "mod\t", "dep\t", "=>\t", "build\tvcs.revision=", "build\t-tags="};

	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
		if (line->size > strlen(beginnings[i]) && !memcmp(line->bytes, beginnings[i], strlen(beginnings[i]))) {
			*ret = strlen(beginnings[i]);
			return true;
		}
	return false;
}

static void put_build(const struct text *text)
{
	size_t size, names;

	for (size_t at = 0; at < text->size; at += size + 1) {
		const uint8_t *end = memchr(text->bytes + at, '\n', text->size - at);
		const struct text line = {text->pseudonyms, text->bytes + at, end ? (size_t)(end - text->bytes) - at : text->size - at};

		size = line.size;
		if (names_in_line(&line, &names))
			put_words(text, at + names, size - names);
	}
}

void pseudonyms_put(struct pseudonyms *pseudonyms, enum name_kind kind, uint8_t *bytes, size_t size)
{
	const struct text text = {pseudonyms, bytes, size};

	switch (kind) {
	case NAME_FUNCTION:
		put_function(&text);
		break;
	case NAME_TYPE:
		put_type(&text);
		break;
	case NAME_FILE:
		put_file(&text);
		break;
	case NAME_BUILD:
		put_build(&text);
		break;
	case NAME_TEXT:
		put_text(&text);
		break;
	default:
		put_words(&text, 0, size);
	}
}
