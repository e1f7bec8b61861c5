/* pprof.c: goroutines as a profile that `go tool pprof` and speedscope read: a sample for each group of equal stacks with equal labels.
 * What each does, who made it, and that its stack is not whole or was repaired are labels, beside those that the program gave it
 * (runtime/pprof.Do), of which values are masked. */
#include "report/profile/profile.h"
#include "report/profile/stacks.h"

#include "base/count.h"
#include "golang/labels.h"
#include "golang/recorded.h"
#include "report/content/lines.h"
#include "report/escape.h"

#include <stdlib.h>

enum { OWN_LABELS = 4 };

struct pprof {
	struct profile profile;
	const struct diagnosis *diagnosis;
	struct analysis *analysis;
	const struct report_options *options;
	struct word_map returns, exact; /* index of a location, by pc */
	uint64_t mapped_start, mapped_end;
};

struct labels {
	struct profile_label items[OWN_LABELS + LABELS_MOST];
	size_t count;
};

static void add_label(struct labels *labels, const char *key, const char *value)
{
	if (value)
		labels->items[labels->count++] = (struct profile_label){key, value};
}

/* ---- places ---- */

static uint64_t write_location(struct pprof *pprof, struct arena *scratch, const struct stack *stack, size_t index)
{
	struct profile_line lines[INLINE_LIMIT];
	struct frame_line found[INLINE_LIMIT];
	const struct frame *frame = &stack->frames.items[index];
	const size_t count = frame_lines(pprof->analysis->image, stack, index, found);
	const bool known = recorded_pc_known(frame->pc);

	for (size_t i = 0; i < count; i++)
		lines[i] = (struct profile_line){
			.function = escape_line(scratch, found[i].function ? line_function(scratch, &found[i]) : frame_address_text(scratch, frame)),
			.file = found[i].file ? escape_line(scratch, found[i].file) : found[i].module ? escape_line(scratch, found[i].module) : "",
			.line = found[i].file ? found[i].line : 0};
	return profile_location(&pprof->profile, known ? frame->pc : 0,
				known && frame->pc - pprof->mapped_start < pprof->mapped_end - pprof->mapped_start, lines, count);
}

static uint64_t location_of(struct pprof *pprof, struct arena *scratch, const struct stack *stack, size_t index)
{
	const struct frame *frame = &stack->frames.items[index];
	struct word_map *map = frame->exact ? &pprof->exact : &pprof->returns;
	int64_t id = word_map_find(map, frame->pc);

	if (id >= 0)
		return (uint64_t)id;
	id = (int64_t)write_location(pprof, scratch, stack, index);
	word_map_add(map, pprof->profile.arena, frame->pc, (uint32_t)id);
	return (uint64_t)id;
}

struct locations {
	VEC(uint64_t) items;
};

static void list_locations(struct pprof *pprof, struct arena *scratch, const struct stack *stack, struct locations *ret)
{
	const size_t count = shown_frames(stack);

	for (size_t i = 0; i < count; i++) {
		if (stack->elided && i == stack->elided_at) {
			const struct profile_line line = {arena_printf(scratch, "[%s frames more]", count_text(scratch, stack->elided)), "", 0};

			vec_push(scratch, &ret->items, profile_location(&pprof->profile, 0, false, &line, 1));
		}
		vec_push(scratch, &ret->items, location_of(pprof, scratch, stack, i));
	}
}

/* ---- labels ---- */

static bool is_repaired(const struct stack *stack)
{
	for (size_t i = 0; i < stack->frames.count; i++)
		if (stack->frames.items[i].how == HOW_REPAIRED)
			return true;
	return false;
}

/* What is common to the group. */
static void label_group(const struct pprof *pprof, struct arena *scratch, const struct selected_group *group, const struct stack *stack,
			struct labels *ret)
{
	struct go_runtime *runtime = pprof->analysis->runtime;
	const struct goroutine *g = &runtime->goroutines.items[*group->members];
	const char *reason = g->status == G_WAITING ? goroutine_wait_reason(runtime, g) : NULL;
	struct frame_line creator;

	add_label(ret, "state", reason ? reason : goroutine_status_name(g));
	if (g->gopc && g->id != 1 && creator_line(runtime, g->gopc, &creator) && creator.function)
		add_label(ret, "created by", escape_line(scratch, creator.function));
	if (is_repaired(stack))
		add_label(ret, "stack", "repaired");
	else if (stack->end != END_COMPLETE)
		add_label(ret, "stack", stack_end_name(stack->end));
}

/* What the program gave them. */
static void label_goroutine(const struct pprof *pprof, struct arena *scratch, uint64_t address, struct labels *ret)
{
	struct goroutine_label found[LABELS_MOST];
	const size_t count = goroutine_labels(pprof->analysis->runtime, scratch, address, found);

	for (size_t i = 0; i < count; i++)
		add_label(ret, escape_line(scratch, found[i].key), pprof->options->unmasked ? escape_line(scratch, found[i].value) : "***");
}

static int by_address(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Where the labels of each of the group lie, ascending. */
static const uint64_t *label_addresses(const struct pprof *pprof, struct arena *scratch, const struct selected_group *group)
{
	struct go_runtime *runtime = pprof->analysis->runtime;
	uint64_t *addresses = arena_array(scratch, group->count, sizeof *addresses);

	for (size_t i = 0; i < group->count; i++)
		addresses[i] = runtime->recorded ? 0 : goroutine_labels_address(runtime, &runtime->goroutines.items[group->members[i]]);
	qsort(addresses, group->count, sizeof *addresses, by_address);
	return addresses;
}

static void write_group(void *context, struct arena *scratch, const struct selected_group *group, const struct stack *stack)
{
	struct pprof *pprof = context;
	const uint64_t *addresses = label_addresses(pprof, scratch, group);
	struct locations locations = {0};
	struct labels common = {0};
	size_t same;

	list_locations(pprof, scratch, stack, &locations);
	label_group(pprof, scratch, group, stack, &common);
	for (size_t i = 0; i < group->count; i += same) {
		struct labels labels = common;

		for (same = 1; i + same < group->count && addresses[i + same] == addresses[i]; same++)
			;
		label_goroutine(pprof, scratch, addresses[i], &labels);
		profile_sample(&pprof->profile, scratch, locations.items.items, locations.items.count, (int64_t)same, labels.items, labels.count);
	}
}

/* ---- all ---- */

/* The program's code, so that pprof knows the addresses for its own. */
static void write_mapping(struct pprof *pprof)
{
	const struct go_runtime *runtime = pprof->analysis->runtime;
	struct arena *arena = pprof->diagnosis->arena;

	if (!runtime->modules.count)
		return;
	pprof->mapped_start = runtime->modules.items[0].text;
	pprof->mapped_end = runtime->modules.items[0].etext;
	profile_mapping(&pprof->profile, pprof->mapped_start, pprof->mapped_end,
			escape_line(arena, runtime->exe ? runtime->exe->name : pprof->analysis->image->name), runtime->build_id ? runtime->build_id : "");
}

void report_pprof(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	struct pprof *pprof = arena_alloc(diagnosis->arena, sizeof *pprof);

	pprof->diagnosis = diagnosis;
	pprof->analysis = diagnosis->analysis;
	pprof->options = options;
	profile_start(&pprof->profile, diagnosis->arena, out);
	profile_comment(&pprof->profile, arena_printf(diagnosis->arena, "tornstack %s, of %s", options->version,
						      escape_line(diagnosis->arena, diagnosis->analysis->image->name)));
	write_mapping(pprof);
	groups_read(&(struct group_reader){.diagnosis = diagnosis,
					   .options = options,
					   .selection = selection_make(diagnosis, options->filter),
					   .out = out,
					   .read = write_group,
					   .context = pprof});
	profile_end(&pprof->profile);
}
