/* root.h: files below a folder that stands for another machine's root, or a container's: symbolic links in it are followed as that machine
 * would, and lead nowhere else. */
#ifndef BASE_ROOT_H
#define BASE_ROOT_H

/* What is behind a folder and a slash; NULL: the path does not lie there, or there is no folder. */
const char *root_below(const char *folder, const char *path);

/* Opens what `name` means to a process whose root is that folder: absolute links and ".." stay in it (openat2(2) RESOLVE_IN_ROOT, or the
 * same step by step where the kernel has no openat2). flags: as for open(2), without O_CREAT. -1: errno says why not. */
int root_open(const char *root, const char *name, int flags);

/* The same without openat2; for its test. */
int root_walk(const char *root, const char *name, int flags);

#endif
