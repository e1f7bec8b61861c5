/* inputs.h: the files that a command line names: dumps, the executables among them, and folders of dumps. */
#ifndef CLI_INPUTS_H
#define CLI_INPUTS_H

#include <stdbool.h>
#include <stddef.h>

/* A name that a folder gave. */
struct input_member {
	struct input_member *next;
	char path[];
};

struct inputs {
	const char **items;
	size_t count, room;
	struct input_member *members;
	bool folder; /* a folder was among them */
};

/* Appends a name, which must outlive the list. False: memory ran out. */
bool inputs_add(struct inputs *inputs, const char *name);

/* Releases the list and what folders gave. */
void inputs_free(struct inputs *inputs);

/* Whether a file begins as an executable or a library does: ELF of type EXEC or DYN (elf.h), or PE ("MZ"). False also where it
 * cannot be read; what is neither is taken for a dump. */
bool input_is_executable(const char *path);

/* Whether it is a folder. */
bool input_is_folder(const char *path);

/* Appends the regular files in a folder, by name, without those whose name begins with a dot. False, with errno: it cannot be
 * read. */
bool inputs_add_folder(struct inputs *inputs, const char *path);

#endif
