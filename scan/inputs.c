/* inputs.c: see inputs.h. Folders are listed one after the other, without recursion; symbolic links in them are
 * not followed, so that no file is met twice and no loop is run. */
#include "scan/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_LIMIT = 1 << 22 };

struct walk {
	struct arena *arena;
	struct scan_inputs *inputs;
	VEC(const char *) folders; /* still to be listed; the next is the last */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add(struct walk *walk, const char *path, bool given, const char *error)
{
	if (walk->inputs->items.count < INPUT_LIMIT)
		vec_push(walk->arena, &walk->inputs->items, (struct scan_input){path, given, error});
}

static const char *join(struct arena *arena, const char *folder, const char *name)
{
	size_t length = strlen(folder);

	return arena_printf(arena, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name);
}

/* Its files at once, its folders behind: the first by name is listed next. */
static void take_names(struct walk *walk, const char *const *paths, size_t count)
{
	struct stat status;

	for (size_t i = 0; i < count; i++)
		if (!lstat(paths[i], &status) && S_ISREG(status.st_mode))
			add(walk, paths[i], false, NULL);
	for (size_t i = count; i-- > 0;)
		if (!lstat(paths[i], &status) && S_ISDIR(status.st_mode))
			vec_push(walk->arena, &walk->folders, paths[i]);
}

static void list(struct walk *walk, const char *folder, bool given)
{
	VEC(const char *) names = {0};
	DIR *directory = opendir(folder);
	struct dirent *entry;

	if (!directory) {
		add(walk, folder, given, arena_strdup(walk->arena, strerror(errno)));
		return;
	}
	while ((entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			vec_push(walk->arena, &names, join(walk->arena, folder, entry->d_name));
	closedir(directory);
	if (names.count)
		qsort(names.items, names.count, sizeof *names.items, by_name);
	take_names(walk, names.items, names.count);
}

void inputs_find(struct arena *arena, const char *const *paths, struct scan_inputs *ret)
{
	struct walk walk = {.arena = arena, .inputs = ret};
	struct stat status;

	for (; *paths; paths++) {
		if (stat(*paths, &status))
			add(&walk, *paths, true, arena_strdup(arena, strerror(errno)));
		else if (S_ISDIR(status.st_mode))
			list(&walk, *paths, true);
		else if (S_ISREG(status.st_mode))
			add(&walk, *paths, true, NULL);
		else
			add(&walk, *paths, true, "it is neither a file nor a folder");
		while (walk.folders.count)
			list(&walk, walk.folders.items[--walk.folders.count], false);
	}
}
