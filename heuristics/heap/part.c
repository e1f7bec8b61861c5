/* part.c: see part.h. */
#include "heuristics/heap/part.h"

#include "base/prefix.h"

#include <string.h>

static const struct heap_part_text parts[] = {
#define HEAP_PART(id, what, usual) [PART_##id] = {what, usual},
#include "heuristics/heap/parts.def"
#undef HEAP_PART
};

static const struct {
	const char *text;
	enum heap_part part;
} texts[] = {
#define HEAP_TEXT(text, part) {text, PART_##part},
#include "heuristics/heap/texts.def"
#undef HEAP_TEXT
};

static const struct {
	const char *beginning;
	enum heap_part part;
	bool writes; /* it counts only where it, or what it called, wrote */
} functions[] = {
#define HEAP_FUNCTION(beginning, part) {beginning, PART_##part, false},
#define HEAP_WRITER(beginning, part) {beginning, PART_##part, true},
#include "heuristics/heap/functions.def"
#undef HEAP_WRITER
#undef HEAP_FUNCTION
};

/* What lies between a function of the heap's and its end: how errors are raised, and what moves bytes for it. */
static const char *const helpers[] = {
	"runtime.throw", "runtime.fatal", "runtime.panic", "runtime.goPanic", "runtime.sigpanic", "runtime.systemstack",
	"runtime.memmove", "runtime.memclr", "runtime.mstart", "internal/runtime/atomic.", "runtime/internal/atomic.",
	"internal/runtime/sys.", "runtime/internal/sys.", "internal/runtime/gc.", "runtime.add", "runtime.(*notInHeapSlice)",
};

const struct heap_part_text *heap_part_text(enum heap_part part)
{
	return &parts[part];
}

enum heap_part heap_part_of_line(const char *line)
{
	const char *text = go_fatal_text(line);

	for (size_t i = 0; text && i < sizeof texts / sizeof *texts; i++)
		if (!strcmp(text, texts[i].text))
			return texts[i].part;
	return PART_NONE;
}

static enum heap_part part_of(const char *name, bool wrote)
{
	for (size_t i = 0; name && i < sizeof functions / sizeof *functions; i++)
		if (!strncmp(name, functions[i].beginning, strlen(functions[i].beginning)))
			return functions[i].writes && !wrote ? PART_NONE : functions[i].part;
	return PART_NONE;
}

enum heap_part heap_part_of_function(const char *name)
{
	return part_of(name, false);
}

static bool is_helper(const char *name)
{
	return name && prefix_of(name, helpers, sizeof helpers / sizeof *helpers);
}

/* Calls that are inlined into a function of the heap's are a part of it, whatever they are named. */
enum heap_part heap_part_on_stack(struct analysis *analysis, const struct stack *stack, bool wrote, size_t *frame,
				  const char **name)
{
	struct frame_line lines[INLINE_LIMIT];

	for (; *frame < stack->frames.count; ++*frame) {
		const size_t count = frame_lines(analysis->image, stack, *frame, lines);

		for (size_t i = 0; i < count; i++) {
			const enum heap_part part = part_of(lines[i].function, wrote);

			*name = lines[i].function;
			if (part != PART_NONE)
				return part;
		}
		for (size_t i = 0; i < count; i++)
			if (!is_helper(lines[i].function))
				return PART_NONE;
	}
	return PART_NONE;
}
