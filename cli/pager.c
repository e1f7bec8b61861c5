/* pager.c: see pager.h. */
#include "cli/pager.h"

#include "cli/cli.h"
#include "cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 1 << 16, NOT_FOUND = 127, NOT_EXECUTABLE = 126 };

/* One at a time, since there is one terminal. */
static struct {
	const char *command;
	unsigned rows, columns;
	char waiting[BYTES];
	size_t size;            /* of what waits */
	unsigned row, column;   /* where a terminal would be */
	bool escaped;           /* within a sequence that has no width */
	int descriptor;         /* where it goes; -1: it waits */
	pid_t process;          /* 0: none */
} pager;

static bool is_there(const char *program)
{
	const char *path = getenv("PATH");
	char name[4096];

	for (size_t size; path && *path; path += size + (path[size] == ':')) {
		size = strcspn(path, ":");
		snprintf(name, sizeof name, "%.*s/%s", (int)size, path, program);
		if (!access(name, X_OK))
			return true;
	}
	return false;
}

/* NULL: none. */
static const char *command_of(void)
{
	const char *own = getenv("TORNSTACK_PAGER"), *any = own ? own : getenv("PAGER");

	if (!any)
		return is_there("less") ? "less" : NULL;
	return *any && strcmp(any, "cat") != 0 ? any : NULL;
}

/* ---- how long it is ---- */

static void pass(char c)
{
	if (pager.escaped) {
		pager.escaped = c < '@' || c == '[';
	} else if (c == '\x1b') {
		pager.escaped = true;
	} else if (c == '\n') {
		pager.row++;
		pager.column = 0;
	} else if ((c & 0xc0) != 0x80 && ++pager.column > pager.columns) {
		pager.row++;
		pager.column = 1;
	}
}

/* The last row is the shell's. */
static bool is_longer(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		pass(bytes[i]);
	return pager.row >= pager.rows || size > BYTES - pager.size;
}

/* ---- the pager ---- */

static void run(int input)
{
	dup2(input, STDIN_FILENO);
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	signal(SIGPIPE, SIG_DFL);
	execl("/bin/sh", "sh", "-c", pager.command, (char *)NULL);
	_exit(NOT_FOUND);
}

/* Where none can be started the terminal takes it. An interrupt is the pager's business from here on. */
static void start(void)
{
	int ends[2];

	progress_erase();
	pager.descriptor = STDOUT_FILENO;
	if (pipe2(ends, O_CLOEXEC))
		return;
	pager.process = fork();
	if (!pager.process)
		run(ends[0]);
	close(ends[0]);
	if (pager.process < 0) {
		pager.process = 0;
		close(ends[1]);
		return;
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	pager.descriptor = ends[1];
}

static bool write_all(const char *bytes, size_t size)
{
	while (size) {
		const ssize_t written = write(pager.descriptor, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		size -= (size_t)written;
	}
	return true;
}

static bool send_waiting(void)
{
	const size_t size = pager.size;

	pager.size = 0;
	return write_all(pager.waiting, size);
}

/* As fopencookie(3) wants it: 0 says that it failed. */
static ssize_t take(void *cookie, const char *bytes, size_t size)
{
	(void)cookie;
	if (pager.descriptor < 0 && is_longer(bytes, size)) {
		start();
		if (!send_waiting())
			return 0;
	}
	if (pager.descriptor >= 0)
		return write_all(bytes, size) ? (ssize_t)size : 0;
	memcpy(pager.waiting + pager.size, bytes, size);
	pager.size += size;
	return (ssize_t)size;
}

FILE *pager_open(void)
{
	const cookie_io_functions_t functions = {.write = take};
	const char *term = getenv("TERM");
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || !term || !strcmp(term, "dumb") || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return NULL;
	pager.command = command_of();
	pager.rows = size.ws_row;
	pager.columns = size.ws_col;
	pager.descriptor = -1;
	pager.process = 0;
	pager.size = pager.row = pager.column = 0;
	return pager.command ? fopencookie(&pager, "w", functions) : NULL;
}

/* Who left the pager early has what he wanted. */
static bool wait_for_it(void)
{
	int status = 0;
	pid_t ended;

	close(pager.descriptor);
	do
		ended = waitpid(pager.process, &status, 0);
	while (ended < 0 && errno == EINTR);
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != NOT_FOUND && WEXITSTATUS(status) != NOT_EXECUTABLE))
		return true;
	cli_complain("the pager '%s' cannot be run: set TORNSTACK_PAGER to another one, or give --pager=never", pager.command);
	return false;
}

bool pager_close(FILE *file)
{
	bool closed = !fflush(file);

	if (pager.descriptor < 0) {
		pager.descriptor = STDOUT_FILENO;
		closed &= send_waiting();
	}
	fclose(file);
	if (pager.process)
		return wait_for_it();
	if (!closed)
		cli_complain("cannot write standard output: %s", strerror(errno));
	return closed;
}
