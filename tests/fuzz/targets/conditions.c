/* conditions.c: what is asked of `tornstack goroutines`, a line for each: how long they wait, which ids, and words of functions,
 * states and creators; and the goroutines that they select. */
#include "cli/conditions.h"
#include "lib/tornstack.h"
#include "report/selection.h"
#include "tests/build/go_scene.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

struct asked {
	int64_t duration;
	struct id_ranges ranges;
	struct word_list words;
	bool valid;
};

static char *next_line(char **rest)
{
	char *line = *rest, *end = line ? strchr(line, '\n') : NULL;

	if (end)
		*end = 0;
	*rest = end ? end + 1 : NULL;
	return line ? line : (char *)(uintptr_t)"";
}

static struct asked ask(char *text)
{
	struct asked asked = {.valid = true};
	char *rest = text;
	const char *line = next_line(&rest);

	if (*line) {
		asked.valid = duration_parse(line, &asked.duration);
		FUZZ_HOLDS(!asked.valid || asked.duration > 0);
	}
	line = next_line(&rest);
	if (*line)
		asked.valid &= id_ranges_add(&asked.ranges, line);
	FUZZ_HOLDS(asked.ranges.count <= RANGES_LIMIT);
	for (size_t i = 0; asked.valid && i < asked.ranges.count; i++)
		FUZZ_HOLDS(asked.ranges.ends[2 * i] <= asked.ranges.ends[2 * i + 1]);
	while (rest && asked.valid)
		asked.valid = word_list_add(&asked.words, next_line(&rest));
	FUZZ_HOLDS(asked.words.count <= WORDS_LIMIT && !asked.words.items[asked.words.count]);
	return asked;
}

static void select_goroutines(struct arena *arena, const struct asked *asked)
{
	const struct scene_options options = {.arch = &arch_amd64, .minor = 24};
	struct go_scene scene = scene_new(arena, &options);
	struct diagnosis *diagnosis = diagnose(analyze(go_load(scene.builder)));
	const char *const *words = asked->words.count ? asked->words.items : NULL;
	const struct goroutine_filter filters[] = {
		{.functions = words, .ids = asked->ranges.ends, .id_count = asked->ranges.count},
		{.states = words, .waiting_over = asked->duration},
		{.creators = words},
	};
	const struct selection *selection;
	const struct state_count *states;
	const struct creator_count *creators;

	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
		size_t sum = 0;

		selection = selection_make(diagnosis, &filters[i]);
		for (size_t k = 0; k < selection->group_count; k++)
			sum += selection->groups[k].count;
		FUZZ_HOLDS(sum == selection->count && sum <= diagnosis->analysis->runtime->goroutines.count);
		selection_states(diagnosis, selection, &states);
		selection_creators(diagnosis, selection, &creators);
	}
}

static void run(struct arena *arena, struct span input)
{
	const struct asked asked = ask(arena_strndup(arena, (const char *)input.data, input.size));

	for (size_t i = 0; i < asked.words.count; i++)
		ts_state_known(asked.words.items[i]);
	if (asked.valid)
		select_goroutines(arena, &asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){64 << 20, 2}, run);
}
