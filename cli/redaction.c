/* redaction.c: see redaction.h. */
#include "cli/redaction.h"

#include "cli/cli.h"
#include "cli/progress.h"

#include <string.h>
#include <unistd.h>

enum option_key { KEY_UNREDACTED = 0x500, KEY_KEEP_MESSAGES, KEY_PSEUDONYMS };

static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "What leaves the machine:", 0},
	{"keep-messages", KEY_KEEP_MESSAGES, NULL, 0, "Keep values of panics and last words of C, each after it was shown here; on a terminal, if you say so", 0},
	{"pseudonyms", KEY_PSEUDONYMS, "KEYFILE", 0, "Give functions, types, files and modules of the program other names, by a key that stays here "
						     "(made if there is none); --names KEYFILE takes them back", 0},
	{"unredacted", KEY_UNREDACTED, NULL, 0, "Keep every word that the analysis read, with whatever is in it", 0},
	{0},
};

/* Nobody answers: it was shown, and is kept as it was asked for. */
static bool is_answered(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static bool keeps(void *context, const char *message)
{
	char answer[16] = "";

	(void)context;
	progress_erase();
	fputs(is_answered() ? "The program said:\n  " : "tornstack: kept, what the program said: ", stderr);
	cli_show(message);
	fputc('\n', stderr);
	if (!is_answered())
		return true;
	fputs("May it leave this machine? [y/N] ", stderr);
	return fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y');
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *settings = state->input;

	switch (key) {
	case KEY_UNREDACTED:
		settings->options.unredacted = true;
		return 0;
	case KEY_KEEP_MESSAGES:
		settings->options.keeps = keeps;
		return 0;
	case KEY_PSEUDONYMS:
		settings->pseudonyms = arg;
		return 0;
	case ARGP_KEY_SUCCESS:
		if (settings->options.unredacted && (settings->pseudonyms || settings->options.keeps))
			argp_error(state, "what is unredacted has all names and messages as they are: leave --unredacted out");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp redaction_argp = {.options = options, .parser = parse};
