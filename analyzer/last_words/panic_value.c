/* panic_value.c: a panic's value as runtime.printpanicval prints it (runtime/error.go). How releases differ is seen from the
 * functions that they have: printindented is of Go 1.23, printfloat64 of Go 1.26. */
#include "analyzer/last_words/error_text.h"
#include "analyzer/last_words/last_words.h"
#include "analyzer/last_words/number_text.h"

#include <inttypes.h>
#include <string.h>

enum { TEXT_LIMIT = 32 * 1024 };

static bool read_sized(struct analysis *analysis, uint64_t address, size_t size, uint64_t *ret)
{
	uint8_t bytes[8] = {0};

	if (image_read(analysis->image, address, bytes, size) != MEM_OK)
		return false;
	*ret = span_u64((struct span){bytes, sizeof bytes}, 0);
	return true;
}

static double float_of(uint64_t bits, bool single)
{
	const uint32_t low = (uint32_t)bits;
	double wide;
	float narrow;

	memcpy(&wide, &bits, sizeof wide);
	memcpy(&narrow, &low, sizeof narrow);
	return single ? (double)narrow : wide;
}

/* Floats and complex numbers; NULL for other kinds, or when the bytes are not there. */
static const char *inexact_text(struct analysis *analysis, uint8_t kind, uint64_t data)
{
	const bool shortest = analysis->runtime->functions[ROLE_PRINT_FLOAT64];
	const bool single = kind == KIND_FLOAT32 || kind == KIND_COMPLEX64;
	const size_t size = single ? 4 : 8;
	uint64_t real, imaginary;

	if (kind < KIND_FLOAT32 || kind > KIND_COMPLEX128 || !read_sized(analysis, data, size, &real))
		return NULL;
	if (kind <= KIND_FLOAT64)
		return float_text(analysis->arena, float_of(real, single), shortest, single);
	if (!read_sized(analysis, data + size, size, &imaginary))
		return NULL;
	return complex_text(analysis->arena, float_of(real, single), float_of(imaginary, single), shortest, single);
}

static const char *signed_text(struct analysis *analysis, uint64_t value, size_t size)
{
	unsigned shift = 64 - 8 * (unsigned)size;

	return arena_printf(analysis->arena, "%" PRId64, (int64_t)(value << shift) >> shift);
}

/* Integers and booleans by kind; NULL for other kinds, or when the bytes are not there. */
static const char *integer_text(struct analysis *analysis, uint8_t kind, uint64_t data)
{
	static const uint8_t sizes[] = {[KIND_BOOL] = 1, [KIND_INT] = 8, [KIND_INT8] = 1, [KIND_INT16] = 2, [KIND_INT32] = 4,
					[KIND_INT64] = 8, [KIND_UINT] = 8, [KIND_UINT8] = 1, [KIND_UINT16] = 2,
					[KIND_UINT32] = 4, [KIND_UINT64] = 8, [KIND_UINTPTR] = 8};
	uint64_t value;

	if (kind >= sizeof sizes || !sizes[kind] || !read_sized(analysis, data, sizes[kind], &value))
		return NULL;
	if (kind == KIND_BOOL)
		return value ? "true" : "false";
	if (kind <= KIND_INT64)
		return signed_text(analysis, value, sizes[kind]);
	return arena_printf(analysis->arena, "%" PRIu64, value);
}

/* runtime.printindented: so that no line of a message can be taken for one of the traceback. */
static const char *indented(struct analysis *analysis, const char *text)
{
	char *copy, *to;

	if (!text || !strchr(text, '\n') || !analysis->runtime->functions[ROLE_PRINT_INDENTED])
		return text;
	copy = to = arena_alloc(analysis->arena, 2 * strlen(text) + 1);
	for (; *text; text++) {
		*to++ = *text;
		if (*text == '\n')
			*to++ = '\t';
	}
	*to = 0;
	return copy;
}

/* The value without its type; NULL: of a kind that is printed as an address, or its bytes are not there. */
static const char *value_text(struct analysis *analysis, uint8_t kind, uint64_t data, bool *cut)
{
	const char *text;

	if (kind == KIND_STRING)
		return indented(analysis, go_string_at(analysis->runtime, data, TEXT_LIMIT, cut));
	text = integer_text(analysis, kind, data);
	return text ? text : inexact_text(analysis, kind, data);
}

static bool has_value(uint8_t kind)
{
	return (kind >= KIND_BOOL && kind <= KIND_COMPLEX128) || kind == KIND_STRING;
}

/* runtime.printpanicval, printanycustomtype. */
static const char *printed_text(struct analysis *analysis, const char *type, uint8_t kind, uint64_t data, bool *cut)
{
	const char *value = has_value(kind) ? value_text(analysis, kind, data, cut) : NULL;

	if (!has_value(kind))
		return type ? arena_printf(analysis->arena, "(%s) 0x%" PRIx64, type, data) : NULL;
	if (!value || !type || go_type_name_is_predeclared(type))
		return value;
	if (kind == KIND_STRING)
		return arena_printf(analysis->arena, "%s(\"%s\")", type, value);
	return arena_printf(analysis->arena, kind >= KIND_COMPLEX64 ? "%s%s" : "%s(%s)", type, value);
}

/* Whether a string's bytes lie where the program's file puts them and nothing is written: behind the code, before the variables. */
static bool is_constant(struct analysis *analysis, uint64_t string)
{
	const struct go_runtime *runtime = analysis->runtime;
	uint64_t bytes;

	if (!image_u64(analysis->image, string, &bytes))
		return false;
	for (size_t i = 0; i < runtime->modules.count; i++)
		if (bytes >= runtime->modules.items[i].text && bytes < runtime->modules.items[i].data_start)
			return true;
	return false;
}

void panic_value_read(struct analysis *analysis, uint64_t type, uint64_t data, struct panic_value *ret)
{
	struct go_runtime *runtime = analysis->runtime;
	const uint8_t kind = go_type_kind(runtime, type);

	if (!type) {
		ret->text = "nil";
		return;
	}
	ret->type = go_type_name(runtime, type);
	ret->says = indented(analysis, error_text(runtime, type, data));
	if (kind)
		ret->text = printed_text(analysis, ret->type, kind, data, &ret->cut);
	ret->constant = ret->text && kind == KIND_STRING && is_constant(analysis, data);
}
