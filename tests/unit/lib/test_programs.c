/* test_programs.c: cores and minidumps of programs that are not Go's, made with the instruction, registers and siginfo or exception of
 * each kind of end: what the first line says of them. None is judged by a rule about Go. */
#include "lib/tornstack.h"

#include "formats/exe/elf.h"
#include "tests/build/core_builder.h"
#include "tests/build/minidump_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CODE = 0x401000, NO_INFO = 0x7fffffff, PID = 4711, SEGV = 11, BUS = 7, ILL = 4, FPE = 8, TRAP = 5, ABORT = 6, QUIT = 3,
       KERNEL = 0x80 };
#define STACK UINT64_C(0x7ffc00000000)

static int setup(void **state)
{
	*state = arena_new((size_t)1 << 30);
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

struct row {
	const char *code; /* at CODE; the bytes before it are 0x90, or its first `skip` */
	size_t size;
	unsigned skip;   /* the pc is that far behind the code's beginning */
	uint64_t value;  /* of rax and rcx: base and index; arm64: x0 and x1 */
	uint64_t index;
	int signal, si_code; /* NO_INFO: without a siginfo */
	uint64_t info;       /* its address, or the sender's pid */
	const char *says;
};

#define BYTES(text) text, sizeof(text) - 1

static const struct row amd64_rows[] = {
	/* what the kernel says */
	{BYTES("\xc7\x00\x00\x00\x00\x00"), 0, 0, 0, SEGV, 1, 0, "No Go program: SIGSEGV writing 0x0 in 0x401000"},
	{BYTES("\x8b\x00"), 0, 0x12345678, 0, SEGV, 1, 0x12345678, "No Go program: SIGSEGV reading 0x12345678 in 0x401000"},
	{BYTES("\x48\x89\x4c\xc8\x10"), 0, 0x1000, 2, SEGV, 1, 0x1020, "SIGSEGV writing 0x1020 in"},
	{BYTES("\x48\x8b\x04\x08"), 0, UINT64_C(0xfefe000000000000), 8, SEGV, KERNEL, 0,
	 "SIGSEGV reading 0xfefe000000000008, which is not canonical, in"},
	{BYTES("\xff\xd0"), 0, UINT64_C(0x6165726874000000), 0, SEGV, KERNEL, 0,
	 "SIGSEGV jumping to 0x6165726874000000, which is not canonical, in"},                        /* call rax */
	{BYTES("\xff\xd0"), 0, 0x10000, 0, SEGV, KERNEL, 0, "No Go program: SIGSEGV in 0x401000"}, /* an address: not said */
	{BYTES("\xf4"), 0, 0, 0, SEGV, KERNEL, 0, "No Go program: SIGSEGV in 0x401000: only the kernel may execute"},
	{BYTES("\xcd\x21"), 0, 0, 0, SEGV, KERNEL, 0, "SIGSEGV in 0x401000: user programs may not raise this interrupt"},
	{BYTES("\x0f\x29\x00"), 0, 0x403001, 0, SEGV, KERNEL, 0,
	 "SIGSEGV writing 0x403001 in 0x401000: the address is not aligned as this instruction needs it"},    /* movaps [rax], xmm0 */
	{BYTES("\x0f\x11\x00"), 0, 0x403001, 0, SEGV, KERNEL, 0, "SIGSEGV writing 0x403001 in 0x401000."}, /* movups: not said */
	{BYTES("\x0f\x29\x00"), 0, 0x403010, 0, SEGV, KERNEL, 0, "SIGSEGV writing 0x403010 in 0x401000."}, /* aligned: not said */
	{BYTES("\x8b\x00"), 0, 0x500000, 0, BUS, 2, 0x500000, "SIGBUS reading 0x500000 in"},
	{BYTES("\x0f\x0b"), 0, 0, 0, ILL, 2, CODE, "SIGILL in 0x401000: `ud2` is a trap"},
	{BYTES("\xf7\xf9"), 0, 0, 0, FPE, 1, CODE, "SIGFPE in 0x401000: an integer was divided by zero, or its quotient"},
	{BYTES("\x89\x08"), 0, 0x403001, 0, BUS, 1, 0, "SIGBUS writing 0x403001 in 0x401000: the address is no multiple of 4"}, /* no address is told */
	{BYTES("\x8b\x00"), 0, 0x403001, 0, SEGV, 4, 0x403001, "in 0x401000: a memory protection key forbids"},
	{BYTES("\x0f\x05\x90"), 2, 0, 0, 31, 1, CODE + 2, "SIGSYS in 0x401002: a filter of system calls"},
	{BYTES("\x50"), 0, 0, 0, SEGV, 1, STACK + 0x7f8, "SIGSEGV writing 0x7ffc000007f8 in"},                      /* push rax */
	{BYTES("\xcc\x90"), 1, 0, 0, TRAP, KERNEL, 0, "SIGTRAP in 0x401001: a breakpoint instruction was executed"},
	{BYTES("\xcd\x03\x90"), 2, 0, 0, TRAP, KERNEL, 0, "SIGTRAP in 0x401002: a breakpoint instruction was executed"},
	{BYTES("\x90\x90\x90"), 2, 0, 0, TRAP, KERNEL, 0, "No Go program: SIGTRAP in 0x401002."}, /* no int3: not said */
	/* who sent it */
	{BYTES("\xeb\xfe"), 0, 0, 0, SEGV, 0, 12, "No Go program: process 12 sent SIGSEGV"},
	{BYTES("\xeb\xfe"), 0, 0, 0, SEGV, -6, PID,
	 "No Go program: the process sent itself SIGSEGV while thread 4711 was in 0x401000."},
	{BYTES("\xeb\xfe"), 0, 0, 0, ABORT, -6, PID, "the process sent itself SIGABRT while thread 4711 was in"},
	{BYTES("\xeb\xfe"), 0, 0, 0, SEGV, -2, 0, "No Go program: a timer of the process sent SIGSEGV"},
	{BYTES("\xeb\xfe"), 0, 0, 0, SEGV, -2, PID, "No Go program: a timer of the process sent SIGSEGV"}, /* the timer's id */
	{BYTES("\xeb\xfe"), 0, 0, 0, SEGV, -3, 12, "No Go program: process 12 sent SIGSEGV"},             /* mq_notify */
	{BYTES("\xeb\xfe"), 0, 0, 0, SEGV, -5, 12, "No Go program: the kernel, for a file"},
	{BYTES("\xeb\xfe"), 0, 0, 0, QUIT, 0, 1, "process 1 sent SIGQUIT"},
	{BYTES("\xeb\xfe"), 0, 0, 0, QUIT, 0, 0, "a process outside of its PID namespace sent SIGQUIT"},
	{BYTES("\xeb\xfe"), 0, 0, 0, QUIT, KERNEL, 0, "the kernel sent SIGQUIT"},
	/* without a siginfo the instruction decides */
	{BYTES("\xc7\x00\x00\x00\x00\x00"), 0, 0, 0, SEGV, NO_INFO, 0, "SIGSEGV writing 0x0 in 0x401000"},
	{BYTES("\x48\x8b\x44\x88\xf8"), 0, 0x2000, 4, SEGV, NO_INFO, 0, "SIGSEGV reading 0x2008 in"},
	{BYTES("\xeb\xfe"), 0, 0, 0, SEGV, NO_INFO, 0, "SIGSEGV was sent to it in 0x401000"},
	{BYTES("\xe9\x00\x01\x00\x00"), 0, 0, 0, SEGV, NO_INFO, 0, "SIGSEGV was sent to it"},
	{BYTES("\x90"), 0, 0, 0, SEGV, NO_INFO, 0, "SIGSEGV was sent to it"},
	{BYTES("\x48\x89\xc8"), 0, 0, 0, SEGV, NO_INFO, 0, "SIGSEGV was sent to it"},
	{BYTES("\x48\x8d\x04\x08"), 0, 0, 0, BUS, NO_INFO, 0, "SIGBUS was sent to it"},
	{BYTES("\xff\xe0"), 0, UINT64_C(0xfefefefefefefefe), 0, SEGV, NO_INFO, 0, "No Go program: SIGSEGV in 0x401000"}, /* jmp rax */
	{BYTES("\x50"), 0, 0, 0, SEGV, NO_INFO, 0, "No Go program: SIGSEGV in 0x401000"}, /* push: SP's memory */
	{BYTES("\x90\x90"), 1, 0, 0, TRAP, NO_INFO, 0, "SIGTRAP was sent to it"},
	{BYTES("\xeb\xfe"), 0, 0, 0, ABORT, NO_INFO, 0, "SIGABRT was sent to it"},
};

static const struct row arm64_rows[] = {
	{BYTES("\x01\x00\x00\xf9"), 0, 0x10, 0, SEGV, NO_INFO, 0, "SIGSEGV writing 0x10 in"},                 /* str x1, [x0] */
	{BYTES("\x02\x08\x40\xf9"), 0, 0x10, 0, SEGV, NO_INFO, 0, "SIGSEGV reading 0x20 in"},                 /* ldr x2, [x0, #16] */
	{BYTES("\x02\x78\x61\xf8"), 0, 0x1000, 3, SEGV, NO_INFO, 0, "SIGSEGV reading 0x1018 in"},             /* ldr x2, [x0, x1, lsl #3] */
	{BYTES("\x02\xc8\x61\xb8"), 0, 0x1000, 0xffffffff, SEGV, NO_INFO, 0, "SIGSEGV reading 0xfff in"},     /* ldr w2, [x0, w1, sxtw] */
	{BYTES("\x02\x04\x40\xf8"), 0, 0x3000, 0, SEGV, 1, 0x3000, "SIGSEGV reading 0x3000 in"},              /* ldr x2, [x0], #0 */
	{BYTES("\x02\x0c\x1f\xf8"), 0, 0x3010, 0, SEGV, NO_INFO, 0, "SIGSEGV writing 0x3000 in"},             /* str x2, [x0, #-16]! */
	{BYTES("\x02\x0c\x00\xa9"), 0, 0x8, 0, SEGV, 1, 0x8, "SIGSEGV writing 0x8 in"},                       /* stp x2, x3, [x0] */
	{BYTES("\x00\x00\x00\x14"), 0, 0, 0, SEGV, NO_INFO, 0, "SIGSEGV was sent to it in 0x401000"},         /* b . */
	{BYTES("\x1f\x20\x03\xd5"), 0, 0, 0, SEGV, NO_INFO, 0, "SIGSEGV was sent to it"},                     /* nop */
	{BYTES("\xe0\x03\x01\xaa"), 0, 0, 0, SEGV, NO_INFO, 0, "SIGSEGV was sent to it"},                     /* mov x0, x1 */
	{BYTES("\x20\x74\x0b\xd5"), 0, 0, 0, SEGV, NO_INFO, 0, "No Go program: SIGSEGV in 0x401000"},         /* dc zva, x0 */
	{BYTES("\x00\x00\x1f\xd6"), 0, 0, 0, SEGV, NO_INFO, 0, "No Go program: SIGSEGV in 0x401000"},         /* br x0 */
	{BYTES("\x00\x00\x20\xd4"), 0, 0, 0, TRAP, 1, CODE, "SIGTRAP in 0x401000: a breakpoint instruction"}, /* brk #0 */
	{BYTES("\x1f\x20\x03\xd5"), 0, 0, 0, TRAP, 1, CODE, "No Go program: SIGTRAP in 0x401000."},
	{BYTES("\x1f\x20\x03\xd5"), 0, 0, 0, TRAP, NO_INFO, 0, "SIGTRAP was sent to it"},
};

static void put_operands(struct registers *registers, const struct arch *arch, uint64_t value, uint64_t index)
{
	const bool amd64 = arch->id == ARCH_AMD64;

	for (uint8_t reg = 0; reg < 16; reg++)
		reg_set(registers, reg, 0);
	for (uint8_t reg = 0; reg < arch->reg_count; reg++) {
		if (!strcmp(arch->reg_names[reg], amd64 ? "rax" : "x0"))
			reg_set(registers, reg, value);
		if (!strcmp(arch->reg_names[reg], amd64 ? "rcx" : "x1"))
			reg_set(registers, reg, index);
	}
}

static struct span core_of(struct arena *arena, const struct arch *arch, const struct row *row)
{
	struct core_builder *core = core_new(arena, arch);
	const bool amd64 = arch->id == ARCH_AMD64;
	struct registers registers = {0};

	put_operands(&registers, arch, row->value, row->index);
	reg_set(&registers, arch->pc, CODE + row->skip);
	reg_set(&registers, arch->sp, STACK + 0x800);
	core_add_thread(core, PID, (int16_t)row->signal, &registers);
	core_add_process(core, PID, "program", "program");
	if (row->si_code != NO_INFO)
		core_add_siginfo(core, row->signal, row->si_code, row->info);
	core_add_segment(core, CODE - 0x1000, 0x2000, SEGMENT_READ | SEGMENT_EXEC);
	memset(core->segments.items[core->segments.count - 1].bytes, amd64 ? 0x90 : 0, 0x2000);
	core_put(core, CODE, row->code, row->size);
	core_add_segment(core, 0x403000, 0x1000, SEGMENT_READ | SEGMENT_WRITE);
	core_add_segment(core, STACK, 0x1000, SEGMENT_READ | SEGMENT_WRITE);
	return core_finish(core);
}

/* The first line of a report; beside the dump lies that executable, if it has bytes. */
static const char *verdict_with(struct arena *arena, struct span file, struct span exe)
{
	const struct ts_options options = {.quiet = true, .workers = 1, .sysroot = "/nonexistent"};
	const char *folder = scratch_folder(arena);
	const char *path = scratch_write(arena, folder, "core", file);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct ts_result result;
	const char *copy;

	if (exe.size)
		scratch_write(arena, folder, "exe", exe);
	result = ts_analyze(path, &options, out);

	fclose(out);
	if (result.outcome != TS_ANALYSED)
		fail_msg("%s", result.error);
	copy = arena_strndup(arena, text, size);
	free(text);
	return copy;
}

static const char *verdict_of(struct arena *arena, struct span file)
{
	return verdict_with(arena, file, (struct span){0});
}

static void check_rows(struct arena *arena, const struct arch *arch, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *verdict = verdict_of(arena, core_of(arena, arch, &rows[i]));

		if (strncmp(verdict, "UNKNOWN  No Go program: ", 24) || !strstr(verdict, rows[i].says))
			fail_msg("row %zu: \"%s\" lacks \"%s\"", i, verdict, rows[i].says);
	}
}

static void ends_are_told_amd64(void **state)
{
	check_rows(*state, &arch_amd64, amd64_rows, sizeof amd64_rows / sizeof *amd64_rows);
}

static void ends_are_told_arm64(void **state)
{
	check_rows(*state, &arch_arm64, arm64_rows, sizeof arm64_rows / sizeof *arm64_rows);
}

/* ---- minidumps of Windows ---- */

struct exception_row {
	const struct arch *arch;
	const char *code; /* at CODE, behind nops */
	size_t size;
	uint64_t value, index; /* as in struct row */
	uint64_t pc;           /* 0: CODE */
	uint32_t exception;
	uint64_t information[2];
	uint32_t count;
	const char *says;
};

#define AMD64(text) &arch_amd64, BYTES(text)
#define ARM64(text) &arch_arm64, BYTES(text)

static const struct exception_row exception_rows[] = {
	/* 0 reads, 1 writes, 8 executes; then the address */
	{AMD64("\x8b\x00"), 0x10, 0, 0, 0xc0000005, {0, 0x10}, 2, "EXCEPTION_ACCESS_VIOLATION reading 0x10 in crash.exe+0x1000"},
	{AMD64("\x89\x08"), 0x10, 0, 0, 0xc0000005, {1, 0x10}, 2, "EXCEPTION_ACCESS_VIOLATION writing 0x10 in crash.exe+0x1000"},
	{AMD64("\x90"), 0, 0, 0x1234, 0xc0000005, {8, 0x1234}, 2, "EXCEPTION_ACCESS_VIOLATION jumping to 0x1234 in 0x1234"},
	/* of an address that is not canonical Windows says reading -1 */
	{AMD64("\x88\x04\x08"), UINT64_C(0xfefe000000000000), 8, 0, 0xc0000005, {0, UINT64_MAX}, 2,
	 "EXCEPTION_ACCESS_VIOLATION writing 0xfefe000000000008, which is not canonical, in crash.exe+0x1000"},
	{AMD64("\x8b\x00"), 0x5000, 0, 0, 0xc0000006, {0, 0x5000}, 2, "EXCEPTION_IN_PAGE_ERROR reading 0x5000 in crash.exe+0x1000"},
	{AMD64("\x0f\x0b"), 0, 0, 0, 0xc000001d, {0}, 0, "EXCEPTION_ILLEGAL_INSTRUCTION in crash.exe+0x1000"},
	{AMD64("\xf7\xf9"), 0, 0, 0, 0xc0000094, {0}, 0, "EXCEPTION_INT_DIVIDE_BY_ZERO in crash.exe+0x1000"},
	{AMD64("\xf4"), 0, 0, 0, 0xc0000096, {0}, 0, "EXCEPTION_PRIV_INSTRUCTION in crash.exe+0x1000"},
	{AMD64("\xcc"), 0, 0, 0, 0x80000003, {0}, 0, "BREAKPOINT in crash.exe+0x1000"},
	{AMD64("\x50"), 0, 0, 0, 0xc00000fd, {1, 0x7ffc00000000}, 2, "EXCEPTION_STACK_OVERFLOW writing 0x7ffc00000000 in crash.exe+0x1000"},
	{AMD64("\xcd\x29"), 0, 0, 0, 0xc0000409, {7}, 1, "FAST_FAIL_FATAL_APP_EXIT in crash.exe+0x1000: the program ended itself"},
	{AMD64("\xcd\x29"), 0, 0, 0, 0xc0000409, {2}, 1, "FAST_FAIL_STACK_COOKIE_CHECK_FAILURE in crash.exe+0x1000: the stack protector"},
	{AMD64("\xcd\x29"), 0, 0, 0, 0xc0000409, {3}, 1, "FAST_FAIL_CORRUPT_LIST_ENTRY in crash.exe+0x1000: a linked list is damaged"},
	{AMD64("\x90"), 0, 0, 0, 0xc0000374, {0}, 0, "STATUS_HEAP_CORRUPTION in crash.exe+0x1000"},
	{AMD64("\x90"), 0, 0, 0, 0xc0000008, {0}, 0, "EXCEPTION_INVALID_HANDLE in crash.exe+0x1000"},
	{AMD64("\x90"), 0, 0, 0, 0xc0000602, {0}, 0, "STATUS_FAIL_FAST_EXCEPTION in crash.exe+0x1000"},
	{AMD64("\x90"), 0, 0, 0, 0xe06d7363, {0x19930520, 0}, 2, "C++ exception in crash.exe+0x1000"},
	{ARM64("\x02\x08\x40\xf9"), 0x10, 0, 0, 0xc0000005, {0, 0x20}, 2, "EXCEPTION_ACCESS_VIOLATION reading 0x20 in crash.exe+0x1000"},
	{ARM64("\x01\x00\x00\xf9"), 0x10, 0, 0, 0xc0000005, {1, 0x10}, 2, "EXCEPTION_ACCESS_VIOLATION writing 0x10 in crash.exe+0x1000"},
	{ARM64("\x1f\x20\x03\xd5"), 0, 0, 0x1230, 0xc0000005, {8, 0x1230}, 2, "EXCEPTION_ACCESS_VIOLATION jumping to 0x1230 in 0x1230"},
	{ARM64("\x00\x00\x00\x00"), 0, 0, 0, 0xc000001d, {0}, 0, "EXCEPTION_ILLEGAL_INSTRUCTION in crash.exe+0x1000"},
	{ARM64("\x00\x00\x3e\xd4"), 0, 0, 0, 0x80000003, {0}, 0, "BREAKPOINT in crash.exe+0x1000"},
	{ARM64("\x60\x00\x3e\xd4"), 0, 0, 0, 0xc0000409, {7}, 1, "FAST_FAIL_FATAL_APP_EXIT in crash.exe+0x1000: the program ended itself"},
	{ARM64("\x1f\x20\x03\xd5"), 0, 0, 0, 0xc0000374, {0}, 0, "STATUS_HEAP_CORRUPTION in crash.exe+0x1000"},
};

static struct span minidump_of(struct arena *arena, const struct exception_row *row)
{
	struct minidump_builder *dump = minidump_new(arena, row->arch);
	struct registers registers = {0};
	uint64_t word = 0;

	put_operands(&registers, row->arch, row->value, row->index);
	reg_set(&registers, row->arch->pc, row->pc ? row->pc : CODE);
	reg_set(&registers, row->arch->sp, STACK + 0x800);
	minidump_add_thread(dump, 7, 0, &registers);
	minidump_add_exception(dump, 7, row->exception, row->information, row->count, &registers);
	minidump_add_pid(dump, PID);
	minidump_add_module(dump, CODE - 0x1000, 0x3000, "C:\\app\\crash.exe", 0x5f000000, 0);
	minidump_add_memory(dump, CODE - 0x1000, 0x2000);
	minidump_add_memory(dump, STACK, 0x1000);
	memcpy(&word, row->code, row->size); /* hosts of tests are little-endian */
	minidump_put_u64(dump, CODE, word);
	return minidump_finish(dump);
}

/* Without its file nobody can tell that it is no Go program; and nothing of Go is claimed of it. */
static void exceptions_are_told(void **state)
{
	static const char unknown[] = "UNKNOWN  Cannot tell without the executable whether this is a Go program: ";

	for (size_t i = 0; i < sizeof exception_rows / sizeof *exception_rows; i++) {
		const char *verdict = verdict_of(*state, minidump_of(*state, &exception_rows[i]));

		if (strncmp(verdict, unknown, strlen(unknown)) ||
		    !strstr(verdict, exception_rows[i].says))
			fail_msg("row %zu: \"%s\" lacks \"%s\"", i, verdict, exception_rows[i].says);
	}
}

/* What is not there to be looked at is not said to be absent. */
static void what_is_missing_is_no_proof(void **state)
{
	struct span file = core_of(*state, &arch_amd64, &amd64_rows[0]);
	struct core_builder *core = core_new(*state, &arch_amd64);
	struct registers registers = {0};

	assert_non_null(strstr(verdict_of(*state, span_slice(file, 0, file.size - 0x800)), "Cannot tell"));
	reg_set(&registers, arch_amd64.pc, CODE);
	core_add_thread(core, PID, SEGV, &registers);
	core_add_siginfo(core, SEGV, 1, 0);
	core_add_segment(core, CODE, 0x1000, SEGMENT_READ | SEGMENT_EXEC);
	core_add_segment(core, 0x403000, 0x1000, SEGMENT_READ | SEGMENT_WRITE)->saved = 0x800;
	assert_non_null(strstr(verdict_of(*state, core_finish(core)), "Cannot tell without the executable"));
	core->segments.items[1].saved = 0x1000;
	assert_non_null(strstr(verdict_of(*state, core_finish(core)), "No Go program"));
	core_add_segment(core, 0xc000000000, 0x1000, SEGMENT_READ | SEGMENT_WRITE); /* where Go's heap begins */
	assert_non_null(strstr(verdict_of(*state, core_finish(core)), "Cannot tell without the executable"));
}

/* A thread that is behind the system call by which it sent the signal, and one that another thread sent it to. */
static void who_sent_a_signal_to_itself_is_told(void **state)
{
	static const struct {
		const char *code;
		uint64_t first, second, third; /* arguments */
		const char *says;
	} calls[] = {
		{"\x0f\x05", PID, PID, SEGV, "the process sent itself SIGSEGV in 0x401002."},            /* tgkill */
		{"\x0f\x05", PID, SEGV, 0x500, "the process sent itself SIGSEGV in 0x401002."},          /* tkill, kill */
		{"\x0f\x05", PID, PID, SEGV - 1, "sent itself SIGSEGV while thread 4711 was in 0x401002."}, /* another signal */
		{"\x0f\x05", 5, STACK, SEGV, "sent itself SIGSEGV while thread 4711 was in 0x401002."},   /* epoll_wait of 11 events */
		{"\x0f\x06", PID, PID, SEGV, "sent itself SIGSEGV while thread 4711 was in 0x401002."},  /* no system call */
	};

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		const uint64_t arguments[] = {calls[i].first, calls[i].second, calls[i].third};
		struct core_builder *core = core_new(*state, &arch_amd64);
		struct registers registers = {0};

		for (size_t k = 0; k < 3; k++)
			reg_set(&registers, arch_amd64.system_call_arguments[k], arguments[k]);
		reg_set(&registers, arch_amd64.pc, CODE + 2);
		reg_set(&registers, arch_amd64.sp, STACK + 0x800);
		core_add_thread(core, PID, SEGV, &registers);
		core_add_process(core, PID, "program", "program");
		core_add_siginfo(core, SEGV, -6, PID);
		core_add_segment(core, CODE, 0x1000, SEGMENT_READ | SEGMENT_EXEC);
		core_put(core, CODE, calls[i].code, 2);
		core_add_segment(core, 0x403000, 0x1000, SEGMENT_READ | SEGMENT_WRITE);
		core_add_segment(core, STACK, 0x1000, SEGMENT_READ | SEGMENT_WRITE);
		if (!strstr(verdict_of(*state, core_finish(core)), calls[i].says))
			fail_msg("call %zu lacks \"%s\"", i, calls[i].says);
	}
}

/* Their build information names a string whose text only the executable has. */
static void old_releases_are_told_without_the_executable(void **state)
{
	enum { DATA = 0x403000, STRING = DATA + 0x100 };
	struct core_builder *core = core_new(*state, &arch_amd64);
	struct registers registers = {0};

	reg_set(&registers, arch_amd64.pc, CODE);
	core_add_thread(core, PID, SEGV, &registers);
	core_add_siginfo(core, SEGV, 1, 0);
	core_add_segment(core, CODE, 0x1000, SEGMENT_READ | SEGMENT_EXEC)->saved = 0;
	core_add_segment(core, DATA, 0x1000, SEGMENT_READ | SEGMENT_WRITE);
	core_put(core, DATA, "\xff Go buildinf:\x08", 15);
	core_put_u64(core, DATA + 16, STRING);
	core_put_u64(core, STRING, CODE + 0x800);
	core_put_u64(core, STRING + 8, 8);
	assert_non_null(strstr(verdict_of(*state, core_finish(core)), "A Go program of a release before 1.18: SIGSEGV"));
	core_put_u64(core, STRING, 0x900000); /* where nothing is mapped */
	assert_non_null(strstr(verdict_of(*state, core_finish(core)), "No Go program"));
}

/* Go by its build information, in a dump that was cut before what tells where its functions are: nobody knows whether pc is in one. */
static void go_code_that_is_not_known_is_not_called_c(void **state)
{
	enum { DATA = 0x403000 };
	struct core_builder *core = core_new(*state, &arch_amd64);
	struct registers registers = {0};
	const char *said;

	reg_set(&registers, arch_amd64.pc, CODE);
	core_add_thread(core, PID, SEGV, &registers);
	core_add_siginfo(core, SEGV, 1, 0);
	core_add_segment(core, CODE, 0x1000, SEGMENT_READ | SEGMENT_EXEC);
	core_add_segment(core, DATA, 0x1000, SEGMENT_READ | SEGMENT_WRITE);
	core_put(core, CODE, "\x48\x8b\x00", 3); /* mov rax, [rax] */
	core_put(core, DATA, "\xff Go buildinf:\x08\x02", 16);
	core_put(core, DATA + 32, "\x08go1.26.1", 9);
	said = verdict_of(*state, core_finish(core));
	assert_null(strstr(said, "C code"));
	assert_non_null(strstr(said, "POSSIBLE  unknown-fault"));
}

/* As V8 fills what it has not used yet: in ascending order all the same, between two other words. */
static void equal_pointers_are_no_moduledata(void **state)
{
	enum { DATA = 0x403000, WORDS = 32, MAXPC = 21, ETEXT = 23, FILL = 0x500419 };
	struct core_builder *core = core_new(*state, &arch_amd64);
	struct registers registers = {0};

	reg_set(&registers, arch_amd64.pc, CODE);
	core_add_thread(core, PID, SEGV, &registers);
	core_add_siginfo(core, SEGV, 1, 0);
	core_add_segment(core, CODE, 0x1000, SEGMENT_READ | SEGMENT_EXEC);
	core_add_segment(core, DATA, 0x1000, SEGMENT_READ | SEGMENT_WRITE);
	core_put_u64(core, DATA, 0x2100);
	for (uint64_t i = 1; i < WORDS; i++)
		core_put_u64(core, DATA + 8 * i, FILL + (uint64_t)(i == MAXPC || i == ETEXT));
	assert_non_null(strstr(verdict_of(*state, core_finish(core)), "No Go program"));
}

static void gccgo_is_told_by_its_library(void **state)
{
	static const struct mapping mappings[] = {{0x400000, 0x402000, 0, "/app/service", NULL, 0},
						  {0x7f0000000000, 0x7f0000001000, 0, "/usr/lib/libgo.so.21.0.0", NULL, 0}};
	struct core_builder *core = core_new(*state, &arch_amd64);
	struct registers registers = {0};

	reg_set(&registers, arch_amd64.pc, CODE);
	core_add_thread(core, PID, SEGV, &registers);
	core_add_siginfo(core, SEGV, 1, 0);
	core_add_files(core, mappings, 2);
	core_add_segment(core, CODE, 0x1000, SEGMENT_READ | SEGMENT_EXEC);
	assert_non_null(strstr(verdict_of(*state, core_finish(core)), "A Go program built by gccgo"));
}

/* What other toolchains leave in executables; a letter less, and it is none, and neither is the constant of who looks for it. */
static void other_toolchains_are_told_by_marks(void **state)
{
	static const struct {
		const char *mark, *says;
	} rows[] = {
		{"panic: runtime error at map", "A Go program built by TinyGo: SIGSEGV"},
		{"libgo/runtime/proc.c", "A Go program built by gccgo: SIGSEGV"},
		{"\xff Go build ID: \"a/b\"\n \xff", "POSSIBLE  unknown-fault"},
		{"panic: runtime error in map", "No Go program: SIGSEGV"},
		{"panic: runtime error at ", "No Go program: SIGSEGV"},
		{"libgo/runtime/", "No Go program: SIGSEGV"},
		{"\xff Go build ID: \"", "No Go program: SIGSEGV"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct core_builder *core = core_new(*state, &arch_amd64);
		struct core_builder *exe = core_new(*state, &arch_amd64);
		struct registers registers = {0};
		const char *said;

		reg_set(&registers, arch_amd64.pc, CODE);
		core_add_thread(core, PID, SEGV, &registers);
		core_add_siginfo(core, SEGV, 1, 0);
		core_add_segment(core, CODE, 0x1000, SEGMENT_READ | SEGMENT_EXEC)->saved = 0;
		exe->type = FILE_EXECUTABLE;
		core_add_segment(exe, CODE, 0x1000, SEGMENT_READ | SEGMENT_EXEC);
		core_put(exe, CODE + 0x100, rows[i].mark, strlen(rows[i].mark));
		said = verdict_with(*state, core_finish(core), core_finish(exe));
		if (!strstr(said, rows[i].says))
			fail_msg("%s: %s", rows[i].mark, said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ends_are_told_amd64, setup, teardown),
		cmocka_unit_test_setup_teardown(who_sent_a_signal_to_itself_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_are_told_arm64, setup, teardown),
		cmocka_unit_test_setup_teardown(exceptions_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_missing_is_no_proof, setup, teardown),
		cmocka_unit_test_setup_teardown(old_releases_are_told_without_the_executable, setup, teardown),
		cmocka_unit_test_setup_teardown(go_code_that_is_not_known_is_not_called_c, setup, teardown),
		cmocka_unit_test_setup_teardown(equal_pointers_are_no_moduledata, setup, teardown),
		cmocka_unit_test_setup_teardown(gccgo_is_told_by_its_library, setup, teardown),
		cmocka_unit_test_setup_teardown(other_toolchains_are_told_by_marks, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
