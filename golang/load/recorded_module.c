/* recorded_module.c: of which module the program that printed a log is. A build with -trimpath names the files of package main by its
 * import path, "github.com/acme/shop/cmd/server/main.go" (cmd/go/internal/work/gc.go trimpath), of which the module's path is the
 * beginning: all that a forge's names have; of another host its name and the next part ("example.org/shop"), unless that is where commands
 * lie ("example.org/cmd/shop"); of what is no host the first part. */
#include "golang/load/load.h"
#include "golang/recorded.h"

#include <string.h>

static const char *const forges[] = {
#define FORGE(host, parts) host,
#include "golang/load/forges.def"
#undef FORGE
};

static const size_t parts[] = {
#define FORGE(host, parts) parts,
#include "golang/load/forges.def"
#undef FORGE
};

/* Whether a path is of a host and of one of its modules: "example.org/shop/main.go", and not "example.org/cmd/shop/main.go",
 * "example.org/main.go" or "shop/main.go". */
static bool is_below_host(const char *path)
{
	static const char commands[] = "/cmd/";
	const size_t length = strcspn(path, "/");

	return memchr(path, '.', length) && strchr(path, '/') != strrchr(path, '/') && strncmp(path + length, commands, sizeof commands - 1) != 0;
}

static size_t parts_of(const char *path)
{
	for (size_t i = 0; i < sizeof forges / sizeof *forges; i++)
		if (!strncmp(path, forges[i], strlen(forges[i])) && path[strlen(forges[i])] == '/')
			return parts[i];
	return is_below_host(path) ? 2 : 1;
}

/* Where the path's first `count` parts end; NULL: it has no more than those. */
static const char *end_of(const char *path, size_t count)
{
	const char *end = path;

	for (size_t i = 0; i < count; i++) {
		end = strchr(end + (i > 0), '/');
		if (!end)
			return NULL;
	}
	return end;
}

static bool is_import_path(const char *file)
{
	return *file != '/' && *file != '.' && !strchr(file, '\\') && !strchr(file, ':') && strncmp(file, "command-line-arguments/", 23) != 0;
}

/* "v2", the last part of a path of a later major version. */
static bool is_major(const char *at, const char *end)
{
	return end && end - at >= 3 && at[1] == 'v' && strspn(at + 2, "0123456789") == (size_t)(end - at - 2);
}

static const char *module_of(struct arena *arena, const char *file)
{
	const size_t count = parts_of(file);
	const char *end = is_import_path(file) ? end_of(file, count) : NULL, *next = end ? end_of(file, count + 1) : NULL;

	if (end && is_major(end, next))
		end = next;
	return end ? arena_strndup(arena, file, (size_t)(end - file)) : NULL;
}

void recorded_module_load(struct go_runtime *runtime)
{
	const struct log_record *record = runtime->recorded->record;

	for (size_t i = 0; i < record->places.count && !runtime->main_module; i++) {
		const struct recorded_place *place = &record->places.items[i];

		for (size_t j = 0; j < place->count && !runtime->main_module; j++)
			if (place->calls[j].file && !strncmp(place->calls[j].function, "main.", 5))
				runtime->main_module = module_of(runtime->arena, place->calls[j].file);
	}
}
