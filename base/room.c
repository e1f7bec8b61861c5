/* room.c: see room.h. */
#include "base/room.h"

#include "base/broker.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct group_files {
	const char *controller, *mount, *limit, *used;
};

static const struct group_files groups[] = {
#define GROUP(controller, mount, limit, used) {controller, mount, limit, used},
#include "base/room_groups.def"
#undef GROUP
};

/* The number behind `label` in a file, at the start of a line; UINT64_MAX: there is none ("max"). */
static uint64_t number_in(const char *path, const char *label)
{
	uint64_t number = UINT64_MAX;
	FILE *file = fopen(path, "re");
	char line[256];

	while (file && number == UINT64_MAX && fgets(line, sizeof line, file)) {
		const char *digits = line + strlen(label);

		if (!strncmp(line, label, strlen(label)) && digits[strspn(digits, " ")] >= '0' && digits[strspn(digits, " ")] <= '9')
			number = strtoull(digits, NULL, 10);
	}
	if (file)
		fclose(file);
	return number;
}

static uint64_t number_of(const char *root, const char *folder, const char *group, const char *name)
{
	char path[PATH_MAX];
	const int length = snprintf(path, sizeof path, "%s%s%s/%s", root, folder, group, name);

	return length > 0 && (size_t)length < sizeof path ? number_in(path, "") : UINT64_MAX;
}

/* What the group and those above it leave. In a container the group's own path may not be there, but the mount is its group. */
static uint64_t left_by(const char *root, const struct group_files *files, char *group)
{
	uint64_t least = UINT64_MAX;

	for (;;) {
		const uint64_t limit = number_of(root, files->mount, group, files->limit);
		const uint64_t used = limit == UINT64_MAX ? 0 : number_of(root, files->mount, group, files->used);
		const uint64_t left = limit == UINT64_MAX || used == UINT64_MAX ? UINT64_MAX : limit > used ? limit - used : 0;
		char *const last = strrchr(group, '/');

		least = left < least ? left : least;
		if (!last)
			return least;
		*last = 0;
	}
}

/* Whether a list of controllers, with commas, has one; "": is the empty list. */
static bool has(const char *list, size_t size, const char *controller)
{
	const size_t length = strlen(controller);

	for (const char *at = list; length && at + length <= list + size; at += strcspn(at, ",") + 1)
		if (!strncmp(at, controller, length) && (at + length == list + size || at[length] == ','))
			return true;
	return !length && !size;
}

/* HIERARCHY:CONTROLLERS:PATH */
static uint64_t left_by_line(const char *root, char *line)
{
	char *const list = strchr(line, ':'), *const path = list ? strchr(list + 1, ':') : NULL;
	uint64_t least = UINT64_MAX;

	if (!path)
		return least;
	path[1 + strcspn(path + 1, "\n")] = 0;
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		char group[PATH_MAX];
		uint64_t left;

		if (!has(list + 1, (size_t)(path - list - 1), groups[i].controller))
			continue;
		snprintf(group, sizeof group, "%s", strcmp(path + 1, "/") ? path + 1 : "");
		left = left_by(root, &groups[i], group);
		least = left < least ? left : least;
	}
	return least;
}

uint64_t room_below(const char *root)
{
	char path[PATH_MAX], line[PATH_MAX + 256];
	uint64_t least;
	FILE *file;

	snprintf(path, sizeof path, "%s/proc/meminfo", root);
	least = number_in(path, "MemAvailable:");
	if (least > UINT64_MAX >> 10)
		return 0;
	least <<= 10;
	snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file)) {
		const uint64_t left = left_by_line(root, line);

		least = left < least ? left : least;
	}
	if (file)
		fclose(file);
	return least;
}

uint64_t room_of_memory(void)
{
	struct broker_answer answer = {0};
	int descriptor;

	if (!broker_joined())
		return room_below("");
	return broker_ask(BROKER_ROOM, "", 0, &answer, &descriptor) && !answer.error ? strtoull(answer.text, NULL, 10) : 0;
}
