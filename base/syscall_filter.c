/* syscall_filter.c: the only file that knows libseccomp, see seccomp_rule_add(3). */
#include "base/syscall_filter.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <unistd.h>

enum { TESTS = 2 };

struct rule {
	int number; /* negative: this architecture has no such call */
	unsigned who;
	uint32_t action;
	unsigned tests;
	struct scmp_arg_cmp test[TESTS];
};

#define BITS(argument, mask, value) {(argument), SCMP_CMP_MASKED_EQ, (mask), (value)}
#define COUNT(...)                  (sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp))

static int add_rules(scmp_filter_ctx filter, enum sandbox_kind kind)
{
	const struct rule rules[] = {
#define ALLOWED(name, who)         {SCMP_SYS(name), who, SCMP_ACT_ALLOW, 0, {{0}}},
#define ALLOWED_IF(name, who, ...) {SCMP_SYS(name), who, SCMP_ACT_ALLOW, COUNT(__VA_ARGS__), {__VA_ARGS__}},
#define MISSING(name)              {SCMP_SYS(name), ~0u, SCMP_ACT_ERRNO(ENOSYS), 0, {{0}}},
#define FORBIDDEN(name)            {SCMP_SYS(name), ~0u, SCMP_ACT_KILL_PROCESS, 0, {{0}}},
#include "base/syscalls.def"
#undef ALLOWED
#undef ALLOWED_IF
#undef MISSING
#undef FORBIDDEN
	};
	int failed = 0;

	for (size_t i = 0; i < sizeof rules / sizeof *rules && !failed; i++)
		if (rules[i].number >= 0 && rules[i].who & kind)
			failed = seccomp_rule_add_array(filter, rules[i].action, rules[i].number, rules[i].tests, rules[i].test);
	return failed;
}

const char *syscall_filter_enter(enum sandbox_kind kind)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int failed = filter ? 0 : -ENOMEM;

	if (!failed)
		failed = add_rules(filter, kind);
	if (failed) {
		seccomp_release(filter);
		return "the filter of system calls cannot be made";
	}
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree: calls cost less */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);      /* older kernels would slow all memory down */
	failed = seccomp_load(filter);
	seccomp_release(filter);
	return failed ? "the kernel takes no filter of system calls (seccomp)" : NULL;
}
