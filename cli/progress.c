/* progress.c: see progress.h. The line has no escape sequences: spaces and carriage returns do, on any terminal. */
#include "cli/progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE = 200,
	SMALL = 10 << 20, /* bytes: told in KiB */
	COLUMNS = 80, /* of a terminal that does not say */
	BAR = 20,
	NAME_SHOWN = 60,
	ECHO = 2,       /* ^C, which the terminal adds */
	SILENT = 1000,  /* milliseconds: a run that is shorter shows nothing */
	BETWEEN = 100,  /* milliseconds from line to line */
	ESTIMATE = 500, /* milliseconds: what is estimated from less jumps about */
};

static struct {
	bool wanted;
	int64_t started, shown_at; /* milliseconds */
	const char *doing;
	int64_t doing_since;
	uint64_t doing_from; /* what was done of it then */
	volatile sig_atomic_t shown; /* columns of the line that is there; 0: none */
} state;

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void progress_start(void)
{
	const char *term = getenv("TERM");

	state.wanted = isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
	state.started = now();
}

bool progress_wanted(void)
{
	return state.wanted;
}

static size_t columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		size.ws_col = COLUMNS;
	return size.ws_col - 1u < LINE ? size.ws_col - 1u : LINE; /* in the last column some terminals go to a new line */
}

/* Not stdio: a signal handler does this, too. Nothing can be done about a failure. */
static void put(const char *text, size_t size)
{
	if (write(STDERR_FILENO, text, size) < 0)
		return;
}

void progress_erase(void)
{
	char line[LINE + 2];
	size_t shown = (size_t)state.shown;
	size_t room;

	if (!shown)
		return;
	room = columns();
	state.shown = 0;
	shown = shown + ECHO < room ? shown + ECHO : room;
	memset(line, ' ', sizeof line);
	line[0] = line[shown + 1] = '\r';
	put(line, shown + 2);
}

/* A text of the line, which ends where there is no more room. */
struct line {
	char text[LINE + 1];
	size_t size;
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(line->text + line->size, sizeof line->text - line->size, format, args);
	va_end(args);
	line->size += size < 0 ? 0 : (size_t)size;
	if (line->size >= sizeof line->text)
		line->size = sizeof line->text - 1;
}

static void add_bar(struct line *line, const struct progress_line *step)
{
	const uint64_t done = step->done < step->total ? step->done : step->total;
	const double share = (double)done / (double)step->total;
	char bar[BAR + 1];

	memset(bar, ' ', BAR);
	memset(bar, '#', (size_t)(share * BAR));
	bar[BAR] = 0;
	add(line, " [%s] %d %%", bar, (int)(share * 100));
}

static void add_counts(struct line *line, const struct progress_line *step)
{
	const bool small = step->total && step->total < SMALL;
	const uint64_t unit = !step->bytes ? 1 : small ? 1 << 10 : 1 << 20;

	add(line, ", %" PRIu64, step->done / unit);
	if (step->total)
		add(line, " of %" PRIu64, step->total / unit);
	if (step->bytes)
		add(line, small ? " KiB" : " MiB");
}

/* As long as the rest will take if it goes on as it did. */
static void add_rest(struct line *line, const struct progress_line *step, int64_t time)
{
	const int64_t passed = time - state.doing_since;
	const uint64_t done = step->done - state.doing_from;
	double seconds;

	if (passed < ESTIMATE || !done || step->done >= step->total)
		return;
	seconds = (double)passed / 1000 * (double)(step->total - step->done) / (double)done;
	if (seconds < 60)
		add(line, ", %d s left", (int)seconds + 1);
	else if (seconds < 100 * 3600)
		add(line, ", %d:%02d left", (int)(seconds / 60), (int)seconds % 60);
}

static void add_name(struct line *line, const char *name)
{
	add(line, ": ");
	for (size_t i = 0; i < NAME_SHOWN && name[i]; i++)
		add(line, "%c", (unsigned char)name[i] < ' ' || (unsigned char)name[i] >= 0x7f ? '?' : name[i]);
}

static void make_line(struct line *line, const struct progress_line *step, int64_t time)
{
	add(line, "%s", step->doing);
	if (step->total)
		add_bar(line, step);
	if (step->done)
		add_counts(line, step);
	if (step->total && step->done >= state.doing_from)
		add_rest(line, step, time);
	if (step->name)
		add_name(line, step->name);
}

static void draw(struct line *line)
{
	const size_t room = columns();
	const size_t before = (size_t)state.shown;
	char text[2 * LINE + 2] = "\r";
	size_t size = line->size < room ? line->size : room;

	memcpy(text + 1, line->text, size);
	state.shown = (sig_atomic_t)(size > before ? size : before); /* should a signal come now */
	for (; size < before; size++)
		text[1 + size] = ' ';
	put(text, 1 + size);
}

void progress_show(const struct progress_line *step)
{
	struct line line = {0};
	int64_t time;

	if (!state.wanted)
		return;
	time = now();
	if (state.doing != step->doing || step->done < state.doing_from) {
		state.doing = step->doing;
		state.doing_since = time;
		state.doing_from = step->done;
		state.shown_at = 0;
	}
	if (time - state.started < SILENT || time - state.shown_at < BETWEEN)
		return;
	state.shown_at = time;
	make_line(&line, step, time);
	draw(&line);
}

void progress_show_files(const char *doing, size_t done, size_t total, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (done == total)
		progress_erase();
	else
		progress_show(&(struct progress_line){.doing = doing, .done = done, .total = total, .name = slash ? slash + 1 : path});
}
