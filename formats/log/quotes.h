/* quotes.h: where strings of JSON end (RFC 8259, section 7). */
#ifndef FORMATS_LOG_QUOTES_H
#define FORMATS_LOG_QUOTES_H

#include "base/span.h"

/* The next quote that is not escaped; the size: there is none. */
size_t quote_next(struct span line, size_t at);

#endif
