/* search.h: where in gigabytes of text a crash may be: search for several words at once, 16 bytes at a time. */
#ifndef FORMATS_LOG_SEARCH_H
#define FORMATS_LOG_SEARCH_H

#include "base/span.h"

/* The offset of the first anchor (anchors.def) that begins in [from, end); SIZE_MAX: none. *sure as its row says. */
size_t log_search(struct span text, size_t from, size_t end, bool *sure);

/* The number of newlines in a text. */
uint64_t log_newlines(struct span text);

#endif
