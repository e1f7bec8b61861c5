/* room.h: how much memory may be taken without pushing out what others have: proc_meminfo(5) MemAvailable, and what the control groups of this
 * process leave of their limits (the kernel's Documentation/admin-guide/cgroup-v2.rst, and cgroup-v1/memory.rst). */
#ifndef BASE_ROOM_H
#define BASE_ROOM_H

#include <stdint.h>

/* Bytes; 0: it is not known. A confined process asks its maker (broker.h). */
uint64_t room_of_memory(void);

/* The same of what lies below a folder; "": the root. For tests. */
uint64_t room_below(const char *root);

#endif
