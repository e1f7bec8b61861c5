/* memory_file.h: bytes as a file that has a path, for what opens files itself. */
#ifndef TESTS_FUZZ_MEMORY_FILE_H
#define TESTS_FUZZ_MEMORY_FILE_H

#include "base/span.h"

/* The path of the one file there is, which holds these bytes until it is asked for again. */
const char *memory_file(struct span bytes);

#endif
