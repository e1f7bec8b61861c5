/* fail.c: stands between a program and libc (LD_PRELOAD) and makes calls fail, to see what the program makes of it.
 *
 *     FAIL=CALL:NUMBER:HOW
 *
 * CALL: alloc (malloc, calloc, realloc, posix_memalign, aligned_alloc), clock, or a name in the table at the end, or "any" of that
 * table. NUMBER: which of these calls, from 1 on; N+: that and all later ones. HOW: an errno by number, "short" (reads and
 * writes take one byte), or "step" (the time of day is an hour earlier at every second look). FAIL_COUNT=FILE: how many such calls there were, appended when
 * the program ends. Calls that libc makes inside itself (stdio's reads) are not seen, but for its allocations. Children count
 * on from where they were forked. glibc only: the allocator's other names are there from the first instruction, before dlsym is. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum { SHORT = -1, STEP = -2, HOUR = 3600 };

static struct {
	char call[32];
	long number;
	bool later; /* and all that follow */
	int how;    /* an errno, or one of the above */
} plan;

static long counted;
static pid_t first; /* the process that was started, none of its children */

__attribute__((constructor)) static void read_plan(void)
{
	const char *text = getenv("FAIL"), *number = text ? strchr(text, ':') : NULL, *how = number ? strchr(number + 1, ':') : NULL;

	first = getpid();
	if (!how || (size_t)(number - text) >= sizeof plan.call)
		return;
	plan.number = atol(number + 1);
	plan.later = how[-1] == '+';
	plan.how = !strcmp(how + 1, "short") ? SHORT : !strcmp(how + 1, "step") ? STEP : atoi(how + 1);
	memcpy(plan.call, text, (size_t)(number - text)); /* last: before, nothing fails */
}

static void write_count(void)
{
	const char *path = getenv("FAIL_COUNT");
	FILE *file = NULL;

	memset(plan.call, 0, sizeof plan.call);
	if (path && getpid() == first)
		file = fopen(path, "a");
	if (file) {
		fprintf(file, "%ld\n", counted);
		fclose(file);
	}
}

/* The program ends by it, without destructors. */
void _exit(int status)
{
	write_count();
	for (;;)
		syscall(SYS_exit_group, status);
}

/* Whether this call is one that fails; errno is set then. */
static bool fails(const char *call)
{
	long number;

	if (strcmp(call, plan.call) != 0 && (strcmp(plan.call, "any") != 0 || !strcmp(call, "alloc") || !strcmp(call, "clock")))
		return false;
	number = __atomic_add_fetch(&counted, 1, __ATOMIC_RELAXED);
	if (number != plan.number && !(plan.later && number > plan.number))
		return false;
	errno = plan.how > 0 ? plan.how : errno;
	return true;
}

/* ---- memory ---- */

void *malloc(size_t size)
{
	return fails("alloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails("alloc") ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return fails("alloc") ? NULL : __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return fails("alloc") ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	void *memory = aligned_alloc(alignment, size);

	if (memory)
		*ret = memory;
	return memory ? 0 : ENOMEM;
}

/* ---- time ---- */

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*next)(clockid_t, struct timespec *);
	int status;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
	status = next(clock, now);
	if (!status && clock == CLOCK_REALTIME && fails("clock") && plan.how == STEP && __atomic_load_n(&counted, __ATOMIC_RELAXED) % 2)
		now->tv_sec -= HOUR;
	return status;
}

/* ---- system calls ---- */

/* CALL(returned type, failure, name, parameters, arguments): fails, or asks the next library. */
#define CALL(type, failure, name, parameters, arguments)                              \
	type name parameters                                                          \
	{                                                                             \
		static type(*next) parameters;                                        \
                                                                                      \
		if (!next)                                                            \
			*(void **)&next = dlsym(RTLD_NEXT, #name);           \
		return fails(#name) ? failure : next arguments;                       \
	}

/* Those that may do a part of what is asked: `size` of them. */
#define PART(name, parameters, arguments)                                             \
	ssize_t name parameters                                                       \
	{                                                                             \
		static ssize_t(*next) parameters;                                     \
                                                                                      \
		if (!next)                                                            \
			*(void **)&next = dlsym(RTLD_NEXT, #name);        \
		if (fails(#name)) {                                                   \
			if (plan.how != SHORT)                                        \
				return -1;                                            \
			size = size > 1 ? 1 : size;                                   \
		}                                                                     \
		return next arguments;                                                \
	}

PART(read, (int fd, void *data, size_t size), (fd, data, size))
PART(write, (int fd, const void *data, size_t size), (fd, data, size))
PART(pread, (int fd, void *data, size_t size, off_t at), (fd, data, size, at))
PART(pread64, (int fd, void *data, size_t size, off_t at), (fd, data, size, at))
PART(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
PART(send, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
CALL(int, -1, fstat, (int fd, struct stat *status), (fd, status))
CALL(int, -1, stat, (const char *path, struct stat *status), (path, status))
CALL(off_t, -1, lseek, (int fd, off_t at, int from), (fd, at, from))
CALL(int, -1, ftruncate, (int fd, off_t size), (fd, size))
CALL(void *, MAP_FAILED, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t offset),
     (at, size, protection, flags, fd, offset))
CALL(int, -1, madvise, (void *at, size_t size, int advice), (at, size, advice))
CALL(int, -1, memfd_create, (const char *name, unsigned flags), (name, flags))
CALL(int, -1, mkstemp, (char *path), (path))
CALL(int, -1, rename, (const char *from, const char *to), (from, to))
CALL(int, -1, poll, (struct pollfd *fds, nfds_t count, int milliseconds), (fds, count, milliseconds))
CALL(pid_t, -1, fork, (void), ())
CALL(pid_t, -1, waitpid, (pid_t pid, int *status, int options), (pid, status, options))
CALL(int, -1, socketpair, (int domain, int type, int protocol, int ends[2]), (domain, type, protocol, ends))
CALL(int, EAGAIN, pthread_create, (pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *context),
     (thread, attributes, body, context))

int open(const char *path, int flags, ...)
{
	static int (*next)(const char *, int, ...);
	va_list rest;
	mode_t mode = 0;

	va_start(rest, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(rest, mode_t);
	va_end(rest);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "open");
	return fails("open") ? -1 : next(path, flags, mode);
}
