/* tails.c: see tails.h. A tail as a pattern: '0' for digits, ' ' for blanks, all else for itself; a tab is one column's end. */
#include "formats/log/tails.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 32 };

struct tail {
	char pattern[LONGEST];
	size_t length;
};

static char class_of(uint8_t c)
{
	return isdigit(c) ? '0' : (char)c;
}

static bool repeats(char class)
{
	return class == '0' || class == ' ';
}

/* What may be behind a text that is not part of a longer one: letters stand in tags only. */
static bool may_be_tail(struct span text)
{
	static const char never[] = "\"'\\(){}[]:.,";
	bool tag = false;

	for (size_t i = 0; i < text.size; i++) {
		tag = text.data[i] == '<' || (tag && text.data[i] != '>');
		if (text.data[i] >= 0x80 || (iscntrl(text.data[i]) && text.data[i] != '\t' && text.data[i] != '\r') || strchr(never, text.data[i]) ||
		    (isalpha(text.data[i]) && !tag))
			return false;
	}
	return true;
}

static bool pattern_of(struct span text, struct tail *ret)
{
	ret->length = 0;
	if (!may_be_tail(text))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		const char class = class_of(text.data[i]);

		if (ret->length && repeats(class) && ret->pattern[ret->length - 1] == class)
			continue;
		if (ret->length == LONGEST)
			return false;
		ret->pattern[ret->length++] = class;
	}
	return ret->length > 1 || (ret->length && !repeats(ret->pattern[0]));
}

/* What is behind "goroutine 1 [running]:"; false: the line has no such thing. */
static bool behind_header(struct span text, struct span *ret)
{
	static const char goroutine[] = "goroutine ", end[] = "]:";
	const uint8_t *start = memmem(text.data, text.size, goroutine, sizeof goroutine - 1);
	const size_t left = start ? text.size - (size_t)(start - text.data) : 0;
	const uint8_t *close = left > sizeof goroutine && isdigit(start[sizeof goroutine - 1]) ? memmem(start, left, end, sizeof end - 1) : NULL;

	if (!close)
		return false;
	*ret = span_from(text, (size_t)(close - text.data) + sizeof end - 1);
	return true;
}

static bool same(const struct tail *a, const struct tail *b)
{
	return a->length == b->length && !memcmp(a->pattern, b->pattern, a->length);
}

/* The tail of more than half of the headers; a vote, and a count of what won it. */
static bool find(const struct line_list *lines, const struct anchored_lines *anchored, struct tail *ret)
{
	size_t headers = 0, lead = 0, equal = 0;
	struct tail tail;
	struct span behind;

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < anchored->items.count; i++) {
			if (!behind_header(lines->items.items[anchored->items.items[i]].text, &behind))
				continue;
			if (!pattern_of(behind, &tail))
				tail.length = 0;
			if (round) {
				headers++;
				equal += same(&tail, ret);
			} else if (!lead) {
				*ret = tail;
				lead = 1;
			} else {
				lead = same(&tail, ret) ? lead + 1 : lead - 1;
			}
		}
	return headers && ret->length && equal * 2 > headers;
}

/* The text without the tail; itself, if it does not end so. */
static struct span without(struct span text, const struct tail *tail)
{
	size_t end = text.size;

	for (size_t i = tail->length; i-- > 0;) {
		const char class = tail->pattern[i];

		if (!end || class_of(text.data[end - 1]) != class) {
			if (class == ' ' && !i) /* the text may be as wide as its column */
				break;
			return text;
		}
		do
			end--;
		while (repeats(class) && end && class_of(text.data[end - 1]) == class);
	}
	return span_slice(text, 0, end);
}

void tails_cut(struct line_list *lines, const struct anchored_lines *anchored)
{
	struct tail tail = {0};

	if (!find(lines, anchored, &tail))
		return;
	for (size_t i = 0; i < lines->items.count; i++) {
		struct stream_line *line = &lines->items.items[i];
		const struct span text = line->below ? line->text : without(line->text, &tail);

		if (text.size < line->text.size) /* columns make all lines as wide; none was broken for it */
			line->width = text.size < UINT32_MAX ? (uint32_t)text.size : UINT32_MAX;
		line->text = text;
	}
}
