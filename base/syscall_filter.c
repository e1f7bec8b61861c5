/* syscall_filter.c: see syscall_filter.h. seccomp(2) as a raw system call: C libraries have no function for it. */
#include "base/syscall_filter.h"

#include <linux/filter.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <linux/seccomp.h>, which older headers lack in part. */
enum { SET_MODE_FILTER = 1, SPEC_ALLOW = 1 << 2 };

static size_t copy_for(pid_t self, const struct syscall_filter *filter, struct sock_filter program[])
{
	memcpy(program, filter->program, filter->count * sizeof *program);
	for (size_t i = 0; i < filter->count; i++)
		if (program[i].k == SYSCALL_FILTER_SELF)
			program[i].k = (uint32_t)self;
	return filter->count;
}

const char *syscall_filter_enter(enum sandbox_kind kind)
{
	struct sock_filter instructions[SYSCALL_FILTER_LONGEST];
	struct sock_fprog program = {.filter = instructions};

	program.len = (unsigned short)copy_for(getpid(), &syscall_filters[kind], instructions);
	/* Without the flag older kernels slow all memory down; the oldest do not know it. */
	if (!syscall(SYS_seccomp, SET_MODE_FILTER, SPEC_ALLOW, &program) || !syscall(SYS_seccomp, SET_MODE_FILTER, 0, &program))
		return NULL;
	return "the kernel takes no filter of system calls (seccomp)";
}
