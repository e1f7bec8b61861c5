/* minidump_memory.h: the memory that a minidump saved, and what the process had committed (minidumpapiset.h:
 * MINIDUMP_MEMORY_LIST, MINIDUMP_MEMORY64_LIST, MINIDUMP_MEMORY_INFO_LIST). */
#ifndef FORMATS_DUMP_MINIDUMP_MEMORY_H
#define FORMATS_DUMP_MINIDUMP_MEMORY_H

#include "formats/dump/minidump_streams.h"

/* Fills `saved`, `existed` and the image's segments, with the stacks that only the threads' own records hold. The modules
 * must be known. */
void minidump_read_memory(struct minidump *dump, const struct minidump_list *threads);

#endif
