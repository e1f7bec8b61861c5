/* crash_folder.h: a folder of crashes. What belongs to one has one name: PROGRAM-HASH.UID.PID.TIME, and behind it what it is: .txt,
 * .json, .record.json, .slim.zst, .core. Only its owner may read any of it. */
#ifndef CLI_CRASH_FOLDER_H
#define CLI_CRASH_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct crash_folder {
	const char *path;
	int descriptor;
};

enum { CRASH_NAME = 128 };

/* Opens the folder, and makes it (0700, not those above it) where it is not. False: errno says why not. */
bool crash_folder_open(const char *path, struct crash_folder *ret);

/* What names of crashes of one program begin with: its name, as far as letters, digits, dot, dash and underline go, and a hash of `identity`, which
 * is what tells programs of one name apart. */
void crash_program(const char *program, const char *identity, char ret[static CRASH_NAME]);

/* How many crashes whose names begin so were kept in the last `seconds`. */
unsigned crash_folder_recent(const struct crash_folder *folder, const char *program, unsigned seconds);

/* A file of a crash, for writing; it has its name once crash_file_keep says so. NULL: errno says why not. */
struct crash_file {
	FILE *stream;
	char temporary[CRASH_NAME + 32], name[CRASH_NAME + 32];
};
bool crash_file_open(const struct crash_folder *folder, const char *crash, const char *what, struct crash_file *ret);

/* Closes it; false: it could not take everything, errno says why, and it is gone. */
bool crash_file_keep(const struct crash_folder *folder, struct crash_file *file);
void crash_file_discard(const struct crash_folder *folder, struct crash_file *file);

/* A file without a name in the folder; its name comes by crash_folder_link. -1: errno says why not. */
int crash_folder_spool(const struct crash_folder *folder);
bool crash_folder_link(const struct crash_folder *folder, int descriptor, const char *crash, const char *what);

/* Bytes that are free in its file system for who asks. */
uint64_t crash_folder_free(const struct crash_folder *folder);

/* Removes the oldest crashes until at most `most` are left, which take at most `bytes` together; what else lies there is left alone. */
void crash_folder_expire(const struct crash_folder *folder, size_t most, uint64_t bytes);

#endif
