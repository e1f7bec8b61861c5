/* recorded.c: see recorded.h. */
#include "golang/recorded.h"

#include "golang/func_role.h"

enum { TOKEN_SHIFT = 56 };

bool recorded_pc_known(uint64_t pc)
{
	return pc >> TOKEN_SHIFT != RECORDED_TOKEN >> TOKEN_SHIFT;
}

void recorded_look_up(const struct recorded_program *program, struct pc_info *info)
{
	const int64_t index = word_map_find(&program->places, info->pc);
	const struct recorded_place *place = index >= 0 ? &program->record->places.items[index] : NULL;

	if (!place)
		return;
	info->recorded = place;
	if (place->foreign)
		return;
	info->func = &program->functions[place->function];
	info->module = program->module;
	info->role = func_role_of_name(program->record->functions.items[place->function].name);
}

size_t recorded_calls(const struct recorded_place *place, struct inline_frame frames[static INLINE_LIMIT])
{
	for (size_t i = 0; i < place->count; i++)
		frames[i] = (struct inline_frame){.name = place->calls[i].function, .file = place->calls[i].file,
						  .line = place->calls[i].line, .inlined = i + 1 < place->count || place->holder_hidden};
	return place->count;
}

const struct recorded_goroutine *recorded_goroutine(const struct go_runtime *runtime, size_t index)
{
	return &runtime->recorded->record->goroutines.items[index];
}
