/* recorded_arguments.c: see recorded_arguments.h. */
#include "golang/recorded_arguments.h"

#include "base/hex.h"

enum { LEAST_ADDRESS = 1 << 20 /* below it numbers are lengths and counts */ };

bool recorded_argument(const struct recorded_frame *frame, size_t *at, uint64_t *value, bool *unsure)
{
	const char *text = frame->arguments;
	const size_t size = text ? frame->arguments_size : 0;

	while (*at + 2 < size && (text[*at] != '0' || text[*at + 1] != 'x' || hex_digit((uint8_t)text[*at + 2]) < 0))
		++*at;
	if (*at + 2 >= size)
		return false;
	*value = 0;
	for (*at += 2; *at < size && hex_digit((uint8_t)text[*at]) >= 0; ++*at)
		*value = *value << 4 | (uint64_t)hex_digit((uint8_t)text[*at]);
	*unsure = *at < size && text[*at] == '?';
	return true;
}

static bool has_argument(const struct recorded_frame *frame, uint64_t wanted)
{
	uint64_t value;
	size_t at = 0;
	bool unsure;

	while (recorded_argument(frame, &at, &value, &unsure))
		if (value == wanted && !unsure)
			return true;
	return false;
}

bool recorded_share_argument(const struct recorded_frame *a, const struct recorded_frame *b, uint64_t *ret)
{
	size_t at = 0;
	bool unsure;

	while (a && b && recorded_argument(a, &at, ret, &unsure))
		if (!unsure && *ret >= LEAST_ADDRESS && *ret % 8 == 0 && has_argument(b, *ret))
			return true;
	return false;
}

static int32_t named_by(const struct go_runtime *runtime, const struct recorded_frame *frame, int32_t except)
{
	uint64_t value;
	size_t at = 0;
	bool unsure;

	while (recorded_argument(frame, &at, &value, &unsure)) {
		const struct goroutine *g = value && !unsure ? goroutine_by_address(runtime, value) : NULL;

		if (g && g - runtime->goroutines.items != except)
			return (int32_t)(g - runtime->goroutines.items);
	}
	return -1;
}

int32_t recorded_names_goroutine(const struct go_runtime *runtime, const struct recorded_stack *stack, int32_t except, size_t *frame)
{
	int32_t named = -1;

	for (; named < 0 && *frame < stack->count; ++*frame)
		named = named_by(runtime, &runtime->recorded->record->frames.items[stack->first + *frame], except);
	*frame -= named >= 0;
	return named;
}
