/* ordinary_ends.c: what the detectors of a process's ordinary ends share: the dying goroutine's frames below the runtime. */
#include "heuristics/ends/ordinary_ends.h"

#include "base/prefix.h"
#include "golang/recorded.h"

#include <string.h>

/* Of a value that has no end: what a sentence bears. */
enum { SENTENCE_LIMIT = 160 };

/* Packages that the runtime is made of, or that only pass its errors on; and functions of their assembly that are of no package
 * (internal/bytealg, runtime/asm_*.s, Go 1.18 to 1.27). */
static const char *const runtime_packages[] = {
	"runtime.", "internal/runtime/", "internal/sync.", "sync.", "internal/bytealg.", "aeshashbody", "cmpbody", "countbody",
	"countbytebody", "equalbody", "indexbody", "indexbytebody", "memeqbody",
};

static bool is_runtime_name(const char *name)
{
	return prefix_of(name, runtime_packages, sizeof runtime_packages / sizeof *runtime_packages) != NULL;
}

bool is_runtime_frame(const struct frame *frame)
{
	return !frame->info->func || is_runtime_name(go_func_name(frame->info));
}

size_t first_program_frame(const struct stack *stack, size_t from)
{
	for (size_t i = from; i < stack->frames.count; i++)
		if (!is_runtime_frame(&stack->frames.items[i]))
			return i;
	return SIZE_MAX;
}

size_t find_role(const struct stack *stack, enum func_role role)
{
	for (size_t i = 0; i < stack->frames.count; i++)
		if (stack->frames.items[i].info->role == role)
			return i;
	return SIZE_MAX;
}

const char *program_function(struct analysis *analysis, const struct stack *stack, size_t frame)
{
	struct frame_line lines[INLINE_LIMIT];
	size_t count = frame_lines(analysis->image, stack, frame, lines);

	for (size_t i = 0; i < count; i++)
		if (lines[i].function && !is_runtime_name(lines[i].function))
			return lines[i].function;
	return go_func_name(stack->frames.items[frame].info);
}

size_t panic_frame(const struct stack *stack, const struct panic_value *panic)
{
	return panic->frame < 0 ? SIZE_MAX : first_program_frame(stack, (size_t)panic->frame);
}

const struct panic_value *oldest_panic(const struct messages *messages)
{
	for (size_t i = messages->panics.count; i-- > 0;)
		if (!messages->panics.items[i].goexit)
			return &messages->panics.items[i];
	return NULL;
}

const char *one_line(struct arena *arena, const char *text)
{
	size_t length = strcspn(text, "\n");
	size_t cut = length;

	if (length > SENTENCE_LIMIT)
		for (cut = SENTENCE_LIMIT; cut && text[cut] != ' ';)
			cut--;
	return arena_printf(arena, "%.*s%s", (int)cut, text, text[cut] ? " …" : "");
}

void point_at(struct analysis *analysis, struct finding *finding, const struct stack *stack, size_t frame)
{
	if (frame >= stack->frames.count)
		return;
	finding->frame = (int64_t)frame;
	finding->function = program_function(analysis, stack, frame);
	finding->pc = stack->frames.items[frame].pc;
	finding->has_pc = recorded_pc_known(finding->pc);
}

bool is_whole_stack(struct analysis *analysis, const struct finding *finding, struct stack *ret)
{
	if (finding->goroutine >= 0)
		goroutine_stack(analysis, (size_t)finding->goroutine, ret);
	else
		thread_stack(analysis, (size_t)finding->thread, ret);
	return ret->end == END_COMPLETE || ret->end == END_STACK_SWITCH;
}
