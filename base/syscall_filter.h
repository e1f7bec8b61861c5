/* syscall_filter.h: which system calls a process may make: programs of classic BPF (seccomp(2), the kernel's
 * Documentation/userspace-api/seccomp_filter.rst), made of base/syscalls.def when tornstack is built
 * (tools/filters/print_filters.c). */
#ifndef BASE_SYSCALL_FILTER_H
#define BASE_SYSCALL_FILTER_H

#include "base/sandbox.h"

#include <stddef.h>

struct sock_filter;

struct syscall_filter {
	const struct sock_filter *program;
	size_t count;
};

/* By enum sandbox_kind; none is longer than this. */
enum { SYSCALL_FILTER_LONGEST = 1024 };
extern const struct syscall_filter syscall_filters[];

/* Stands for the process's own number, which is not known when a filter is made. No other number that a filter knows is this one. */
#define SYSCALL_FILTER_SELF UINT32_C(0x7e1f5e1f)

/* Installs the filter of a kind for the calling thread and those that it starts; needs no_new_privs. NULL; else why not. What is
 * not allowed fails with EPERM; what is forbidden ends the process with SIGSYS. */
const char *syscall_filter_enter(enum sandbox_kind kind);

#endif
