/* crash_folder.c: see crash_folder.h. */
#include "cli/crash_folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { MODE = 0600, FOLDER_MODE = 0700, BLOCK = 512 /* st_blocks */, PROGRAM_LENGTH = 40, STALE = 24 * 60 * 60 };

static const char *const kinds[] = {".record.json", ".json", ".txt", ".slim.zst", ".core"};
static const char part[] = ".part"; /* of a file that is being written; it begins with a dot */

bool crash_folder_open(const char *path, struct crash_folder *ret)
{
	ret->path = path;
	if (mkdir(path, FOLDER_MODE) && errno != EEXIST)
		return false;
	ret->descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->descriptor >= 0;
}

void crash_program(const char *program, const char *identity, char ret[static CRASH_NAME])
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	char name[PROGRAM_LENGTH + 1] = "";
	size_t length = 0;

	for (; *identity; identity++)
		hash = (hash ^ (unsigned char)*identity) * 16777619u;
	for (; *program && length < PROGRAM_LENGTH; program++)
		name[length++] = isascii(*program) && (isalnum((unsigned char)*program) || (*program && strchr("._-", *program))) ? *program : '_';
	if (*name == '.')
		*name = '_';
	snprintf(ret, CRASH_NAME, "%s-%08x", *name ? name : "_", hash);
}

/* The kind of a file, and how long the name of its crash is; NULL: it is no such file. */
static const char *kind_of(const char *name, size_t *length)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const size_t end = strlen(kinds[i]), size = strlen(name);

		if (*name != '.' && size > end && size - end < CRASH_NAME && !strcmp(name + size - end, kinds[i])) {
			*length = size - end;
			return kinds[i];
		}
	}
	return NULL;
}

static DIR *list(const struct crash_folder *folder)
{
	const int copy = openat(folder->descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);

	if (!entries && copy >= 0)
		close(copy);
	return entries;
}

static bool stat_in(const struct crash_folder *folder, const char *name, struct stat *status)
{
	return !fstatat(folder->descriptor, name, status, AT_SYMLINK_NOFOLLOW) && S_ISREG(status->st_mode);
}

unsigned crash_folder_recent(const struct crash_folder *folder, const char *program, unsigned seconds)
{
	DIR *entries = list(folder);
	const size_t length = strlen(program);
	const time_t since = time(NULL) - (time_t)seconds;
	const struct dirent *entry;
	unsigned count = 0;

	while (entries && (entry = readdir(entries))) {
		size_t name;
		const char *kind = kind_of(entry->d_name, &name);
		struct stat status;

		count += kind && !strcmp(kind, kinds[0]) && !strncmp(entry->d_name, program, length) && entry->d_name[length] == '.' &&
			 stat_in(folder, entry->d_name, &status) && status.st_mtime >= since;
	}
	if (entries)
		closedir(entries);
	return count;
}

bool crash_file_open(const struct crash_folder *folder, const char *crash, const char *what, struct crash_file *ret)
{
	int descriptor;

	snprintf(ret->name, sizeof ret->name, "%s%s", crash, what);
	snprintf(ret->temporary, sizeof ret->temporary, ".%s%s%s", crash, what, part);
	unlinkat(folder->descriptor, ret->temporary, 0); /* of an earlier run with the same ids */
	descriptor = openat(folder->descriptor, ret->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	ret->stream = descriptor < 0 ? NULL : fdopen(descriptor, "w");
	if (!ret->stream && descriptor >= 0)
		close(descriptor);
	return ret->stream != NULL;
}

bool crash_file_keep(const struct crash_folder *folder, struct crash_file *file)
{
	bool failed = ferror(file->stream) != 0;

	failed |= fflush(file->stream) != 0;
	failed |= fsync(fileno(file->stream)) != 0 && errno != EINVAL;
	failed |= fclose(file->stream) != 0;
	if (!failed && !renameat(folder->descriptor, file->temporary, folder->descriptor, file->name))
		return true;
	failed = errno;
	unlinkat(folder->descriptor, file->temporary, 0);
	return false;
}

void crash_file_discard(const struct crash_folder *folder, struct crash_file *file)
{
	fclose(file->stream);
	unlinkat(folder->descriptor, file->temporary, 0);
}

int crash_folder_spool(const struct crash_folder *folder)
{
	return openat(folder->descriptor, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, MODE);
}

bool crash_folder_link(const struct crash_folder *folder, int descriptor, const char *crash, const char *what)
{
	char from[32], to[CRASH_NAME + 32];

	snprintf(from, sizeof from, "/proc/self/fd/%d", descriptor);
	snprintf(to, sizeof to, "%s%s", crash, what);
	return !linkat(AT_FDCWD, from, folder->descriptor, to, AT_SYMLINK_FOLLOW);
}

uint64_t crash_folder_free(const struct crash_folder *folder)
{
	struct statvfs status;

	return fstatvfs(folder->descriptor, &status) ? 0 : (uint64_t)status.f_bavail * status.f_frsize;
}

/* ---- what is old ---- */

struct kept {
	char name[CRASH_NAME];
	struct timespec newest;
	uint64_t bytes;
};

struct all_kept {
	struct kept *items;
	size_t count, room;
};

static struct kept *kept_of(struct all_kept *all, const char *name, size_t length)
{
	for (size_t i = 0; i < all->count; i++)
		if (!strncmp(all->items[i].name, name, length) && !all->items[i].name[length])
			return &all->items[i];
	if (all->count == all->room) {
		const size_t room = all->room ? all->room * 2 : 64;
		struct kept *items = reallocarray(all->items, room, sizeof *items);

		if (!items)
			return NULL;
		all->items = items;
		all->room = room;
	}
	all->items[all->count] = (struct kept){.bytes = 0};
	memcpy(all->items[all->count].name, name, length);
	return &all->items[all->count++];
}

static bool is_stale(const char *name, const struct stat *status)
{
	const size_t size = strlen(name);

	return *name == '.' && size > sizeof part && !strcmp(name + size - (sizeof part - 1), part) &&
	       status->st_mtime < time(NULL) - STALE;
}

static struct all_kept look(const struct crash_folder *folder)
{
	struct all_kept all = {0};
	DIR *entries = list(folder);
	const struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		size_t length = 0;
		const bool known = kind_of(entry->d_name, &length) != NULL;
		struct stat status;
		struct kept *kept;

		if (!stat_in(folder, entry->d_name, &status))
			continue;
		if (is_stale(entry->d_name, &status)) /* its writer was killed */
			unlinkat(folder->descriptor, entry->d_name, 0);
		kept = known ? kept_of(&all, entry->d_name, length) : NULL;
		if (!kept)
			continue;
		kept->bytes += (uint64_t)status.st_blocks * BLOCK;
		if (status.st_mtim.tv_sec > kept->newest.tv_sec ||
		    (status.st_mtim.tv_sec == kept->newest.tv_sec && status.st_mtim.tv_nsec > kept->newest.tv_nsec))
			kept->newest = status.st_mtim;
	}
	if (entries)
		closedir(entries);
	return all;
}

static int newest_first(const void *left, const void *right)
{
	const struct kept *a = left, *b = right;

	if (a->newest.tv_sec != b->newest.tv_sec)
		return a->newest.tv_sec > b->newest.tv_sec ? -1 : 1;
	return a->newest.tv_nsec > b->newest.tv_nsec ? -1 : a->newest.tv_nsec < b->newest.tv_nsec;
}

static void remove_crash(const struct crash_folder *folder, const char *name)
{
	char file[CRASH_NAME + 32];

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		snprintf(file, sizeof file, "%s%s", name, kinds[i]);
		unlinkat(folder->descriptor, file, 0);
	}
}

void crash_folder_expire(const struct crash_folder *folder, size_t most, uint64_t bytes)
{
	struct all_kept all = look(folder);
	uint64_t sum = 0;

	if (all.count)
		qsort(all.items, all.count, sizeof *all.items, newest_first);
	for (size_t i = 0; i < all.count; i++) {
		sum += all.items[i].bytes;
		if (i >= most || (i && sum > bytes)) /* the newest stays, however large it is */
			remove_crash(folder, all.items[i].name);
	}
	free(all.items);
}
