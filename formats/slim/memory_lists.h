/* memory_lists.h: the streams of a slim minidump that say where memory lies: of what is left, and of threads' stacks. Reference:
 * minidumpapiset.h. */
#ifndef FORMATS_SLIM_MEMORY_LISTS_H
#define FORMATS_SLIM_MEMORY_LISTS_H

#include "formats/slim/layout.h"

/* MINIDUMP_MEMORY64_LIST of the runs, whose bytes follow each other from `position` on, which they are told; the list is to lie at `at`. */
uint64_t memory_list_size(const struct layout_plan *plan);
struct piece memory_list(struct layout_plan *plan, uint64_t at, uint64_t position);

/* MINIDUMP_THREAD_LIST, as the old one `list`, with stacks where the runs are that have been told their places. */
struct piece thread_list(const struct layout_plan *plan, struct span list, uint64_t at);

#endif
