/* sandbox.c: see sandbox.h. Landlock and capabilities through raw system calls: C libraries have no functions for them. */
#include "base/sandbox.h"

#include "base/syscall_filter.h"

#include <grp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <linux/landlock.h>, which older headers lack. These numbers are the same on every architecture. */
enum { CREATE_RULESET = 444, RESTRICT_SELF = 446, VERSION = 1 << 0 };

struct ruleset {
	uint64_t files, network, scopes;
};

/* What each version of Landlock's ABI added that can be forbidden, and how much of the structure it knows. */
static const struct {
	struct ruleset add;
	size_t size;
} versions[] = {
	{{.files = 0x1fff}, offsetof(struct ruleset, network)}, /* 1: opening, making, removing, executing */
	{{.files = 1 << 13}, offsetof(struct ruleset, network)}, /* 2: linking into another folder */
	{{.files = 1 << 14}, offsetof(struct ruleset, network)}, /* 3: truncating by name */
	{{.network = 3}, offsetof(struct ruleset, scopes)},      /* 4: binding and connecting TCP */
	{{.files = 1 << 15}, offsetof(struct ruleset, scopes)},  /* 5: ioctl of devices */
	{{.scopes = 3}, sizeof(struct ruleset)},                 /* 6: abstract sockets, signals to others */
};

static void enter_landlock(void)
{
	const long abi = syscall(CREATE_RULESET, NULL, 0, VERSION);
	struct ruleset all = {0};
	size_t size = 0;
	long ruleset;

	for (long i = 0; i < abi && i < (long)(sizeof versions / sizeof *versions); i++) {
		all.files |= versions[i].add.files;
		all.network |= versions[i].add.network;
		all.scopes |= versions[i].add.scopes;
		size = versions[i].size;
	}
	ruleset = size ? syscall(CREATE_RULESET, &all, size, 0) : -1;
	if (ruleset < 0)
		return;
	syscall(RESTRICT_SELF, ruleset, 0);
	close((int)ruleset);
}

/* capset(2), <linux/capability.h>: version 3, none. */
static void drop_capabilities(void)
{
	const struct {
		uint32_t version;
		int pid;
	} head = {0x20080522, 0};
	const uint32_t none[6] = {0};

	syscall(SYS_capset, &head, none);
}

/* Where nobody is not mapped (a user namespace), root is root of little. */
static void leave_root(void)
{
	enum { NOBODY = 65534 };

	if (geteuid())
		return;
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		return;
}

/* Of CPU time the end is a little behind: SIGKILL, if SIGXCPU at the limit itself was not heeded. */
static void limit(__rlimit_resource_t resource, uint64_t value)
{
	enum { GRACE = 5 };
	const uint64_t end = resource == RLIMIT_CPU ? value + GRACE : value;
	struct rlimit rlimit;

	if (getrlimit(resource, &rlimit))
		return;
	if (rlimit.rlim_max > end)
		rlimit.rlim_max = end;
	if (rlimit.rlim_cur > value)
		rlimit.rlim_cur = value;
	setrlimit(resource, &rlimit);
}

void sandbox_limit(const struct sandbox_limits *limits)
{
	const struct {
		__rlimit_resource_t resource;
		uint64_t value;
	} rows[] = {{RLIMIT_CPU, limits->cpu_seconds}, {RLIMIT_DATA, limits->memory}, {RLIMIT_FSIZE, limits->file_size},
		    {RLIMIT_NOFILE, limits->descriptors}};

	limit(RLIMIT_CORE, 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].value)
			limit(rows[i].resource, rows[i].value);
}

/* Behind the change of the user, which takes it back. */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before that */
		_exit(1);
}

const char *sandbox_enter(enum sandbox_kind kind, pid_t parent)
{
	leave_root();
	die_with(parent);
	drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return "the kernel does not know no_new_privs";
	enter_landlock();
	return syscall_filter_enter(kind);
}
