/* print_filters.c: the filters of base/syscalls.def as C: libseccomp's making of one takes longer than a small dump's other
 * costs of isolation together, so it is done when tornstack is built (Makefile). The only file that knows libseccomp, see
 * seccomp_rule_add(3). Prints syscall_filters, which base/syscall_filter.h declares. */
#include "base/syscall_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TESTS = 2,
	API_LEVEL = 3, /* SCMP_ACT_KILL_PROCESS: it is for kernels that programs run on, not the one below this build (which may be qemu-user) */
};

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
	static const struct rule rules[] = {
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

static int export_filter(enum sandbox_kind kind, FILE *file)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int failed = filter ? add_rules(filter, kind) : -ENOMEM;

	if (!failed)
		failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree: calls cost less */
	if (!failed)
		failed = seccomp_export_bpf(filter, fileno(file));
	seccomp_release(filter);
	return failed;
}

static size_t print_program(const char *name, FILE *file)
{
	struct sock_filter instruction;
	size_t count = 0;

	rewind(file);
	printf("\nstatic const struct sock_filter %s[] = {\n", name);
	for (; fread(&instruction, sizeof instruction, 1, file) == 1; count++)
		printf("\t{0x%02x, %u, %u, 0x%x},\n", instruction.code, instruction.jt, instruction.jf, instruction.k);
	printf("};\n");
	return count;
}

static size_t print_filter(const char *name, enum sandbox_kind kind)
{
	FILE *file = tmpfile();
	const int failed = file ? export_filter(kind, file) : -errno;
	size_t count = 0;

	if (failed)
		fprintf(stderr, "print_filters: %s: %s\n", name, strerror(-failed));
	else
		count = print_program(name, file);
	if (file)
		fclose(file);
	return count <= SYSCALL_FILTER_LONGEST ? count : 0;
}

int main(void)
{
	printf("/* Made by tools/filters/print_filters.c. */\n#include \"base/syscall_filter.h\"\n\n#include <linux/filter.h>\n");
	if (seccomp_api_set(API_LEVEL) || !print_filter("analysis", SANDBOX_ANALYSIS) || !print_filter("reader", SANDBOX_READER))
		return EXIT_FAILURE;
	printf("\nconst struct syscall_filter syscall_filters[] = {\n"
	       "\t[SANDBOX_ANALYSIS] = {analysis, sizeof analysis / sizeof *analysis},\n"
	       "\t[SANDBOX_READER] = {reader, sizeof reader / sizeof *reader},\n"
	       "};\n");
	return fflush(stdout) || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
