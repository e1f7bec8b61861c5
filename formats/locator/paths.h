/* paths.h: names of files that a dump mentions. They are hostile. */
#ifndef FORMATS_LOCATOR_PATHS_H
#define FORMATS_LOCATOR_PATHS_H

#include "base/arena.h"

enum { PATH_SUFFIXES = 5 };

/* FOLDER/NAME, first as it is, then with what may be appended to it when it is compressed. */
void path_with_suffixes(struct arena *arena, const char *folder, const char *name, const char *ret[static PATH_SUFFIXES]);

/* The last part of a path of either operating system; NULL gives NULL. */
const char *path_base_name(const char *path);

/* Its folder, to put a slash and a name behind: "." for a bare name, "" for one in the root. */
const char *path_folder(struct arena *arena, const char *path);

/* Without what Linux appends to the path of an unlinked file. */
const char *path_without_deleted(struct arena *arena, const char *path);

/* FOLDER/.build-id/xx/yyyySUFFIX, where debuggers look for a file by its build-id; NULL when the id is too short. */
const char *path_of_build_id(struct arena *arena, const char *folder, const char *build_id, const char *suffix);

#endif
