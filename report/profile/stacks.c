/* stacks.c: see stacks.h. */
#include "report/profile/stacks.h"

#include "report/scratch.h"

#include <string.h>

struct reading {
	const struct group_reader *reader;
	struct stack stack;
};

static bool read_group(void *context, struct arena *scratch, size_t index)
{
	struct reading *reading = context;
	const struct group_reader *reader = reading->reader;
	struct analysis *analysis = reader->diagnosis->analysis;
	const struct selected_group *group = &reader->selection->groups[index];

	progress_step(analysis->image->progress, PROGRESS_WRITING, index, reader->selection->group_count);
	fetch_ahead(analysis, *group->members);
	goroutine_stack(analysis, *group->members, &reading->stack);
	reader->read(reader->context, scratch, group, &reading->stack);
	return !ferror(reader->out) && !cancelled(&reader->options->cancel);
}

void groups_read(const struct group_reader *reader)
{
	struct reading reading = {.reader = reader};

	scratch_each(reader->diagnosis->arena, reader->selection->group_count, read_group, &reading);
}

size_t shown_frames(const struct stack *stack)
{
	const size_t count = stack->frames.count;
	const struct pc_info *last = count ? stack->frames.items[count - 1].info : NULL;

	return last && last->func && !strcmp(go_func_name(last), "runtime.goexit") ? count - 1 : count;
}
