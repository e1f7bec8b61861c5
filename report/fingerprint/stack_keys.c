/* stack_keys.c: see stack_keys.h. */
#include "report/fingerprint/stack_keys.h"

#include "base/prefix.h"
#include "formats/locator/paths.h"
#include "golang/func_id.h"
#include "heuristics/faults/c_frames.h"
#include "report/fingerprint/function_key.h"
#include "report/library.h"

#include <inttypes.h>

/* What compiled code enters by itself, or the linker made. */
static const char *const runtime_names[] = {"runtime.", "runtime/", "internal/", "type:", "type..", "go:", "go."};

/* Whether it is new. */
static bool add(struct stack_keys *keys, const char *key)
{
	for (size_t i = 0; i < keys->keys.count; i++)
		if (!strcmp(keys->keys.items[i], key)) {
			keys->met.items[i]++;
			return false;
		}
	vec_push(keys->arena, &keys->keys, key);
	vec_push(keys->arena, &keys->met, 1);
	return true;
}

/* A function of the program. */
static void take(struct stack_keys *keys, const char *key)
{
	if (!add(keys, key))
		return;
	keys->taken++;
	if (keys->taken <= keys->innermost)
		keys->within = keys->keys.count;
}

static void add_go(struct stack_keys *keys, const struct frame_line *line)
{
	struct go_runtime *runtime = keys->analysis->runtime;
	const char *key;
	bool closure;

	if (!line->function || func_id_is_wrapper(&runtime->version, line->func_id))
		return;
	key = go_function_key(keys->arena, line->function, line->file, &closure);
	if (!key)
		return;
	if (function_is_library(runtime, line->function)) {
		keys->library = prefix_of(line->function, runtime_names, sizeof runtime_names / sizeof *runtime_names) ||
						!strchr(line->function, '.') ? NULL : key;
		return;
	}
	if (keys->library)
		add(keys, keys->library);
	keys->library = NULL;
	if (!closure || !keys->taken)
		take(keys, key);
}

/* Whether a frame of C lies in the Go program's own file: stripping it takes the names of C from it, and leaves those of Go. */
static bool is_linked_in(const struct analysis *analysis, const struct frame *frame)
{
	const struct go_runtime *runtime = analysis->runtime;
	const struct mapping *own = runtime->modules.count ? image_mapping(analysis->image, runtime->modules.items[0].text) : NULL;
	const struct mapping *mapping = image_mapping(analysis->image, frame->pc);

	return own && mapping && !strcmp(own->path, mapping->path);
}

static void add_c(struct stack_keys *keys, const struct frame_line *line)
{
	const char *key;

	if (c_module_is_runtime(line->module) || (line->function && c_function_is_death(keys->arena, line->function)))
		return;
	if (!line->function && is_linked_in(keys->analysis, line->frame))
		return;
	key = line->function ? c_function_key(keys->arena, line->function) : line->module ? module_key(keys->arena, line->module) : NULL;
	if (!key || (keys->c_called && !strcmp(key, keys->c_called)))
		return;
	take(keys, key);
}

static bool is_all_library(const struct stack_keys *keys, const struct stack *stack, size_t frame)
{
	struct frame_line lines[INLINE_LIMIT];
	const size_t count = stack->frames.items[frame].info->func ? frame_lines(keys->analysis->image, stack, frame, lines) : 0;

	for (size_t i = 0; i < count; i++)
		if (lines[i].function && !function_is_library(keys->analysis->runtime, lines[i].function))
			return false;
	return count != 0;
}

/* What a function of the program called of the library is a frame of its own or inlined into it: the frames below count as well. */
static size_t with_called(const struct stack_keys *keys, const struct stack *stack, size_t frame)
{
	while (frame && frame < stack->frames.count && is_all_library(keys, stack, frame - 1))
		frame--;
	return frame;
}

void stack_keys_add(struct stack_keys *keys, const struct stack *stack, size_t from)
{
	struct frame_line lines[INLINE_LIMIT];

	for (size_t i = with_called(keys, stack, from); i < stack->frames.count && keys->taken < keys->most; i++) {
		const size_t count = frame_lines(keys->analysis->image, stack, i, lines);

		for (size_t j = 0; j < count && keys->taken < keys->most; j++)
			if (stack->frames.items[i].info->func)
				add_go(keys, &lines[j]);
			else
				add_c(keys, &lines[j]);
	}
}

void stack_keys_end(struct stack_keys *keys)
{
	if (!keys->keys.count && keys->library)
		add(keys, keys->library);
}

const char *stack_place(struct analysis *analysis, struct arena *arena, const struct frame *frame)
{
	const struct mapping *mapping = image_mapping(analysis->image, frame->pc);

	if (frame->info->func)
		return arena_printf(arena, "%s+0x%" PRIx64, go_func_name(frame->info), frame->pc - frame->info->func->entry);
	if (mapping)
		return arena_printf(arena, "%s+0x%" PRIx64, path_base_name(mapping->path), frame->pc - c_module_start(analysis->image, mapping));
	return "?";
}
