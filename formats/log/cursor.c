/* cursor.c: see cursor.h. */
#include "formats/log/cursor.h"

#include "base/hex.h"

#include <string.h>

enum { DECIMAL = 10, HEXADECIMAL = 16 };

/* Of that base; -1: it is no digit. */
static int digit_of(char c, int base)
{
	const int digit = hex_digit((uint8_t)c);

	return digit < base ? digit : -1;
}

static bool take_number(struct cursor *cursor, int base, uint64_t *ret)
{
	const char *at = cursor->at;
	uint64_t value = 0;

	for (; at < cursor->end && digit_of(*at, base) >= 0; at++)
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit_of(*at, base), &value))
			return false;
	if (at == cursor->at)
		return false;
	cursor->at = at;
	*ret = value;
	return true;
}

bool cursor_decimal(struct cursor *cursor, uint64_t *ret)
{
	return take_number(cursor, DECIMAL, ret);
}

bool cursor_hex(struct cursor *cursor, uint64_t *ret)
{
	struct cursor copy = *cursor;

	if (!cursor_take(&copy, "0x") || !take_number(&copy, HEXADECIMAL, ret))
		return false;
	*cursor = copy;
	return true;
}

bool cursor_signed(struct cursor *cursor, int64_t *ret)
{
	struct cursor copy = *cursor;
	const bool negative = cursor_take(&copy, "-");
	uint64_t value;

	if (!cursor_decimal(&copy, &value))
		return false;
	*ret = (int64_t)(negative ? 0 - value : value);
	*cursor = copy;
	return true;
}

const char *cursor_find(const struct cursor *cursor, const char *text)
{
	return memmem(cursor->at, cursor_left(cursor), text, strlen(text));
}

/* From behind: it is mostly near the end, and lines may be long. */
const char *cursor_find_last(const struct cursor *cursor, const char *text)
{
	const size_t length = strlen(text);
	size_t left = cursor_left(cursor) < length ? 0 : cursor_left(cursor) - length + 1;

	for (const char *at; (at = left ? memrchr(cursor->at, *text, left) : NULL); left = (size_t)(at - cursor->at))
		if (!memcmp(at, text, length))
			return at;
	return NULL;
}
