/* whole_stack.c: see whole_stack.h. */
#include "formats/log/whole_stack.h"

#include "formats/log/grammar.h"

#include <string.h>

enum { MOST_LINES = 4096 };

struct look {
	struct span text;
	size_t at; /* of the next line */
	struct whole_stack *stack;
	struct span line;
};

/* The next line, which has to end in a newline. */
static bool next_line(struct look *look)
{
	const uint8_t *end = look->at < look->text.size ? memchr(look->text.data + look->at, '\n', look->text.size - look->at) : NULL;

	if (!end)
		return false;
	look->line = (struct span){look->text.data + look->at, (size_t)(end - look->text.data) - look->at};
	return true;
}

static void take(struct look *look)
{
	look->at += look->line.size + 1;
	look->stack->below++;
	if (look->line.size > look->stack->widest)
		look->stack->widest = (uint32_t)look->line.size;
}

/* No white space where the runtime prints none. */
static bool is_tight(struct span line)
{
	return line.size && line.data[0] > ' ' && line.data[line.size - 1] > ' ';
}

static bool take_place(struct look *look)
{
	struct span inner;

	if (!next_line(look) || look->line.size < 2 || look->line.data[0] != '\t')
		return false;
	inner = span_from(look->line, 1);
	if (!is_tight(inner) || !log_is_place(inner))
		return false;
	take(look);
	return true;
}

static bool take_frame(struct look *look)
{
	if (!next_line(look) || !is_tight(look->line) || !log_is_call(look->line))
		return false;
	take(look);
	return take_place(look);
}

static bool take_creator(struct look *look)
{
	static const char created[] = "created by ";

	if (!next_line(look) || !is_tight(look->line) || look->line.size < sizeof created ||
	    memcmp(look->line.data, created, sizeof created - 1) != 0)
		return false;
	take(look);
	return take_place(look);
}

/* Nothing that some writer put there in place of something else. */
static bool is_plain(struct span text)
{
	static const char signs[] = {'#', '\033', '&', '\r', '\\', '"', '^'};

	for (size_t i = 0; i < sizeof signs; i++)
		if (memchr(text.data, signs[i], text.size))
			return false;
	return true;
}

static bool take_frames(struct look *look)
{
	size_t end = look->at;

	while (look->stack->below < MOST_LINES && take_frame(look))
		end = look->at;
	return look->stack->below > 1 && look->at == end && (take_creator(look) || look->at == end);
}

bool whole_stack_at(struct span text, size_t at, struct whole_stack *ret)
{
	struct look look = {.text = text, .at = at, .stack = ret};

	*ret = (struct whole_stack){0};
	if (!next_line(&look) || !is_tight(look.line) || !log_is_stack(look.line))
		return false;
	take(&look);
	if (!take_frames(&look) || !next_line(&look) || look.line.size)
		return false;
	ret->size = look.at - at; /* with the newline behind which the empty line stands */
	return is_plain(span_slice(text, at, ret->size));
}
