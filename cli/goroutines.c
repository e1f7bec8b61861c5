/* goroutines.c: tornstack goroutines DUMP. */
#include "cli/cli.h"
#include "cli/conditions.h"
#include "cli/settings.h"

#include <string.h>

enum option_key { KEY_GOROUTINES = KEY_OWN, KEY_FUNCTION, KEY_STATE, KEY_ID, KEY_WAITING_OVER, KEY_CREATED_BY };

struct command_line {
	struct settings settings;
	struct ts_filter filter;
	struct word_list functions, states, creators;
	struct id_ranges ids;
};

static const struct argp_option options[] = {
	{"function", KEY_FUNCTION, "NAME", 0, "A function on the stack whose name contains NAME", 0},
	{"state", KEY_STATE, "STATE", 0, "Status or wait reason: running, \"chan receive\", or how it begins", 0},
	{"id", KEY_ID, "IDS", 0, "Ids and ranges of ids: 7,12,20-30", 0},
	{"waiting-over", KEY_WAITING_OVER, "TIME", 0, "Blocked for at least TIME: 90s, 5m, 2h30m, 1d", 0},
	{"created-by", KEY_CREATED_BY, "NAME", 0, "Made by a function whose name contains NAME", 0},
	{"goroutines", KEY_GOROUTINES, "WHICH", 0, "groups of equal stacks (default), or all one by one", 0},
	{0},
};

static void add_word(struct argp_state *state, const char *option, struct word_list *list, const char *word)
{
	if (!word_list_add(list, word))
		argp_error(state, "--%s=%s: %s", option, word, *word ? "given too often" : "it is empty");
}

enum { NAMES_SIZE = 4096, NAMES_WIDTH = 72 };

/* All states, in lines that a terminal holds. */
static void list_states(char names[static NAMES_SIZE])
{
	const char *name;
	size_t column = 0;

	for (size_t i = 0; (name = ts_state(i)); i++) {
		const bool wrap = column + strlen(name) + 2 > NAMES_WIDTH;

		if (strlen(names) + strlen(name) + 8 > NAMES_SIZE)
			return;
		strcat(strcat(strcat(names, i ? "," : ""), !i || wrap ? "\n  " : " "), name);
		column = strlen(name) + 2 + (wrap ? 0 : column);
	}
}

static void add_state(struct argp_state *state, struct word_list *list, const char *word)
{
	char names[NAMES_SIZE] = "";

	if (!ts_state_known(word)) {
		list_states(names);
		argp_error(state, "--state=%s: there is no such state. States are:%s", word, names);
	}
	add_word(state, "state", list, word);
}

/* Forms that say what happened, which nobody asked here. */
static bool is_of_a_whole_report(enum ts_format format)
{
	return format == TS_BRIEF || format == TS_MARKDOWN || format == TS_HTML;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const char *const goroutines[] = {"groups", "all", NULL};
	struct command_line *line = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &line->settings;
		return 0;
	case KEY_GOROUTINES:
		line->settings.options.goroutines = running_choice(state, "goroutines", arg, goroutines)
							    ? TS_GOROUTINES_ALL
							    : TS_GOROUTINES_GROUPS;
		return 0;
	case KEY_FUNCTION:
		add_word(state, "function", &line->functions, arg);
		return 0;
	case KEY_STATE:
		add_state(state, &line->states, arg);
		return 0;
	case KEY_CREATED_BY:
		add_word(state, "created-by", &line->creators, arg);
		return 0;
	case KEY_ID:
		if (!id_ranges_add(&line->ids, arg))
			argp_error(state, "--id=%s: it must be ids such as 7 or 7,12 or 20-30", arg);
		return 0;
	case KEY_WAITING_OVER:
		if (!duration_parse(arg, &line->filter.waiting_over))
			argp_error(state, "--waiting-over=%s: it must be a time such as 90s, 5m, 2h30m or 1d", arg);
		return 0;
	case ARGP_KEY_END:
		if (is_of_a_whole_report(line->settings.options.format))
			argp_error(state, "that format is of a whole report, not of goroutines");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char *const *words(const struct word_list *list)
{
	return list->count ? list->items : NULL;
}

int command_goroutines(int argc, char **argv)
{
	static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "DUMP",
		.doc = "Lists the goroutines in a core dump of a Go process: how many do what, who created them, and "
		       "where they are, those of equal stacks as one group, largest first. Different conditions must "
		       "all hold; of one that is repeated, any.\v"
		       "Exit status: 0 listed, also when none matches; 1 could not be analysed; 2 wrong usage.",
		.children = children,
		.help_filter = running_help,
	};
	struct command_line line = {.settings = {.options = {.goroutines = TS_GOROUTINES_GROUPS}}};
	int status;

	running_parse(&argp, argc, argv, &line);
	line.filter.functions = words(&line.functions);
	line.filter.states = words(&line.states);
	line.filter.creators = words(&line.creators);
	line.filter.ids = line.ids.ends;
	line.filter.id_count = line.ids.count;
	line.settings.options.filter = &line.filter;
	status = settings_run(&line.settings);
	return status == EXIT_CORRUPTION ? EXIT_OK : status;
}
