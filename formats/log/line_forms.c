/* line_forms.c: see line_forms.h. */
#include "formats/log/line_forms.h"

#include "base/hash.h"
#include "base/word_map.h"
#include "formats/log/escapes.h"
#include "formats/log/grammar.h"
#include "formats/log/markdown.h"
#include "formats/log/sender.h"

#include <ctype.h>
#include <string.h>

struct forms {
	struct arena *arena;
	struct line_list *lines;
	const struct anchored_lines *anchored;
};

static struct span anchored_text(const struct forms *forms, size_t index)
{
	return forms->lines->items.items[forms->anchored->items.items[index]].text;
}

static const uint8_t *find(struct span text, const char *what)
{
	return text.size ? memmem(text.data, text.size, what, strlen(what)) : NULL;
}

/* Whether an anchored line has a text. */
static bool any_has(const struct forms *forms, const char *what)
{
	for (size_t i = 0; i < forms->anchored->items.count; i++)
		if (find(anchored_text(forms, i), what))
			return true;
	return false;
}

static unsigned hex_of(uint8_t c)
{
	return isdigit(c) ? (unsigned)(c - '0') : isxdigit(c) ? (unsigned)(tolower(c) - 'a') + 10 : 16;
}

static void push(const struct forms *forms, struct line_list *list, const struct stream_line *of, struct span text)
{
	struct stream_line line = *of;

	line.text = text;
	vec_push_moving(forms->arena, &list->items, line);
}

/* ---- <br> ---- */

/* The bytes of a tag at the start of a text; 0: there is none. */
static size_t break_size(struct span text)
{
	size_t at = 3;

	if (text.size < 4 || text.data[0] != '<' || tolower(text.data[1]) != 'b' || tolower(text.data[2]) != 'r')
		return 0;
	while (at < text.size && (text.data[at] == ' ' || text.data[at] == '/'))
		at++;
	return at < text.size && text.data[at] == '>' ? at + 1 : 0;
}

/* Without tags that begin what is around it: "<p>…". */
static struct span without_begins(struct span text)
{
	const uint8_t *close;

	while (text.size > 1 && *text.data == '<' && isalpha(text.data[1]) && (close = memchr(text.data, '>', text.size)))
		text = span_from(text, (size_t)(close - text.data) + 1);
	return text;
}

/* Without tags that end what is around it: "…</p>". */
static struct span without_ends(struct span text)
{
	const uint8_t *open;

	while (text.size && text.data[text.size - 1] == '>' && (open = memrchr(text.data, '<', text.size)) && open[1] == '/')
		text.size = (size_t)(open - text.data);
	return text;
}

/* A tab again for what a line is indented by. */
static struct span indented(struct arena *arena, struct span text)
{
	static const char blank[] = "&nbsp;";
	uint8_t *made;
	size_t at = 0;

	while (text.size - at >= sizeof blank - 1 && !memcmp(text.data + at, blank, sizeof blank - 1))
		at += sizeof blank - 1;
	if (!at)
		return text;
	made = arena_alloc(arena, 1 + text.size - at);
	made[0] = '\t';
	memcpy(made + 1, text.data + at, text.size - at);
	return (struct span){made, 1 + text.size - at};
}

static void split_at_breaks(const struct forms *forms, struct line_list *list, const struct stream_line *line)
{
	size_t start = 0;

	for (size_t at = 0; at < line->text.size; at++) {
		const size_t size = break_size(span_from(line->text, at));
		struct span text;

		if (!size)
			continue;
		text = span_slice(line->text, start, at - start);
		push(forms, list, line, indented(forms->arena, start ? text : without_begins(text)));
		start = at + size;
		at = start - 1;
	}
	if (start && start == line->text.size) /* a tag that ends a line of its own ends it once */
		return;
	push(forms, list, line, start ? without_ends(span_from(line->text, start)) : line->text);
}

static bool undo_breaks(const struct forms *forms)
{
	struct line_list made = {0};

	if (!any_has(forms, "<br") && !any_has(forms, "<BR"))
		return false;
	for (size_t i = 0; i < forms->lines->items.count; i++) {
		const struct stream_line *line = &forms->lines->items.items[i];

		if (line->below)
			push(forms, &made, line, line->text);
		else
			split_at_breaks(forms, &made, line);
	}
	*forms->lines = made;
	return true;
}

/* ---- strings of Python ---- */

/* 'all of it\nin one'; between other quotes where the text has one of these */
static bool is_one_string(struct span text)
{
	const size_t start = text.size && text.data[0] == 'b';
	const uint8_t quote = text.size > start + 2 ? text.data[start] : 0;

	return (quote == '\'' || (quote == '"' && memchr(text.data, '\'', text.size))) && text.data[text.size - 1] == quote && find(text, "\\n");
}

/* Where the string begins, by its quote; of a string with an apostrophe that is the other one. */
static const uint8_t *string_start(struct span text)
{
	const uint8_t *quote = memchr(text.data, '\'', text.size), *other = memchr(text.data, '"', text.size);
	const bool begins = other && (other == text.data || other[-1] == 'b' || other[-1] == 'u' || other[-1] == ' ') && text.data[text.size - 1] == '"';

	return begins && (!quote || other < quote) ? other : quote;
}

/* Whether what the runtime prints first in a line is behind a quote that is not JSON's. */
static bool is_quoted(const struct forms *forms)
{
	for (size_t i = 0; i < forms->anchored->items.count; i++)
		if (is_one_string(anchored_text(forms, i)))
			return true;
	return any_has(forms, "'goroutine ") || any_has(forms, "'panic: ") || any_has(forms, "'fatal error: ") || any_has(forms, "'SIG");
}

/* From the first quote to the last, as the value of a key; quotes of the other kind are escaped. */
static struct span as_json_string(struct arena *arena, struct span text)
{
	static const char key[] = "text=\"";
	const uint8_t *first = string_start(text), *last = first ? memrchr(text.data, *first, text.size) : NULL;
	uint8_t *made, *to;

	if (!first || first == last)
		return text;
	made = to = arena_alloc(arena, 2 * text.size + sizeof key);
	for (const uint8_t *from = text.data; from < text.data + text.size; from++) {
		if (from == first) {
			to -= to > made && (to[-1] == 'b' || to[-1] == 'u');
			memcpy(to, key, sizeof key - 1);
			to += sizeof key - 1;
		} else if (from == last) {
			*to++ = '"';
		} else if (from < first || from > last) {
			*to++ = *from;
		} else if (*from == '\\' && from[1] == '\'') {
			continue;
		} else {
			if (*from == '"' && *first != '"')
				*to++ = '\\';
			*to++ = *from;
		}
	}
	return (struct span){made, (size_t)(to - made)};
}

static bool undo_python(const struct forms *forms)
{
	if (!is_quoted(forms))
		return false;
	for (size_t i = 0; i < forms->lines->items.count; i++) {
		struct stream_line *line = &forms->lines->items.items[i];

		if (!line->below && line->text.size)
			line->text = as_json_string(forms->arena, line->text);
	}
	return true;
}

/* ---- quoted-printable ---- */

enum { WIDEST = 76, NARROWEST = 60 };

static bool is_soft_break(const struct stream_line *line)
{
	return line->text.size >= NARROWEST && line->text.size <= WIDEST && line->text.data[line->text.size - 1] == '=';
}

/* A call that was broken off at the widest, and is one again with the next line. */
static bool is_broken_call(const struct forms *forms, size_t index)
{
	const struct line_list *lines = forms->lines;
	const struct stream_line *line = &lines->items.items[index], *next = line + 1;
	struct span joined;
	uint8_t *bytes;

	if (index + 1 == lines->items.count || line->text.size != WIDEST || next->below || log_kind_of(line->text) != LOG_OTHER)
		return false;
	bytes = arena_alloc(forms->arena, line->text.size + next->text.size);
	joined = (struct span){bytes, line->text.size - 1 + next->text.size};
	memcpy(bytes, line->text.data, line->text.size - 1);
	memcpy(bytes + line->text.size - 1, next->text.data, next->text.size);
	return log_kind_of(joined) == LOG_CALL;
}

/* Signs of equality are three characters there; the runtime's own have a number behind them. */
static bool is_printable_encoded(const struct forms *forms)
{
	size_t breaks = 0, codes = 0;

	for (size_t i = 0; i < forms->lines->items.count; i++) {
		const struct stream_line *line = &forms->lines->items.items[i];

		if (line->below)
			continue;
		if (is_soft_break(line))
			breaks += 1 + is_broken_call(forms, i);
		codes += find(line->text, "=3D0x") != NULL || find(line->text, "=09/") != NULL;
	}
	for (size_t i = 0; i < forms->anchored->items.count; i++)
		if (find(anchored_text(forms, i), "=0x"))
			return false;
	return codes || breaks > 1;
}

static struct span decode_printable(struct arena *arena, struct span text)
{
	uint8_t *made = arena_alloc(arena, text.size + 1), *to = made;

	for (size_t i = 0; i < text.size; i++) {
		const bool code = text.data[i] == '=' && i + 2 < text.size && hex_of(text.data[i + 1]) < 16 && hex_of(text.data[i + 2]) < 16;

		*to++ = code ? (uint8_t)(hex_of(text.data[i + 1]) << 4 | hex_of(text.data[i + 2])) : text.data[i];
		i += code ? 2 : 0;
	}
	return (struct span){made, (size_t)(to - made)};
}

static bool undo_printable(const struct forms *forms)
{
	struct line_list made = {0};
	VEC(uint8_t) joined = {0};

	if (!is_printable_encoded(forms))
		return false;
	for (size_t i = 0; i < forms->lines->items.count; i++) {
		const struct stream_line *line = &forms->lines->items.items[i];
		const bool soft = !line->below && is_soft_break(line);

		if (line->below) {
			push(forms, &made, line, line->text);
			continue;
		}
		for (size_t k = 0; k + soft < line->text.size; k++)
			vec_push_moving(forms->arena, &joined, line->text.data[k]);
		if (soft && i + 1 < forms->lines->items.count)
			continue;
		push(forms, &made, line, escapes_tidy(forms->arena, decode_printable(forms->arena, (struct span){joined.items, joined.count})));
		joined.count = 0;
	}
	*forms->lines = made;
	return true;
}

/* ---- lists of bytes ---- */

enum { FEWEST_BYTES = 4 };

/* "[9,47,…]" at the start of a text, as a string of JSON; false: it is none. */
static bool list_as_string(struct arena *arena, struct span text, struct span *string, size_t *size)
{
	uint8_t *made = arena_alloc(arena, 3 * text.size + 2), *to = made; /* "[5,2": a control character of each two bytes, and quotes */
	size_t at = 1, count = 0;

	*to++ = '"';
	while (at < text.size && isdigit(text.data[at])) {
		static const char digits[] = "0123456789abcdef", control[] = {'\\', 'u', '0', '0'};
		unsigned byte = 0;

		for (; at < text.size && isdigit(text.data[at]) && byte < 256; at++)
			byte = byte * 10 + (text.data[at] - '0');
		if (byte >= 256)
			return false;
		if (byte < ' ') {
			memcpy(to, control, sizeof control);
			to[4] = (uint8_t)digits[byte >> 4];
			to[5] = (uint8_t)digits[byte & 15];
			to += 6;
		} else {
			if (byte == '"' || byte == '\\')
				*to++ = '\\';
			*to++ = (uint8_t)byte;
		}
		count++;
		while (at < text.size && (text.data[at] == ',' || text.data[at] == ' '))
			at++;
	}
	*to++ = '"';
	*string = (struct span){made, (size_t)(to - made)};
	*size = at + 1;
	return count >= FEWEST_BYTES && at < text.size && text.data[at] == ']';
}

/* Where such a list may begin in a line of JSON; NULL: nowhere. */
static const uint8_t *list_in(struct span text)
{
	const uint8_t *at = text.size && text.data[0] == '{' ? find(text, ":[") : NULL;

	if (!at && text.size && text.data[0] == '{' && (at = find(text, ": [")))
		at++;
	at = at ? at + 1 : NULL;
	return at && at + 1 < text.data + text.size && isdigit(at[1]) ? at : NULL;
}

static struct span with_string(struct arena *arena, struct span text, const uint8_t *list)
{
	const size_t before = (size_t)(list - text.data);
	struct span string;
	size_t size;
	uint8_t *made;

	if (!list_as_string(arena, span_from(text, before), &string, &size))
		return text;
	made = arena_alloc(arena, text.size - size + string.size);
	memcpy(made, text.data, before);
	memcpy(made + before, string.data, string.size);
	memcpy(made + before + string.size, list + size, text.size - before - size);
	return (struct span){made, text.size - size + string.size};
}

static bool undo_lists(const struct forms *forms)
{
	bool undone = false;

	for (size_t i = 0; i < forms->lines->items.count; i++) {
		struct stream_line *line = &forms->lines->items.items[i];
		const uint8_t *list = line->below ? NULL : list_in(line->text);

		if (!list)
			continue;
		line->text = with_string(forms->arena, line->text, list);
		undone = true;
	}
	return undone;
}

/* ---- grep ---- */

/* The files that "app.log:120:" or "app.log-120-" may name at the beginning of a line. */
struct named {
	struct span text;
	uint8_t mark;
	size_t size; /* of the name */
	uint64_t hash;
	size_t at; /* what was looked at */
	uint64_t hash_at;
};

static struct named named_of(struct span text, uint8_t mark)
{
	enum { LONGEST = 512 };

	return (struct named){.text = span_slice(text, 0, text.size < LONGEST ? text.size : LONGEST), .mark = mark, .hash_at = hash_key};
}

static bool named_next(struct named *named)
{
	const struct span text = named->text;

	while (named->at < text.size) {
		size_t digits = named->at + 1;

		named->size = named->at;
		named->hash = named->hash_at;
		named->hash_at = sender_add(named->hash_at, span_slice(text, named->at++, 1));
		if (!named->size || text.data[named->size] != named->mark)
			continue;
		while (digits < text.size && isdigit(text.data[digits]))
			digits++;
		if (digits > named->at && digits < text.size && text.data[digits] == named->mark)
			return true;
	}
	return false;
}

static bool undo_context_of(const struct forms *forms, struct span file)
{
	bool undone = false;

	for (size_t i = 0; i < forms->lines->items.count; i++) {
		struct stream_line *line = &forms->lines->items.items[i];
		size_t at = file.size + 1;
		uint8_t *made;

		if (line->below || line->text.size <= at || line->text.data[file.size] != '-' || memcmp(line->text.data, file.data, file.size) != 0)
			continue;
		while (at < line->text.size && isdigit(line->text.data[at]))
			at++;
		if (at == file.size + 1 || at == line->text.size || line->text.data[at] != '-')
			continue;
		made = arena_alloc(forms->arena, line->text.size);
		memcpy(made, line->text.data, line->text.size);
		made[file.size] = made[at] = ':';
		line->text.data = made;
		undone = true;
	}
	return undone;
}

static struct word_map contexts_of(const struct forms *forms)
{
	enum { MOST = 1 << 20 };
	struct word_map contexts = {0};

	for (size_t i = 0; i < forms->lines->items.count && contexts.count < MOST; i++) {
		struct named named = named_of(forms->lines->items.items[i].text, '-');

		while (!forms->lines->items.items[i].below && named_next(&named))
			word_map_add(&contexts, forms->arena, named.hash, 0);
	}
	return contexts;
}

/* All lines are looked at once there is what may be a file's name before a goroutine. */
static bool undo_context(const struct forms *forms)
{
	struct word_map contexts = {0};

	for (size_t i = 0; i < forms->anchored->items.count; i++) {
		const struct span text = anchored_text(forms, i);
		const uint8_t *start = find(text, "goroutine ");
		struct named named = named_of(span_slice(text, 0, start ? (size_t)(start - text.data) : 0), ':');

		while (named_next(&named)) {
			if (!contexts.count && !(contexts = contexts_of(forms)).count)
				return false;
			if (word_map_find(&contexts, named.hash) >= 0 && undo_context_of(forms, span_slice(text, 0, named.size)))
				return true;
		}
	}
	return false;
}

bool line_forms_undo(struct arena *arena, struct line_list *lines, const struct anchored_lines *anchored)
{
	static bool (*const forms[])(const struct forms *forms) = {undo_breaks, undo_python, undo_printable, undo_lists, undo_context};
	const struct forms all = {arena, lines, anchored};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (forms[i](&all))
			return true;
	return markdown_undo(lines, anchored);
}
