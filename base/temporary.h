/* temporary.h: files without a name, which are gone however the process ends. */
#ifndef BASE_TEMPORARY_H
#define BASE_TEMPORARY_H

/* A new empty file in the folder that TMPDIR names (default: /tmp), for reading and writing, that has no name: a
 * descriptor, or -1 with errno set. Where the file system cannot make such a file, it has a name for a moment, in which
 * signals wait in the calling thread: other threads must have those blocked that end the process. A
 * confined process asks for it (broker.h). */
int temporary_open(void);

#endif
