/* root.c: see root.h. Each folder on the way is held by a descriptor, so that what is replaced meanwhile leads no further than what was there. */
#include "base/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in Linux: of links on one way. Folders in one another are held, each by a descriptor. */
enum { LINKS_MOST = 40, DEPTH_MOST = 64 };

/* <linux/openat2.h>, which older headers lack. Under its own names they would be macros where <fcntl.h> includes it: glibc 2.43. */
enum { OPENAT2 = 437, WITHIN_ROOT = 0x10 };
struct how {
	uint64_t flags, mode, resolve;
};

const char *root_below(const char *folder, const char *path)
{
	const size_t length = folder ? strlen(folder) : 0;

	return folder && !strncmp(path, folder, length) && path[length] == '/' ? path + length + 1 : NULL;
}

/* ---- step by step ---- */

struct walk {
	int folders[DEPTH_MOST]; /* the root, and one in the other */
	int depth;               /* of the last */
	int links;
	char left[2 * PATH_MAX]; /* of the way; the first name is at `at` */
	size_t at;
};

static bool fail(int error)
{
	errno = error;
	return false;
}

static void leave_to(struct walk *walk, int depth)
{
	while (walk->depth > depth)
		close(walk->folders[walk->depth--]);
}

/* The next name of the way, ended by NUL; NULL: there is none. */
static char *next_name(struct walk *walk)
{
	char *name, *end;

	walk->at += strspn(walk->left + walk->at, "/");
	name = walk->left + walk->at;
	end = strchrnul(name, '/');
	walk->at += (size_t)(end - name) + (*end != 0);
	*end = 0;
	return *name ? name : NULL;
}

/* What a link says comes before what is left. */
static bool follow(struct walk *walk, int link)
{
	char way[2 * PATH_MAX];
	const ssize_t size = readlinkat(link, "", way, PATH_MAX);
	const size_t rest = strlen(walk->left + walk->at);

	if (size <= 0)
		return fail(size ? errno : ENOENT);
	if (++walk->links > LINKS_MOST)
		return fail(ELOOP);
	if ((size_t)size + 1 + rest >= sizeof way)
		return fail(ENAMETOOLONG);
	way[size] = '/';
	memcpy(way + size + 1, walk->left + walk->at, rest + 1);
	memcpy(walk->left, way, (size_t)size + 1 + rest + 1);
	walk->at = 0;
	if (*way == '/')
		leave_to(walk, 0);
	return true;
}

static bool enter(struct walk *walk, const char *name)
{
	const int next = openat(walk->folders[walk->depth], name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	bool good;

	if (next < 0)
		return false;
	if (!fstat(next, &status) && S_ISLNK(status.st_mode)) {
		good = follow(walk, next);
	} else {
		good = walk->depth + 1 < DEPTH_MOST || fail(ELOOP);
		if (good) {
			walk->folders[++walk->depth] = next;
			return true;
		}
	}
	close(next);
	return good;
}

static bool walk_on(struct walk *walk)
{
	for (char *name; (name = next_name(walk));) {
		if (!strcmp(name, ".."))
			leave_to(walk, walk->depth ? walk->depth - 1 : 0);
		else if (strcmp(name, ".") != 0 && !enter(walk, name))
			return false;
	}
	return true;
}

/* What is held by O_PATH, opened otherwise. */
static int reopen(int held, int flags)
{
	char name[32];

	if (flags & O_PATH)
		return fcntl(held, F_DUPFD_CLOEXEC, 0);
	snprintf(name, sizeof name, "/proc/self/fd/%d", held);
	return open(name, flags);
}

int root_walk(const char *root, const char *name, int flags)
{
	struct walk walk = {.folders = {open(root, O_PATH | O_DIRECTORY | O_CLOEXEC)}};
	int ret = -1, error;

	if (walk.folders[0] < 0)
		return -1;
	if (strlen(name) >= sizeof walk.left)
		errno = ENAMETOOLONG;
	else if (memcpy(walk.left, name, strlen(name) + 1) && walk_on(&walk))
		ret = reopen(walk.folders[walk.depth], flags);
	error = errno;
	leave_to(&walk, 0);
	close(walk.folders[0]);
	errno = error;
	return ret;
}

/* ---- at once ---- */

int root_open(const char *root, const char *name, int flags)
{
	const struct how how = {.flags = (uint64_t)flags, .resolve = WITHIN_ROOT};
	const int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int ret, error;

	if (folder < 0)
		return -1;
	ret = (int)syscall(OPENAT2, folder, *name ? name : ".", &how, sizeof how);
	error = errno;
	close(folder);
	if (ret < 0 && (error == ENOSYS || error == EPERM || error == EAGAIN)) /* unknown, forbidden (a container's filter), somebody renames */
		return root_walk(root, name, flags);
	errno = error;
	return ret;
}
