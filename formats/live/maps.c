/* maps.c: see maps.h. */
#include "formats/live/maps.h"

#include "formats/exe/exe.h"
#include "formats/live/process.h"

#include <stdlib.h>
#include <string.h>

enum { REGION_LIMIT = 1 << 20 };

static const char *path_of(struct arena *arena, const char *text)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(text);

	if (length > sizeof deleted - 1 && !strcmp(text + length - (sizeof deleted - 1), deleted))
		length -= sizeof deleted - 1;
	return length ? arena_strndup(arena, text, length) : NULL;
}

static bool reads_fail(const char *path)
{
	return path && (!strcmp(path, "[vvar]") || !strcmp(path, "[vvar_vclock]") || !strcmp(path, "[vsyscall]") ||
			!strncmp(path, "/dev/", strlen("/dev/")));
}

/* "start-end rwxp offset device inode   path" */
static bool parse(struct arena *arena, char *line, struct live_region *ret)
{
	char *at;

	ret->start = strtoull(line, &at, 16);
	if (*at++ != '-')
		return false;
	ret->end = strtoull(at, &at, 16);
	if (*at++ != ' ' || strlen(at) < strlen("rwxp "))
		return false;
	ret->flags = (uint8_t)((at[0] == 'r' ? SEGMENT_READ : 0) | (at[1] == 'w' ? SEGMENT_WRITE : 0) | (at[2] == 'x' ? SEGMENT_EXEC : 0));
	ret->shared = at[3] == 's';
	ret->offset = strtoull(at + 5, &at, 16);
	for (int field = 0; field < 2; field++) { /* device, inode */
		at += strspn(at, " ");
		at += strcspn(at, " ");
	}
	ret->path = path_of(arena, at + strspn(at, " "));
	ret->readable = (ret->flags & SEGMENT_READ) && !reads_fail(ret->path);
	return ret->start < ret->end;
}

bool live_maps_read(struct arena *arena, int64_t pid, struct live_maps *ret)
{
	char *line = (char *)(uintptr_t)live_proc_file(arena, pid, "maps").data;

	*ret = (struct live_maps){0};
	while (line && *line && ret->count < REGION_LIMIT) {
		char *end = strchr(line, '\n');
		struct live_region region = {0};

		if (end)
			*end = 0;
		if (parse(arena, line, &region))
			vec_push(arena, ret, region);
		line = end ? end + 1 : NULL;
	}
	return ret->count > 0;
}

const struct live_region *live_maps_find(const struct live_maps *maps, uint64_t address)
{
	size_t low = 0, high = maps->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (maps->items[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < maps->count && maps->items[low].start <= address ? &maps->items[low] : NULL;
}
