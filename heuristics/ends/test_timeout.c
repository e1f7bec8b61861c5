/* test_timeout.c: see test_timeout.h. A test is what testing.tRunner calls; one that waits for its own subtests stands in testing.(*T).Run
 * itself, and is not what hangs. */
#include "heuristics/ends/test_timeout.h"
#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>
#include <string.h>

enum { TESTS_TOLD = 4 };

static const char announcement[] = "test timed out after ", list_head[] = "running tests:";

/* "\tTestHangs (1s)\n\tTestOther (0s)", from the line behind the list's head on. */
static const char *joined_list(struct arena *arena, const char *text)
{
	const char *list = NULL;

	for (size_t told = 0; *text && told < TESTS_TOLD; told++) {
		const size_t blanks = strspn(text, " \t"), length = strcspn(text + blanks, "\n");

		if (!length)
			break;
		list = arena_printf(arena, "%s%s%.*s", list ? list : "", list ? ", " : "", (int)length, text + blanks);
		text += blanks + length;
		text += *text == '\n';
	}
	return list;
}

bool test_timeout_of(struct arena *arena, const struct messages *messages, struct test_timeout *ret)
{
	const struct panic_value *panic = messages->panicked ? oldest_panic(messages) : NULL;
	const char *text = panic ? panic->text : NULL;
	const char *head;
	size_t length;

	*ret = (struct test_timeout){0};
	if (!text || strncmp(text, announcement, sizeof announcement - 1) != 0)
		return false;
	text += sizeof announcement - 1;
	length = strcspn(text, "\n");
	ret->after = arena_strndup(arena, text, length);
	head = strstr(text + length, list_head);
	if (head && head[sizeof list_head - 1] == '\n')
		ret->running = joined_list(arena, head + sizeof list_head);
	return true;
}

static size_t frame_named(const struct stack *stack, const char *name)
{
	for (size_t i = 0; i < stack->frames.count; i++)
		if (stack->frames.items[i].info->func && !strcmp(go_func_name(stack->frames.items[i].info), name))
			return i;
	return SIZE_MAX;
}

/* Where a goroutine that runs a test stands, in words; NULL: it runs none. */
static const char *test_text(struct diagnosis *diagnosis, size_t goroutine)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct goroutine *g = &analysis->runtime->goroutines.items[goroutine];
	const char *reason = goroutine_wait_reason(analysis->runtime, g);
	struct stack stack = {0};
	size_t runner, frame;

	goroutine_stack(analysis, goroutine, &stack);
	runner = frame_named(&stack, "testing.tRunner");
	if (runner == SIZE_MAX || !runner || frame_named(&stack, "testing.(*T).Run") < runner)
		return NULL;
	frame = first_program_frame(&stack, 0);
	if (frame >= runner)
		return NULL;
	return arena_printf(diagnosis->arena, "goroutine %" PRIu64 " runs the test %s: %s in %s at %s", g->id,
			    go_func_name(stack.frames.items[runner - 1].info),
			    reason ? arena_printf(diagnosis->arena, "it waits (%s)", reason)
				   : arena_printf(diagnosis->arena, "it is %s", goroutine_status_name(g)),
			    program_function(analysis, &stack, frame), frame_address_text(diagnosis->arena, &stack.frames.items[frame]));
}

void test_timeout_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct test_timeout *timeout)
{
	const struct analysis *analysis = diagnosis->analysis;
	const char *first = NULL;

	for (size_t i = 0, told = 0; i < analysis->groups.count && told < TESTS_TOLD; i++) {
		const char *text = test_text(diagnosis, analysis->groups.items[i].first);

		if (!text)
			continue;
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false, "%s", text);
		first = first ? first : text;
		told++;
	}
	if (timeout->running)
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false, "still running, as the panic says: %s", timeout->running);
	finding->title = arena_printf(diagnosis->arena, "the tests ran longer than -timeout allows, %s%s%s", timeout->after,
				      first ? "; " : timeout->running ? "; still running: " : "",
				      first ? first : timeout->running ? timeout->running : "");
}
