/* grants.c: see grants.h. */
#include "lib/grants.h"

#include "base/files.h"
#include "base/root.h"
#include "formats/archive/archive.h"
#include "formats/locator/paths.h"
#include "scan/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum grant { GRANT_NONE, GRANT_ANY, GRANT_FILE, GRANT_EXECUTABLE };

struct grants grants_of(struct arena *arena, const char *dump, const struct ts_options *options)
{
	return (struct grants){
		.dump = dump,
		.folder = strcmp(dump, "-") && !options->title ? path_folder(arena, dump) : NULL,
		.given = options->executables,
		.symbols_dir = options->symbols_dir,
		.sysroot = options->sysroot,
		.tells_paths = options->unmasked,
	};
}

static bool is_name(const char *text)
{
	return text && *text && !strchr(text, '/');
}

/* A name, or .build-id/xx/yyyy[.debug]. */
static bool is_symbols_name(const char *text)
{
	const char *id = text ? root_below(".build-id", text) : NULL;

	return is_name(text) || (id && strlen(id) > 3 && id[2] == '/' && is_name(id + 3));
}

static bool climbs(const char *path)
{
	for (const char *at = path; (at = strstr(at, "/..")); at++)
		if (!at[3] || at[3] == '/')
			return true;
	return false;
}

static bool is_given(const struct grants *grants, const char *path)
{
	if (!strcmp(path, grants->dump))
		return true;
	for (const char *const *given = grants->given; given && *given; given++)
		if (!strcmp(path, *given))
			return true;
	return false;
}

static enum grant grant_of(const struct grants *grants, const char *path)
{
	if (is_given(grants, path))
		return GRANT_ANY;
	if (grants->fetched && !strcmp(path, grants->fetched))
		return GRANT_FILE;
	if (grants->folder && is_name(root_below(grants->folder, path)))
		return GRANT_FILE;
	if (grants->symbols_dir && is_symbols_name(root_below(grants->symbols_dir, path)))
		return GRANT_FILE;
	if (root_below(grants->sysroot ? grants->sysroot : "", path) && !climbs(path))
		return GRANT_EXECUTABLE;
	return GRANT_NONE;
}

static bool fits(enum grant grant, int descriptor)
{
	enum { START = 512 };
	uint8_t bytes[START];
	struct stat status;
	ssize_t size;

	if (fstat(descriptor, &status) || !S_ISREG(status.st_mode))
		return false;
	if (grant == GRANT_FILE)
		return true;
	size = pread(descriptor, bytes, sizeof bytes, 0);
	return size > 0 &&
	       (scan_wants((struct span){bytes, (size_t)size}) || file_compressed((struct span){bytes, (size_t)size}));
}

/* What was given is what its user says; all else below the sysroot stays in it. */
static int open_path(const struct grants *grants, const char *path, int flags)
{
	const char *name = root_below(grants->sysroot, path);

	return name ? root_open(grants->sysroot, name, flags) : open(path, flags);
}

/* What a path leads to may be another thing at each look, and opening a device may do something: so it is held without being opened
 * (O_PATH), looked at, and what is held is opened. Without /proc the path is, again. */
static int open_regular(const struct grants *grants, const char *path)
{
	enum { HOW = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };
	const int held = open_path(grants, path, O_PATH | O_CLOEXEC);
	char name[32];
	struct stat status;
	int descriptor = -1, error;

	if (held < 0)
		return -1;
	errno = EACCES;
	if (!fstat(held, &status) && S_ISREG(status.st_mode)) {
		snprintf(name, sizeof name, "/proc/self/fd/%d", held);
		descriptor = open(name, HOW);
		if (descriptor < 0 && errno == ENOENT)
			descriptor = open_path(grants, path, HOW);
	}
	error = errno;
	close(held);
	errno = error;
	return descriptor;
}

int grants_open(const struct grants *grants, const char *path)
{
	const enum grant grant = grant_of(grants, path);
	int descriptor;

	if (grant == GRANT_ANY)
		return open(path, O_RDONLY | O_CLOEXEC);
	errno = EACCES;
	if (grant == GRANT_NONE)
		return -1;
	descriptor = open_regular(grants, path);
	if (descriptor >= 0 && !fits(grant, descriptor)) {
		close(descriptor);
		errno = ENOEXEC;
		return -1;
	}
	return descriptor;
}

bool grants_file(const struct grants *grants, const char *path)
{
	const enum grant grant = grant_of(grants, path);
	struct stat status;
	int descriptor;

	/* Opening a pipe would take from it. What is there and is not opened is told to whom paths are told. */
	if (grant == GRANT_ANY)
		return !stat(path, &status) && S_ISREG(status.st_mode);
	if (grant == GRANT_EXECUTABLE && grants->tells_paths)
		return file_is_regular(grants->sysroot, path);
	descriptor = grants_open(grants, path);
	if (descriptor >= 0)
		close(descriptor);
	return descriptor >= 0;
}
