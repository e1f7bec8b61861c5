/* output.c: a file is written under another name beside its place and renamed when it is whole. */
#include "cli/output.h"

#include "cli/cli.h"
#include "cli/pager.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a signal that ends the process must remove; NULL: nothing. */
static const char *volatile doomed;

static bool is_same_file(const struct stat *a, const char *path)
{
	struct stat b;

	return path && !stat(path, &b) && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

static bool make_temporary(struct output *output)
{
	int length = snprintf(output->temporary, sizeof output->temporary, "%s.XXXXXX", output->path);
	sigset_t all, before;

	if (length < 0 || (size_t)length >= sizeof output->temporary) {
		*output->temporary = 0;
		errno = ENAMETOOLONG;
		return false;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* none between the two */
	output->descriptor = mkstemp(output->temporary); /* mode 0600: a report tells what the process had in its memory */
	if (output->descriptor >= 0)
		doomed = output->temporary;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (output->descriptor < 0)
		*output->temporary = 0;
	return output->descriptor >= 0;
}

/* As fopencookie(3) wants it: 0 says that it failed. A part is no success: stdio would see no reason in errno. */
static ssize_t write_temporary(void *cookie, const char *bytes, size_t size)
{
	struct output *output = cookie;

	if (output->descriptor < 0 && !make_temporary(output))
		return 0;
	for (size_t done = 0; done < size;) {
		ssize_t written = write(output->descriptor, bytes + done, size - done);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return 0;
		done += (size_t)written;
	}
	return (ssize_t)size;
}

bool output_open(const char *path, const char *const *inputs, struct output *ret)
{
	const cookie_io_functions_t functions = {.write = write_temporary};
	struct stat old;
	bool exists = path && !stat(path, &old);

	*ret = (struct output){.path = path, .descriptor = -1};
	for (; exists && inputs && *inputs; inputs++)
		if (is_same_file(&old, *inputs)) {
			cli_complain("%s is the dump itself, which is not overwritten: give -o another name", path);
			return false;
		}
	if (!path) {
		ret->file = stdout;
	} else if (exists && !S_ISREG(old.st_mode)) {
		ret->file = fopen(path, "w"); /* a device or a pipe; refuses folders */
	} else {
		ret->file = fopencookie(ret, "w", functions);
	}
	if (!ret->file)
		cli_complain("cannot write %s: %s", path, strerror(errno));
	return ret->file != NULL;
}

void output_page(struct output *output)
{
	FILE *file = output->file == stdout ? pager_open() : NULL;

	output->paged = file;
	output->file = file ? file : output->file;
}

void output_abandon(void)
{
	const char *path = doomed;

	if (path)
		unlink(path);
}

/* The temporary file is where it belongs, or gone. */
static void settle(struct output *output)
{
	if (output->descriptor < 0)
		return;
	close(output->descriptor);
	output->descriptor = -1;
	doomed = NULL;
	*output->temporary = 0;
}

bool output_keep(struct output *output)
{
	const char *name = output->path ? output->path : "standard output";
	bool kept = output->paged ? pager_close(output->file) : cli_close(output->file, name);

	output->file = NULL;
	if (kept && *output->temporary && rename(output->temporary, output->path)) {
		cli_complain("cannot write %s: %s", name, strerror(errno));
		kept = false;
	}
	if (kept)
		settle(output);
	else
		output_discard(output);
	return kept;
}

void output_discard(struct output *output)
{
	if (output->file && output->paged)
		pager_close(output->file);
	else if (output->file && output->file != stdout)
		fclose(output->file);
	output->file = NULL;
	if (*output->temporary)
		unlink(output->temporary);
	settle(output);
}

bool output_end(struct output *output, const struct ts_result *result)
{
	if (result->outcome == TS_FAILED || result->outcome == TS_CANCELLED) {
		output_discard(output);
		cli_complain("%s", result->error);
		cli_remedy(result->error_code);
		return false;
	}
	return output_keep(output) && result->outcome != TS_PARTIAL;
}
