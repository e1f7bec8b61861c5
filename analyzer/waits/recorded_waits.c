/* recorded_waits.c: see recorded_waits.h. */
#include "analyzer/waits/recorded_waits.h"

#include "golang/recorded_arguments.h"

#include <string.h>

enum argument_of { CHANNEL, OBJECT };

static const struct {
	const char *function;
	enum argument_of what;
} functions[] = {
#define RECORDED_WAIT(function, what) {function, what},
#include "analyzer/waits/recorded_waits.def"
#undef RECORDED_WAIT
};

static bool is_waited_by(const char *name, enum argument_of what)
{
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (functions[i].what == what && !strcmp(functions[i].function, name))
			return true;
	return false;
}

uint64_t recorded_wait_object(const struct stack *stack, size_t program, bool channel)
{
	for (size_t i = 0; i < stack->frames.count && i < program; i++) {
		const struct frame *frame = &stack->frames.items[i];
		uint64_t value;
		size_t at = 0;
		bool unsure;

		if (frame->recorded && frame->info->func && is_waited_by(go_func_name(frame->info), channel ? CHANNEL : OBJECT) &&
		    recorded_argument(frame->recorded, &at, &value, &unsure) && !unsure)
			return value;
	}
	return 0;
}

size_t recorded_containers(const struct stack *stack, size_t from, size_t to, uint64_t object, uint64_t reach, size_t most, uint64_t *ret)
{
	size_t count = 0;

	for (size_t i = from; i < to && i < stack->frames.count; i++) {
		const struct recorded_frame *frame = stack->frames.items[i].recorded;
		uint64_t value;
		size_t at = 0;
		bool unsure;

		while (frame && count < most && recorded_argument(frame, &at, &value, &unsure))
			if (!unsure && value < object && object - value < reach && value % 8 == 0)
				ret[count++] = value;
	}
	return count;
}
