/* files.h: how files are opened: by this process, or, where it is confined, by the one that made it (base/broker.h). */
#ifndef BASE_FILES_H
#define BASE_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* For reading. `root`: what lies below that folder is opened as if it were the root (root.h); NULL: everything as it is. -1: errno says why
 * not. */
int file_open(const char *root, const char *path);

/* Whether it is a regular file, after symbolic links, that may be opened. */
bool file_is_regular(const char *root, const char *path);

/* The first of them that is one; count: none is. A confined process asks its maker once, and not for each. */
size_t file_first(const char *root, const char *const *paths, size_t count);

#endif
