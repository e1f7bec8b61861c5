/* paths.c: see paths.h. */
#include "formats/locator/paths.h"

#include <string.h>

static const char *const suffixes[PATH_SUFFIXES] = {"", ".zst", ".lz4", ".xz", ".gz"};

void path_with_suffixes(struct arena *arena, const char *folder, const char *name, const char *ret[static PATH_SUFFIXES])
{
	for (size_t i = 0; i < PATH_SUFFIXES; i++)
		ret[i] = arena_printf(arena, "%s/%s%s", folder, name, suffixes[i]);
}

static const char deleted[] = " (deleted)";

const char *path_base_name(const char *path)
{
	const char *name = path;

	for (; path && *path; path++)
		if (*path == '/' || *path == '\\')
			name = path + 1;
	return name;
}

const char *path_folder(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(arena, path, (size_t)(slash - path)) : ".";
}

const char *path_without_deleted(struct arena *arena, const char *path)
{
	size_t length = strlen(path);
	size_t mark = sizeof deleted - 1;

	if (length > mark && !strcmp(path + length - mark, deleted))
		return arena_strndup(arena, path, length - mark);
	return path;
}

const char *path_of_build_id(struct arena *arena, const char *folder, const char *build_id, const char *suffix)
{
	if (strlen(build_id) < 3)
		return NULL;
	return arena_printf(arena, "%s/.build-id/%.2s/%s%s", folder, build_id, build_id + 2, suffix);
}
