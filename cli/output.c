/* output.c: a file is written under another name beside its place and renamed when it is whole. */
#include "cli/output.h"

#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_same_file(const struct stat *a, const char *path)
{
	struct stat b;

	return path && !stat(path, &b) && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

/* The mode that open(2) would have given. */
static mode_t default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static bool open_in_place(const char *path, struct output *ret)
{
	ret->file = fopen(path, "w");
	if (!ret->file)
		cli_complain("cannot write %s: %s", path, strerror(errno));
	return ret->file != NULL;
}

static bool open_temporary(const char *path, mode_t mode, struct output *ret)
{
	int length = snprintf(ret->temporary, sizeof ret->temporary, "%s.XXXXXX", path);
	int descriptor = -1;

	if (length < 0 || (size_t)length >= sizeof ret->temporary)
		errno = ENAMETOOLONG;
	else
		descriptor = mkstemp(ret->temporary);
	if (descriptor < 0) {
		cli_complain("cannot write %s: %s", path, strerror(errno));
		return false;
	}
	ret->file = fdopen(descriptor, "w");
	if (!ret->file || fchmod(descriptor, mode)) {
		cli_complain("cannot write %s: %s", path, strerror(errno));
		if (!ret->file)
			close(descriptor);
		output_discard(ret);
		return false;
	}
	return true;
}

bool output_open(const char *path, const char *input, struct output *ret)
{
	struct stat old;
	bool exists = path && !stat(path, &old);

	*ret = (struct output){.path = path};
	if (!path) {
		ret->file = stdout;
		return true;
	}
	if (exists && is_same_file(&old, input)) {
		cli_complain("%s is the dump itself: it is not overwritten", path);
		return false;
	}
	if (exists && S_ISDIR(old.st_mode)) {
		cli_complain("cannot write %s: %s", path, strerror(EISDIR));
		return false;
	}
	if (exists && !S_ISREG(old.st_mode))
		return open_in_place(path, ret);
	return open_temporary(path, exists ? old.st_mode & 0777 : default_mode(), ret);
}

bool output_keep(struct output *output)
{
	const char *name = output->path ? output->path : "standard output";
	bool kept = cli_close(output->file, name);

	output->file = NULL;
	if (kept && *output->temporary && rename(output->temporary, output->path)) {
		cli_complain("cannot write %s: %s", name, strerror(errno));
		kept = false;
	}
	if (!kept)
		output_discard(output);
	return kept;
}

void output_discard(struct output *output)
{
	if (output->file && output->file != stdout)
		fclose(output->file);
	output->file = NULL;
	if (*output->temporary)
		unlink(output->temporary);
	*output->temporary = 0;
}
