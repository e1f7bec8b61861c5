/* go_caller.c: see go_caller.h. cgo makes a function _Cfunc_NAME of package P for each C function NAME that P uses
 * (cmd/cgo/out.go, Go 1.18 to 1.27); it calls runtime.cgocall. So do syscall.SyscallN and its like on Windows. */
#include "heuristics/ends/go_caller.h"

#include "base/prefix.h"
#include "golang/recorded.h"
#include "formats/locator/paths.h"

#include <inttypes.h>
#include <string.h>

/* Between runtime.cgocall and who wanted to call C. */
static const char *const passages[] = {"runtime.", "syscall.", "internal/runtime/", "runtime/internal/", "runtime/cgo.",
				       "golang.org/x/sys/windows.(*LazyProc)", "golang.org/x/sys/windows.(*Proc)"};

static bool is_passage(const char *function)
{
	return prefix_of(function, passages, sizeof passages / sizeof *passages) != NULL;
}

/* Takes one line above cgocall; true when it is the caller. */
static bool take_line(struct arena *arena, const struct frame_line *line, struct go_caller *ret)
{
	static const char mark[] = "._Cfunc_";
	const char *called = line->function ? strstr(line->function, mark) : NULL;

	if (called)
		ret->c_function = called + strlen(mark);
	if (!line->function || called || is_passage(line->function))
		return false;
	ret->function = line->function;
	if (line->file)
		ret->place = arena_printf(arena, "%s:%" PRId32, path_base_name(line->file), line->line);
	return true;
}

bool is_symbolized(const struct frame *frame)
{
	return frame->info->recorded && frame->info->recorded->foreign;
}

bool go_caller_find(struct analysis *analysis, size_t goroutine, struct go_caller *ret)
{
	struct stack stack = {0};

	goroutine_stack(analysis, goroutine, &stack);
	return go_caller_on(analysis, &stack, ret);
}

bool go_caller_on(struct analysis *analysis, const struct stack *stack, struct go_caller *ret)
{
	struct frame_line lines[INLINE_LIMIT];
	size_t first = 0;

	*ret = (struct go_caller){0};
	while (first < stack->frames.count && is_symbolized(&stack->frames.items[first]))
		first++;
	if (first == stack->frames.count || !stack->frames.items[first].info->func ||
	    strcmp(go_func_name(stack->frames.items[first].info), "runtime.cgocall") != 0)
		return false;
	for (size_t i = first + 1; i < stack->frames.count; i++) {
		const size_t count = frame_lines(analysis->image, stack, i, lines);

		for (size_t j = 0; j < count; j++)
			if (take_line(analysis->arena, &lines[j], ret))
				return true;
	}
	return true;
}

/* ", calling C's die_of for main.consume, at main.go:109": as much of it as is known. */
static const char *call_text(struct arena *arena, const struct go_caller *caller)
{
	const char *text = caller->c_function ? arena_printf(arena, ", calling C's %s", caller->c_function) : "";

	if (caller->function)
		text = arena_printf(arena, "%s for %s", text, caller->function);
	return caller->place ? arena_printf(arena, "%s, at %s", text, caller->place) : text;
}

void go_caller_evidence(struct diagnosis *diagnosis, struct finding *finding, enum weight weight,
			const struct go_caller *caller)
{
	const struct analysis *analysis = diagnosis->analysis;
	const struct goroutine *g = finding->goroutine < 0 ? NULL : &analysis->runtime->goroutines.items[finding->goroutine];

	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, weight, false, "%s stands in runtime.cgocall%s",
		     g ? arena_printf(analysis->arena, "goroutine %" PRIu64, g->id) : "the goroutine, whose number is not printed,",
		     call_text(analysis->arena, caller));
}
