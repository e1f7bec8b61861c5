/* sandbox.h: what a process may do from now on that works on hostile bytes: compute, read and write the descriptors that it has, and
 * little else. Limits (setrlimit(2)); as root, another user; no capabilities; no new privileges; Landlock, where the kernel has
 * it (the kernel's Documentation/userspace-api/landlock.rst); a filter of system calls (base/syscalls.def). */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

/* One bit each: base/syscalls.def says what which of them may do. */
enum sandbox_kind {
	SANDBOX_ANALYSIS = 1, /* threads, confined children, a broker */
	SANDBOX_READER = 2,   /* base/confined.h: nothing but the descriptors that it has */
};

/* The shadow memory of AddressSanitizer and ThreadSanitizer alone is larger than any limit; and a child that is forked while another
 * thread allocates waits for ever for the locks of their allocators, which glibc's does not. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANDBOX_LIMITS_MEMORY = 0, SANDBOX_FORKS_ALONE = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SANDBOX_LIMITS_MEMORY = 0, SANDBOX_FORKS_ALONE = 1 };
#else
enum { SANDBOX_LIMITS_MEMORY = 1, SANDBOX_FORKS_ALONE = 0 };
#endif
#else
enum { SANDBOX_LIMITS_MEMORY = 1, SANDBOX_FORKS_ALONE = 0 };
#endif

/* 0: as before. A limit that is lower already stays. */
struct sandbox_limits {
	uint64_t cpu_seconds;
	uint64_t memory;      /* bytes of private memory, as RLIMIT_DATA counts them */
	uint64_t file_size;   /* bytes that may be written to one file */
	uint64_t descriptors;
};

void sandbox_limit(const struct sandbox_limits *limits);

/* For the child of a fork; irrevocable, for the calling thread and those that it starts. It will not outlive `parent` from now on.
 * Never fails as a whole: what this machine does not have is left out. Without the filter of system calls the answer says why it
 * is missing, else it is NULL; all else may be missing unsaid. */
const char *sandbox_enter(enum sandbox_kind kind, pid_t parent);

#endif
