/* goroutines.c: see goroutines.h. */
#include "report/content/goroutines.h"

#include "report/content/lines.h"
#include "report/library.h"
#include "report/quantity.h"

#include <inttypes.h>
#include <string.h>

enum { IDS_SHOWN = 3 };

/* "waiting: chan receive", "runnable, being scanned" */
const char *goroutine_state(struct arena *arena, const struct go_runtime *runtime, const struct goroutine *g)
{
	const char *reason = g->status == G_WAITING ? goroutine_wait_reason(runtime, g) : NULL;

	return arena_printf(arena, "%s%s%s%s", goroutine_status_name(g), reason ? ": " : "", reason ? reason : "",
			    g->scan ? ", stack claimed by a walker" : "");
}

/* Goroutine 1 is made by start-up code, which the runtime does not print either (runtime/traceback.go). */
const char *goroutine_creator(struct arena *arena, struct go_runtime *runtime, const struct goroutine *g)
{
	const struct pc_info *info = g->gopc && g->id != 1 ? go_pc(runtime, g->gopc, false) : NULL;

	if (!info || !info->func)
		return NULL;
	return g->parent_id ? arena_printf(arena, "%s (goroutine %" PRIu64 ")", go_func_name(info), g->parent_id)
			    : go_func_name(info);
}

const char *goroutine_traits(struct arena *arena, const struct analysis *analysis, size_t index)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[index];
	int32_t thread = analysis->goroutine_thread[index];
	const char *traits = "";
	int64_t waited;

	if (goroutine_waited(analysis->runtime, g, &waited) && waited >= NANOTIME_SECOND)
		traits = arena_printf(arena, ", for at least %s", duration_text(arena, waited));
	if (thread >= 0)
		traits = arena_printf(arena, "%s, %s", traits, thread_text(analysis, thread));
	return g->locked ? arena_printf(arena, "%s, locked to its thread", traits) : traits;
}

static bool begins(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* A go statement with arguments is made into a function, main.run.gowrap3, up to Go 1.21 main.run·dwrap·3 (cmd/compile
 * walk/order.go). What the program calls it is main.run, where the statement is. */
static const char *without_go_wrapper(struct arena *arena, const char *function)
{
	const char *mark = strstr(function, "·dwrap·");
	const char *dot = strrchr(function, '.');

	if (!mark && dot && begins(dot, ".gowrap"))
		mark = dot;
	return mark ? arena_strndup(arena, function, (size_t)(mark - function)) : function;
}

const char *group_place(struct arena *arena, const struct analysis *analysis, const struct stack *stack, bool verbose)
{
	struct frame_line lines[INLINE_LIMIT];
	const char *last =
		stack->frames.count ? arena_printf(arena, "pc %s", frame_address_text(arena, &stack->frames.items[0])) : "?";

	for (size_t i = 0; i < stack->frames.count; i++) {
		size_t count = frame_lines(analysis->image, stack, i, lines);

		for (size_t j = 0; j < count; j++) {
			if (!lines[j].function || !strcmp(lines[j].function, "runtime.goexit"))
				continue;
			last = arena_printf(arena, "%s %s", without_go_wrapper(arena, lines[j].function), line_place(arena, &lines[j], verbose));
			if (!function_is_library(analysis->runtime, lines[j].function))
				return last;
		}
	}
	return last;
}

const char *group_ids(struct arena *arena, const struct go_runtime *runtime, const struct selected_group *group)
{
	const char *list = group->count > 1 ? "goroutines" : "goroutine";

	for (size_t i = 0; i < group->count && i < IDS_SHOWN; i++)
		list = arena_printf(arena, "%s%s %" PRIu64, list, i ? "," : "",
				    runtime->goroutines.items[group->members[i]].id);
	return group->count > IDS_SHOWN ? arena_printf(arena, "%s, …", list) : list;
}
