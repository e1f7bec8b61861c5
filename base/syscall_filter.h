/* syscall_filter.h: which system calls a process may make (seccomp(2)). */
#ifndef BASE_SYSCALL_FILTER_H
#define BASE_SYSCALL_FILTER_H

#include "base/sandbox.h"

/* Installs the filter of a kind for the calling thread and those that it starts; needs no_new_privs. NULL; else why not. What is
 * not allowed fails with EPERM; what is forbidden ends the process with SIGSYS. */
const char *syscall_filter_enter(enum sandbox_kind kind);

#endif
