/* error_text.c: see error_text.h. The program's code is not run: a table says what well-known types print. */
#include "analyzer/last_words/error_text.h"

#include "analyzer/last_words/errnos.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_LIMIT = 16, JOIN_LIMIT = 16, STRING_LIMIT = 4096 };

struct teller {
	struct go_runtime *runtime;
	int depth; /* of wrapped errors */
	int joined; /* parts of joined errors, all together */
};

static const struct {
	const char *package, *type, *text;
} error_types[] = {
#define ERROR_TYPE(package, type, text) {package, type, text},
#include "analyzer/last_words/error_types.def"
#undef ERROR_TYPE
};

static const char *tell_value(struct teller *teller, uint64_t type, uint64_t data);

/* An error in memory is {itab, data}; the itab says which type (runtime.itab). */
static const char *tell_interface(struct teller *teller, uint64_t address)
{
	uint64_t itab, type, data;

	if (!image_u64(teller->runtime->image, address, &itab) || !image_u64(teller->runtime->image, address + 8, &data) ||
	    !itab || !go_field(teller->runtime, itab, LAYOUT_itab_type, &type))
		return NULL;
	return tell_value(teller, type, data);
}

/* errors.Join puts one error on each line. */
static const char *tell_joined(struct teller *teller, uint64_t address)
{
	const char *all = NULL;
	uint64_t first, count;

	if (!image_u64(teller->runtime->image, address, &first) || !image_u64(teller->runtime->image, address + 8, &count))
		return NULL;
	for (uint64_t i = 0; i < count; i++) {
		const char *one = ++teller->joined <= JOIN_LIMIT ? tell_interface(teller, first + i * 16) : NULL;

		if (!one)
			return NULL;
		all = all ? arena_printf(teller->runtime->arena, "%s\n%s", all, one) : one;
	}
	return all;
}

/* As strconv.Quote; NULL for what it would have to escape in another way than by a backslash. */
static const char *quoted(struct arena *arena, const char *text)
{
	char *quote = text ? arena_alloc(arena, 2 * strlen(text) + 3) : NULL;
	size_t length = 0;

	if (!quote)
		return NULL;
	quote[length++] = '"';
	for (; *text; text++) {
		if (!isascii((unsigned char)*text) || !isprint((unsigned char)*text))
			return NULL;
		if (*text == '"' || *text == '\\')
			quote[length++] = '\\';
		quote[length++] = *text;
	}
	quote[length] = '"';
	return quote;
}

static const char *tell_errno(struct teller *teller, uint64_t address)
{
	uint64_t number;

	if (teller->runtime->image->os != OS_LINUX || !image_u64(teller->runtime->image, address, &number))
		return NULL;
	return errno_text(number);
}

/* runtime/error.go: boundsErrorFmts, boundsNegErrorFmts. `%x` is the index, `%y` the length. */
static const struct {
	const char *text, *negative;
} bounds[] = {
	{"index out of range [%x] with length %y", "index out of range [%x]"},
	{"slice bounds out of range [:%x] with length %y", "slice bounds out of range [:%x]"},
	{"slice bounds out of range [:%x] with capacity %y", "slice bounds out of range [:%x]"},
	{"slice bounds out of range [%x:%y]", "slice bounds out of range [%x:]"},
	{"slice bounds out of range [::%x] with length %y", "slice bounds out of range [::%x]"},
	{"slice bounds out of range [::%x] with capacity %y", "slice bounds out of range [::%x]"},
	{"slice bounds out of range [:%x:%y]", "slice bounds out of range [:%x:]"},
	{"slice bounds out of range [%x:%y:]", "slice bounds out of range [%x::]"},
};

static const char *tell_bounds(struct teller *teller, uint64_t address)
{
	struct arena *arena = teller->runtime->arena;
	const char *text, *all = "";
	uint64_t x, y;
	uint8_t is_signed, code;

	if (!image_u64(teller->runtime->image, address, &x) || !image_u64(teller->runtime->image, address + 8, &y) ||
	    !image_u8(teller->runtime->image, address + 16, &is_signed) ||
	    !image_u8(teller->runtime->image, address + 17, &code) || code >= sizeof bounds / sizeof *bounds)
		return NULL;
	is_signed = is_signed && (int64_t)x < 0;
	text = is_signed ? bounds[code].negative : bounds[code].text;
	for (const char *at; (at = strchr(text, '%')); text = at + 2)
		all = arena_printf(arena, at[1] == 'x' && is_signed ? "%s%.*s%" PRId64 : "%s%.*s%" PRIu64, all, (int)(at - text),
				   text, at[1] == 'x' ? x : y);
	return arena_printf(arena, "%s%s", all, text);
}

/* runtime.TypeAssertionError.Error. */
static const char *tell_assertion(struct teller *teller, uint64_t address)
{
	struct go_runtime *runtime = teller->runtime;
	uint64_t types[3]; /* the interface's, the value's, the one asked for */
	const char *names[3], *method = go_string_at(runtime, address + sizeof types, STRING_LIMIT, NULL);

	for (size_t i = 0; i < 3; i++) {
		if (!image_u64(runtime->image, address + i * 8, &types[i]))
			return NULL;
		names[i] = types[i] ? go_type_name(runtime, types[i]) : i ? "" : "interface";
		if (!names[i])
			return NULL;
	}
	if (!method)
		return NULL;
	if (!types[1])
		return arena_printf(runtime->arena, "%s is nil, not %s", names[0], names[2]);
	if (*method)
		return arena_printf(runtime->arena, "%s is not %s: missing method %s", names[1], names[2], method);
	if (!strcmp(names[1], names[2])) /* more is said then, of packages and scopes */
		return NULL;
	return arena_printf(runtime->arena, "%s is %s, not %s", names[0], names[1], names[2]);
}

static const char *tell_field(struct teller *teller, char kind, uint64_t address)
{
	switch (kind) {
	case 's':
		return go_string_at(teller->runtime, address, STRING_LIMIT, NULL);
	case 'q':
		return quoted(teller->runtime->arena, go_string_at(teller->runtime, address, STRING_LIMIT, NULL));
	case 'e':
		return tell_interface(teller, address);
	case 'j':
		return tell_joined(teller, address);
	case 'n':
		return tell_errno(teller, address);
	case 'b':
		return tell_bounds(teller, address);
	default:
		return tell_assertion(teller, address);
	}
}

/* Fills in a text of the table. */
static const char *tell_fields(struct teller *teller, const char *text, uint64_t data)
{
	const char *all = "";

	for (const char *open; (open = strchr(text, '{')); text = strchr(open, '}') + 1) {
		const char *field = tell_field(teller, open[1], data + strtoull(open + 2, NULL, 10));

		if (!field)
			return NULL;
		all = arena_printf(teller->runtime->arena, "%s%.*s%s", all, (int)(open - text), text, field);
	}
	return arena_printf(teller->runtime->arena, "%s%s", all, text);
}

static const char *tell_value(struct teller *teller, uint64_t type, uint64_t data)
{
	const char *name = go_type_name(teller->runtime, type);
	const char *package = name ? go_type_package(teller->runtime, type) : NULL;
	const char *text = NULL;

	if (!package || teller->depth >= DEPTH_LIMIT)
		return NULL;
	teller->depth++;
	for (size_t i = 0; i < sizeof error_types / sizeof *error_types && !text; i++)
		if (!strcmp(error_types[i].type, name) && !strcmp(error_types[i].package, package))
			text = tell_fields(teller, error_types[i].text, data);
	teller->depth--;
	return text;
}

const char *error_text(struct go_runtime *runtime, uint64_t type, uint64_t data)
{
	struct teller teller = {.runtime = runtime};

	return tell_value(&teller, type, data);
}
