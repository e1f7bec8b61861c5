/* stack.c: names of enum values, digests, and the printed lines of a frame. */
#include "analyzer/unwind/stack.h"

#include "analyzer/instructions/callsite.h"
#include "formats/unwind/libraries.h"
#include "golang/recorded.h"

#include <inttypes.h>
#include "formats/locator/paths.h"

static const char *const how_names[] = {
	[HOW_CONTEXT] = "context", [HOW_PCSP] = "pcsp",	    [HOW_CFI] = "cfi",	     [HOW_FRAME_POINTER] = "frame-pointer",
	[HOW_SIGNAL] = "signal",   [HOW_SWITCH] = "switch", [HOW_REPAIRED] = "repaired", [HOW_SCAN] = "scan",
	[HOW_RECORDED] = "recorded",
};

static const char *const end_names[] = {
	[END_COMPLETE] = "complete",
	[END_DAMAGED] = "damaged",
	[END_NOT_SAVED] = "not-saved",
	[END_UNMAPPED] = "unmapped",
	[END_NO_TABLE] = "no-table",
	[END_LIMIT] = "limit",
	[END_STACK_SWITCH] = "stack-switch",
	[END_UNKNOWN_CONTEXT] = "unknown-context",
};

size_t stack_depth(const struct stack *stack)
{
	return stack->elided + stack->frames.count;
}

void stack_copy(struct arena *arena, const struct stack *from, struct stack *ret)
{
	size_t capacity = ret->frames.capacity;
	struct frame *items = ret->frames.items;

	if (capacity < from->frames.count) {
		capacity = from->frames.count;
		items = arena_array(arena, capacity, sizeof *items);
	}
	if (from->frames.count)
		memcpy(items, from->frames.items, from->frames.count * sizeof *items);
	*ret = *from;
	ret->frames.items = items;
	ret->frames.capacity = capacity;
}

uint64_t digest_add(uint64_t digest, uint64_t value)
{
	digest = (digest ^ value) * 0x9e3779b97f4a7c15ULL;
	return digest ^ digest >> 29;
}

const char *frame_how_name(enum frame_how how)
{
	return how_names[how];
}

const char *stack_end_name(enum stack_end end)
{
	return end_names[end];
}

/* The pc whose line is printed: that of the call, one before a return address (unwinder.symPC, runtime/traceback.go). */
static uint64_t line_pc(const struct frame *frame)
{
	return frame->exact || frame->pc == frame->info->func->entry ? frame->pc : frame->pc - 1;
}

/* A frame of code that is not Go's: its symbol, and the file that it lies in. */
static struct frame_line c_line(struct image *image, const struct frame *frame)
{
	uint64_t at = frame->pc - !frame->exact;
	const struct mapping *mapping = image_mapping(image, at);
	struct frame_line line = {.frame = frame, .module = libraries_module(image->libraries, at)};
	struct c_function function;

	if (libraries_function(image->libraries, at, &function)) {
		line.function = function.name;
		line.entry = function.entry;
	}
	if (libraries_generated(image->libraries, at))
		line.function = "generated code";
	if (!line.module && mapping)
		line.module = path_base_name(mapping->path);
	return line;
}

uint64_t frame_argument_slot(const struct arch *arch, const struct frame *frame, size_t parameter)
{
	enum { WORD = 8 };

	return frame->fp ? frame->fp + (arch->link_register ? WORD : 0) + parameter * WORD : 0;
}

size_t generated_frame(struct image *image, const struct stack *stack)
{
	for (size_t i = 0; i < stack->frames.count; i++) {
		const struct frame *frame = &stack->frames.items[i];

		if (!frame->info->func && libraries_generated(image->libraries, frame->pc - !frame->exact))
			return i;
	}
	return SIZE_MAX;
}

/* As the runtime printed them. */
static size_t recorded_lines(const struct frame *frame, size_t index, struct frame_line lines[static INLINE_LIMIT])
{
	struct inline_frame calls[INLINE_LIMIT];
	const size_t count = recorded_calls(frame->info->recorded, calls);

	for (size_t i = 0; i < count; i++)
		lines[i] = (struct frame_line){.frame = frame, .frame_index = index, .function = calls[i].name, .file = calls[i].file,
					       .line = calls[i].line, .inlined = calls[i].inlined,
					       .entry = calls[i].inlined || !frame->info->func ? 0 : frame->info->func->entry};
	return count;
}

size_t frame_lines(struct image *image, const struct stack *stack, size_t index,
		   struct frame_line lines[static INLINE_LIMIT])
{
	const struct frame *frame = &stack->frames.items[index];
	struct inline_frame inlined[INLINE_LIMIT];
	size_t count;

	if (frame->info->recorded)
		return recorded_lines(frame, index, lines);
	if (!frame->info->func) {
		lines[0] = c_line(image, frame);
		lines[0].frame_index = index;
		return 1;
	}
	count = func_inline_frames(&frame->info->module->pclntab, frame->info->func, line_pc(frame), inlined);
	for (size_t i = 0; i < count; i++)
		lines[i] = (struct frame_line){.frame = frame, .frame_index = index, .function = inlined[i].name,
					       .file = inlined[i].file, .line = inlined[i].line,
					       .inlined = inlined[i].inlined, .func_id = inlined[i].func_id,
					       .entry = inlined[i].inlined ? 0 : frame->info->func->entry};
	return count;
}

const char *frame_address_text(struct arena *arena, const struct frame *frame)
{
	const struct recorded_place *place = frame->info->recorded;
	const struct recorded_call *call = place ? &place->calls[place->count - 1] : NULL;

	if (recorded_pc_known(frame->pc) || !call || !call->file)
		return arena_printf(arena, "0x%" PRIx64, frame->pc);
	return arena_printf(arena, "%s:%" PRId32, path_base_name(call->file), call->line);
}

bool creator_line(struct go_runtime *runtime, uint64_t gopc, struct frame_line *ret)
{
	const struct pc_info *info = go_pc(runtime, gopc, false);
	struct inline_frame inlined[INLINE_LIMIT];
	uint64_t pc;

	*ret = (struct frame_line){0};
	if (!info->func)
		return false;
	ret->function = go_func_name(info);
	if (info->recorded) {
		ret->file = info->recorded->calls->file;
		ret->line = info->recorded->calls->line;
		return true;
	}
	pc = gopc > info->func->entry ? gopc - 1 : gopc;
	if (func_inline_frames(&info->module->pclntab, info->func, pc, inlined)) {
		ret->file = inlined->file;
		ret->line = inlined->line;
	}
	return true;
}

bool frame_follows_call(struct go_runtime *runtime, const struct stack *stack, size_t index, const struct func *callee)
{
	const struct frame *frame = &stack->frames.items[index];

	if (stack->elided && index == stack->elided_at)
		callee = NULL;
	return frame->exact || callsite_reaches(runtime, frame->pc, callee);
}
