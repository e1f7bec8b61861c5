/* large_request.c: see large_request.h. */
#include "heuristics/ends/large_request.h"

#include "golang/recorded_arguments.h"
#include "heuristics/ends/heap_in_use.h"

#include <string.h>

enum { LARGEST_CLASS = 32 << 10, HEADER = 8 /* runtime/sizeclasses.go; malloc.go mallocHeaderSize, Go 1.22 */ };

static const struct requested {
	const char *function;
	size_t parameter;
} functions[] = {
#define LARGE_REQUEST(function, parameter) {function, parameter},
#include "heuristics/ends/large_requests.def"
#undef LARGE_REQUEST
};

static const struct requested *requested_of(const struct frame *frame)
{
	const char *name = frame->info->func ? go_func_name(frame->info) : "";

	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (!strcmp(name, functions[i].function))
			return &functions[i];
	return NULL;
}

/* Of a log: as printed, if the runtime was sure of it. */
static bool read_recorded(const struct recorded_frame *frame, size_t parameter, uint64_t *size)
{
	bool unsure = true;
	size_t at = 0;

	for (size_t i = 0; i <= parameter; i++)
		if (!recorded_argument(frame, &at, size, &unsure))
			return false;
	return !unsure;
}

static bool read_size(struct analysis *analysis, const struct frame *frame, const struct requested *requested, struct large_request *ret)
{
	ret->function = go_func_name(frame->info);
	if (frame->recorded)
		return read_recorded(frame->recorded, requested->parameter, &ret->size);
	ret->slot = frame_argument_slot(analysis->image->arch, frame, requested->parameter);
	return ret->slot && image_u64(analysis->image, ret->slot, &ret->size);
}

bool large_request_find(struct analysis *analysis, int32_t goroutine, struct large_request *ret)
{
	struct stack stack = {0};
	bool found = false;

	if (goroutine < 0)
		return false;
	goroutine_stack(analysis, (size_t)goroutine, &stack);
	for (size_t i = 0; i < stack.frames.count; i++) {
		const struct requested *requested = requested_of(&stack.frames.items[i]);
		struct large_request request = {0};

		if (!requested || !read_size(analysis, &stack.frames.items[i], requested, &request) ||
		    request.size <= LARGEST_CLASS - HEADER)
			continue;
		if (found && ret->size == request.size)
			return true;
		*ret = request;
		found = true;
	}
	return false;
}

/* What a log has instead of a list of mappings; 0: it does not say. */
static uint64_t said_in_use(const struct go_runtime *runtime)
{
	uint64_t asked, used;

	for (size_t i = 0; i < runtime->fatal_lines.count; i++)
		if (refused_line(runtime->fatal_lines.items[i], &asked, &used))
			return used;
	return 0;
}

bool large_request_exceeds(const struct analysis *analysis, const struct large_request *request)
{
	const uint64_t had = analysis->image->record ? said_in_use(analysis->runtime) : writable_size(analysis->image);

	return had && request->size > had;
}
