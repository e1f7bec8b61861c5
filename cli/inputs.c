/* inputs.c: see inputs.h. */
#include "cli/inputs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool inputs_add(struct inputs *inputs, const char *name)
{
	enum { FIRST = 16 };

	if (inputs->count == inputs->room) {
		const size_t room = inputs->room ? 2 * inputs->room : FIRST;
		const char **items = reallocarray(inputs->items, room, sizeof *items);

		if (!items)
			return false;
		inputs->items = items;
		inputs->room = room;
	}
	inputs->items[inputs->count++] = name;
	return true;
}

void inputs_free(struct inputs *inputs)
{
	for (struct input_member *member = inputs->members, *next; member; member = next) {
		next = member->next;
		free(member);
	}
	free(inputs->items);
	*inputs = (struct inputs){0};
}

/* Little or big endian: the type is 2 or 3 in one of two bytes. */
bool input_is_executable(const char *path)
{
	enum { TYPE_AT = 16, HEAD = 18, EXEC = 2, DYN = 3 };
	unsigned char head[HEAD];
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	ssize_t size;
	unsigned type;

	if (fd < 0)
		return false;
	size = !fstat(fd, &status) && S_ISREG(status.st_mode) ? read(fd, head, sizeof head) : 0;
	close(fd);
	if (size >= 2 && !memcmp(head, "MZ", 2))
		return true;
	if (size < HEAD || memcmp(head, "\177ELF", 4) != 0)
		return false;
	type = head[TYPE_AT] | head[TYPE_AT + 1];
	return type == EXEC || type == DYN;
}

bool input_is_folder(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static int shown(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

static bool add_member(struct inputs *inputs, const char *folder, const char *name)
{
	const size_t size = strlen(folder) + strlen(name) + sizeof "/";
	struct input_member *member = malloc(sizeof *member + size);
	struct stat status;

	if (!member)
		return false;
	snprintf(member->path, size, "%s%s%s", folder, *folder && folder[strlen(folder) - 1] == '/' ? "" : "/", name);
	member->next = inputs->members;
	inputs->members = member;
	return stat(member->path, &status) || !S_ISREG(status.st_mode) || inputs_add(inputs, member->path);
}

bool inputs_add_folder(struct inputs *inputs, const char *path)
{
	struct dirent **entries;
	const int count = scandir(path, &entries, shown, alphasort);
	bool fine = count >= 0;

	for (int i = 0; i < count; i++) {
		fine = fine && add_member(inputs, path, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return fine;
}
