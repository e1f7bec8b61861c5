/* memory_file.c: see memory_file.h. */
#include "tests/fuzz/memory_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

const char *memory_file(struct span bytes)
{
	static char path[64];
	static int descriptor = -1;

	if (descriptor < 0) {
		descriptor = memfd_create("input", MFD_CLOEXEC);
		snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
	}
	if (descriptor < 0 || ftruncate(descriptor, 0) || pwrite(descriptor, bytes.data, bytes.size, 0) != (ssize_t)bytes.size)
		abort();
	return path;
}
