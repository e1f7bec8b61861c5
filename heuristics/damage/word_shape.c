/* word_shape.c: see word_shape.h. */
#include "heuristics/damage/word_shape.h"

#include <ctype.h>
#include <inttypes.h>

enum { SMALL = 1 << 20, WORD = 8 };

static const struct {
	unsigned bytes;
	uint64_t value;
	const char *text;
} shapes[] = {
#define WORD_SHAPE(bytes, value, text) {bytes, value, text},
#include "heuristics/damage/word_shapes.def"
#undef WORD_SHAPE
};

static bool is_text(uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		if (!isprint((int)(value >> 8 * i & 0xff)))
			return false;
	return true;
}

static const char *text_shape(const struct diagnosis *diagnosis, uint64_t value, unsigned bytes)
{
	char text[WORD + 1] = {0};

	for (unsigned i = 0; i < bytes; i++)
		text[i] = (char)(value >> 8 * i & 0xff);
	return arena_printf(diagnosis->arena, "text: \"%s\"", text);
}

static const char *pointer_shape(const struct diagnosis *diagnosis, uint64_t value)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct go_runtime *runtime = analysis->runtime;
	const struct segment *segment = image_segment(analysis->image, value);

	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const struct goroutine *g = &runtime->goroutines.items[i];

		if (value >= g->stack_lo && value < g->stack_hi)
			return arena_printf(diagnosis->arena, "a pointer into the stack of goroutine %" PRIu64, g->id);
	}
	if (!segment)
		return NULL;
	return segment->flags & SEGMENT_EXEC    ? "a pointer to code"
	       : segment->flags & SEGMENT_WRITE ? "a pointer to writable memory, such as the heap"
						: "a pointer to read-only memory";
}

const char *word_shape(const struct diagnosis *diagnosis, uint64_t value, unsigned bytes)
{
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (shapes[i].bytes == bytes && shapes[i].value == value)
			return shapes[i].text;
	if (is_text(value, bytes))
		return text_shape(diagnosis, value, bytes);
	if (value < SMALL)
		return "a small number, as a count of bytes, a length or a flag is";
	return bytes == WORD ? pointer_shape(diagnosis, value) : NULL;
}
