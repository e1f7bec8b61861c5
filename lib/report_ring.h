/* report_ring.h: the bytes of a report, from an isolated analysis to its parent, through memory that both have: a report may be
 * gigabytes long, and a socket would copy each of them twice more. One writer, one reader. The writer is hostile: it may change
 * what is in the ring at any time, which the reader takes as it finds it, and never reads outside of it. */
#ifndef LIB_REPORT_RING_H
#define LIB_REPORT_RING_H

#include <stdbool.h>
#include <stdio.h>

struct report_ring;

/* Before the fork. NULL: no memory. Of NULL nothing is freed. */
struct report_ring *report_ring_new(void);
void report_ring_free(struct report_ring *ring);

/* The writer. Appends bytes, and waits while there is no room; calls tell() when there is much to read, and whenever it waits. False: the
 * reader wants no more. */
bool report_ring_write(struct report_ring *ring, const char *bytes, size_t size, bool (*tell)(void));

/* The writer: what it is doing, as a number of its own; it costs no message. The reader: what it said last, 0: nothing. It may be
 * anything. */
void report_ring_say(struct report_ring *ring, unsigned doing);
unsigned report_ring_said(const struct report_ring *ring);

/* The reader. Passes on all that is there. What `out` cannot take ends it: the writer is told, and nothing more is passed on. True:
 * there was something. */
bool report_ring_pass(struct report_ring *ring, FILE *out);

#endif
