/* number_text.c: see number_text.h. */
#include "analyzer/last_words/number_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	DIGITS = 7,           /* printfloat's */
	MOST_DIGITS = 17,     /* that tell any float64 */
	EXPONENT_SMALLEST = -4, EXPONENT_LARGEST = 5, /* beyond, strconv's 'g' writes an exponent */
	NUMBER_BYTES = 64,
};

static const char *special_text(double value)
{
	if (isnan(value))
		return "NaN";
	return isinf(value) ? value > 0 ? "+Inf" : "-Inf" : NULL;
}

/* runtime.printfloat up to Go 1.25, step by step: its rounding is part of what it prints. */
static const char *fixed_text(struct arena *arena, double value)
{
	char digits[DIGITS + 1] = {0};
	const bool negative = signbit(value);
	double half = 5;
	int exponent = 0;

	value = fabs(value);
	if (value > 0) {
		for (; value >= 10; exponent++)
			value /= 10;
		for (; value < 1; exponent--)
			value *= 10;
		for (int i = 0; i < DIGITS; i++)
			half /= 10;
		value += half;
		if (value >= 10) {
			exponent++;
			value /= 10;
		}
	}
	for (int i = 0; i < DIGITS; i++) {
		const int digit = (int)value;

		digits[i] = (char)('0' + digit);
		value = (value - digit) * 10;
	}
	return arena_printf(arena, "%c%c.%se%c%03d", negative ? '-' : '+', digits[0], digits + 1, exponent < 0 ? '-' : '+',
			    abs(exponent));
}

static bool reads_back(const char *text, double value, bool single)
{
	return single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value;
}

static const char *shortest_text(struct arena *arena, double value, bool single)
{
	char text[NUMBER_BYTES];
	int digits, exponent;

	for (digits = 1; digits < MOST_DIGITS; digits++) {
		snprintf(text, sizeof text, "%.*e", digits - 1, value);
		if (reads_back(text, value, single))
			break;
	}
	snprintf(text, sizeof text, "%.*e", digits - 1, value);
	for (exponent = 0; text[exponent] != 'e'; exponent++)
		;
	exponent = atoi(text + exponent + 1);
	if (exponent < EXPONENT_SMALLEST || exponent > EXPONENT_LARGEST)
		return arena_printf(arena, "%s", text);
	return arena_printf(arena, "%.*f", digits - 1 > exponent ? digits - 1 - exponent : 0, value);
}

const char *float_text(struct arena *arena, double value, bool shortest, bool single)
{
	const char *special = special_text(value);

	if (special)
		return special;
	return shortest ? shortest_text(arena, value, single) : fixed_text(arena, value);
}

const char *complex_text(struct arena *arena, double real, double imaginary, bool shortest, bool single)
{
	const char *second = float_text(arena, imaginary, shortest, single);
	const bool has_sign = !shortest || *second == '+' || *second == '-'; /* only NaN has none there, and is given none */

	return arena_printf(arena, "(%s%s%si)", float_text(arena, real, shortest, single), has_sign ? "" : "+", second);
}
