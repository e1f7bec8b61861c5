/* minidump_threads.h: the threads of a minidump (minidumpapiset.h: MINIDUMP_THREAD, MINIDUMP_THREAD_EX,
 * MINIDUMP_THREAD_NAME, MINIDUMP_THREAD_INFO). */
#ifndef FORMATS_DUMP_MINIDUMP_THREADS_H
#define FORMATS_DUMP_MINIDUMP_THREADS_H

#include "formats/dump/minidump_streams.h"

/* Of whichever of the two streams is there: entries of both begin alike. */
struct minidump_list minidump_thread_list(struct minidump *dump);

/* Adds them to the image. */
void minidump_read_threads(struct minidump *dump, const struct minidump_list *list);

/* After these were read: names, where they began, and whose registers are no good. */
void minidump_read_thread_names(struct minidump *dump);
void minidump_read_thread_info(struct minidump *dump);

/* NULL: the dump has no thread of that id. */
struct thread *minidump_thread(const struct minidump *dump, int64_t id);

/* False, and nothing is changed: it is no context of that CPU. */
bool minidump_read_context(struct minidump *dump, struct span context, struct registers *ret);

#endif
