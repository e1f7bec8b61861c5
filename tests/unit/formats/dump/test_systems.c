/* test_systems.c: dumps of other systems, of other CPUs and of no process at all: each refused with a code and a sentence of its
 * own, whatever is in them and wherever they are cut. Each is made as its writer makes it, as far as this matters. */
#include "formats/dump/image.h"

#include "tests/build/core_builder.h"
#include "tests/build/minidump_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

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

static void refuses(struct arena *arena, struct span file, enum err_code code, const char *says)
{
	struct notes notes = {.arena = arena};
	struct image *image;
	const char *path = scratch_write(arena, scratch_folder(arena), "dump", file);
	const struct err *err = image_open(arena, &notes, path, NULL, &image);

	if (!err)
		fail_msg("it was read: \"%s\"", says);
	if (err->code != code || !strstr(err_describe(arena, err), says))
		fail_msg("\"%s\" (%s) lacks \"%s\" (%s)", err_describe(arena, err), err_code_name(err->code), says,
			 err_code_name(code));
}

/* A core as Linux writes it of a process that SIGSEGV ended. */
static struct core_builder *process(struct arena *arena)
{
	struct core_builder *core = core_new(arena, &arch_amd64);
	struct registers registers = {0};

	reg_set(&registers, arch_amd64.pc, 0x401000);
	core_add_thread(core, 11, 11, &registers);
	core_add_process(core, 11, "program", "program");
	core_add_siginfo(core, 11, 1, 0);
	core_add_segment(core, 0x401000, 0x1000, SEGMENT_READ | SEGMENT_EXEC);
	core_add_segment(core, 0x402000, 0x1000, SEGMENT_READ | SEGMENT_WRITE);
	return core;
}

static void cores_name_their_system(void **state)
{
	static const struct {
		uint8_t osabi;
		const char *says;
	} systems[] = {{1, "a core of HP-UX"},	 {2, "a core of NetBSD"},  {4, "a core of GNU/Hurd"}, {6, "a core of Solaris"},
		       {7, "a core of AIX"},	 {8, "a core of IRIX"},	   {9, "a core of FreeBSD"},  {10, "a core of Tru64"},
		       {12, "a core of OpenBSD"}, {13, "a core of OpenVMS"}, {14, "a core of NonStop"}, {17, "a core of CloudABI"}};

	for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
		struct core_builder *core = process(*state);
		struct span file;

		core->osabi = systems[i].osabi;
		file = core_finish(core);
		refuses(*state, file, ERR_OTHER_SYSTEM, systems[i].says);
		refuses(*state, span_slice(file, 0, 100), ERR_OTHER_SYSTEM, systems[i].says);
	}
}

/* Linux has two: of its own, and 0. */
static void linux_cores_are_read(void **state)
{
	static const uint8_t osabis[] = {0, 3};

	for (size_t i = 0; i < sizeof osabis; i++) {
		struct core_builder *core = process(*state);
		struct notes notes = {.arena = *state};
		struct image *image;
		const char *folder = scratch_folder(*state);

		core->osabi = osabis[i];
		core_add_note(core, "LINUX", 0x202, "xstate", 6);
		core_add_note(core, "GDB", 1, "annotation", 10);
		core_add_note(core, "FreeBSDish", 1, "", 0);
		assert_null(image_open(*state, &notes, scratch_write(*state, folder, "core", core_finish(core)), NULL, &image));
		assert_int_equal(image->threads.count, 1);
	}
}

static void notes_name_their_system(void **state)
{
	static const struct {
		const char *owner;
		uint32_t type;
		enum err_code code;
		const char *says;
	} systems[] = {
		{"NetBSD-CORE", 1, ERR_OTHER_SYSTEM, "a core of NetBSD"},
		{"NetBSD-CORE@1", 33, ERR_OTHER_SYSTEM, "a core of NetBSD"},
		{"FreeBSD", 1, ERR_OTHER_SYSTEM, "a core of FreeBSD"},
		{"OpenBSD", 10, ERR_OTHER_SYSTEM, "a core of OpenBSD"},
		{"OpenBSD@4711", 20, ERR_OTHER_SYSTEM, "a core of OpenBSD"},
		{"DragonFly", 1, ERR_OTHER_SYSTEM, "a core of DragonFly"},
		{"CORE", 10, ERR_OTHER_SYSTEM, "Solaris or illumos"},
		{"CORE", 16, ERR_OTHER_SYSTEM, "Solaris or illumos"},
		{"QNX", 7, ERR_OTHER_SYSTEM, "QNX"},
		{"Haiku", 1, ERR_OTHER_SYSTEM, "Haiku"},
		{"VMCOREINFO", 0, ERR_NO_PROCESS, "the memory of a Linux kernel"},
		{"VMCOREINFO_XEN", 0, ERR_NO_PROCESS, "Xen"},
		{"QEMU", 0, ERR_NO_PROCESS, "a virtual machine"},
		{"Xen", 0x1000001, ERR_NO_PROCESS, "a virtual machine"},
	};

	for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
		struct core_builder *core = process(*state);

		core_add_note(core, systems[i].owner, systems[i].type, "something", 9);
		refuses(*state, core_finish(core), systems[i].code, systems[i].says);
		core = core_new(*state, &arch_amd64); /* no thread, and nothing saved */
		core_add_note(core, systems[i].owner, systems[i].type, "something", 9);
		core_add_segment(core, 0x1000, 0x1000, 6)->saved = 0;
		refuses(*state, core_finish(core), systems[i].code, systems[i].says);
	}
}

static void cores_name_their_cpu(void **state)
{
	static const struct {
		uint16_t machine;
		uint8_t word_class, order;
		const char *says;
	} cpus[] = {
		{3, 1, 1, "for 386, a 32-bit ELF file"},
		{8, 2, 1, "for mips64le;"},
		{8, 2, 2, "for mips64, big-endian"},
		{8, 1, 1, "for mipsle, a 32-bit"},
		{8, 1, 2, "for mips, a 32-bit ELF file, big-endian"},
		{20, 1, 2, "for ppc, a 32-bit"},
		{21, 2, 1, "for ppc64le;"},
		{21, 2, 2, "for ppc64, big-endian"},
		{22, 2, 2, "for s390x, big-endian"},
		{22, 1, 2, "for s390, a 32-bit"},
		{40, 1, 1, "for arm, a 32-bit"},
		{40, 1, 2, "for armbe, a 32-bit"},
		{43, 2, 2, "for sparc64, big-endian"},
		{2, 1, 2, "for sparc, a 32-bit"},
		{15, 1, 2, "for hppa"},
		{4, 1, 2, "for m68k"},
		{50, 2, 1, "for ia64"},
		{0x9026, 2, 1, "for alpha;"},
		{62, 1, 1, "for x32 (amd64 with addresses of 32 bits)"},
		{183, 1, 1, "for ilp32 (arm64 with addresses of 32 bits)"},
		{183, 2, 2, "for arm64be, big-endian"},
		{243, 2, 1, "for riscv64;"},
		{243, 1, 1, "for riscv, a 32-bit"},
		{258, 2, 1, "for loong64;"},
		{247, 2, 1, "for bpf;"},
		{4711, 2, 1, "for CPU 4711;"},
	};

	for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++) {
		struct core_builder *core = process(*state);
		uint8_t *bytes;
		struct span file;

		core->machine = cpus[i].order == 2 ? __builtin_bswap16(cpus[i].machine) : cpus[i].machine;
		core->word_class = cpus[i].word_class;
		core->byte_order = cpus[i].order;
		file = core_finish(core);
		bytes = (uint8_t *)(uintptr_t)file.data;
		if (cpus[i].order == 2) { /* e_type */
			bytes[16] = 0;
			bytes[17] = 4;
		}
		refuses(*state, file, ERR_OTHER_CPU, cpus[i].says);
	}
}

static void minidumps_name_their_system(void **state)
{
	static const struct {
		uint32_t platform;
		const char *says;
	} systems[] = {{0, "Win32s"},	  {1, "Windows 95"},	{3, "Windows CE"}, {0x8000, "of Unix"}, {0x8101, "of macOS"},
		       {0x8102, "of iOS"}, {0x8201, "of Linux (breakpad, crashpad): give the ELF core of the process"},
		       {0x8202, "Solaris"}, {0x8203, "Android"}, {0x8204, "PlayStation"}, {0x8205, "Native Client"},
		       {0x8206, "Fuchsia"}, {0x8888, "another system than Windows (0x8888)"}};

	for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
		struct minidump_builder *dump = minidump_new(*state, &arch_amd64);

		dump->platform = systems[i].platform;
		minidump_add_thread(dump, 7, 0, NULL);
		minidump_add_memory(dump, 0x10000, 0x1000);
		refuses(*state, minidump_finish(dump), ERR_OTHER_SYSTEM, systems[i].says);
	}
}

static void minidumps_name_their_cpu(void **state)
{
	static const struct {
		uint16_t processor;
		const char *says;
	} cpus[] = {{0, "for 386;"}, {1, "for mips;"}, {2, "for alpha;"}, {5, "for arm;"}, {6, "for ia64"}, {10, "386 under WOW64"},
		    {0x8003, "arm64 (as old breakpad writes it)"}, {0x8004, "mips64"}, {0x1234, "CPU 4660"}};

	for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++) {
		struct minidump_builder *dump = minidump_new(*state, &arch_amd64);

		dump->processor = cpus[i].processor;
		minidump_add_thread(dump, 7, 0, NULL);
		refuses(*state, minidump_finish(dump), ERR_OTHER_CPU, cpus[i].says);
	}
}

static void programs_of_32_bits_are_told_on_64(void **state)
{
	struct minidump_builder *dump = minidump_new(*state, &arch_amd64);

	minidump_add_thread(dump, 7, 0, NULL);
	minidump_add_memory(dump, 0x10000, 0x1000);
	minidump_add_module(dump, 0x400000, 0x10000, "C:\\app\\old.exe", 1, 0);
	minidump_add_module(dump, 0x77000000, 0x10000, "C:\\Windows\\System32\\Wow64.dll", 1, 0);
	refuses(*state, minidump_finish(dump), ERR_OTHER_CPU, "a 32-bit program (WOW64)");
}

#define MACHO(order, type) order type "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void other_files_are_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum err_code code;
		const char *says;
	} files[] = {
#define FILE_OF(text, code, says) {text, sizeof(text) - 1, code, says}
		FILE_OF("PAGEDU64\x0f\0\0\0", ERR_NO_PROCESS, "the dump of a 64-bit Windows kernel"),
		FILE_OF("PAGEDUMP\x0f\0\0\0", ERR_NO_PROCESS, "the dump of a 32-bit Windows kernel"),
		FILE_OF("USERDU64\0\0", ERR_UNSUPPORTED, "before minidumps"),
		FILE_OF("KDUMP   \6\0\0\0", ERR_NO_PROCESS, "makedumpfile"),
		FILE_OF("makedumpfile\0\0\0\0", ERR_NO_PROCESS, "flattened"),
		FILE_OF("EMiL\1\0\0\0", ERR_NO_PROCESS, "LiME"),
		FILE_OF("QEVM\0\0\0\3", ERR_NO_PROCESS, "a virtual machine"),
		FILE_OF("hibr\0\0\0\0", ERR_NO_PROCESS, "hibernation"),
		FILE_OF("go1.7 heap dump\n\6\0", ERR_NO_DUMP, "WriteHeapDump"),
		FILE_OF("go 1.22 trace\0\0\0", ERR_NO_DUMP, "runtime/trace"),
		FILE_OF("JAVA PROFILE 1.0.2\0", ERR_NO_DUMP, "Java"),
		FILE_OF("PERFILE2\0\0", ERR_NO_DUMP, "perf"),
		FILE_OF("BZh91AY&SY\0", ERR_UNSUPPORTED, "bzip2"),
		FILE_OF("MSCF\0\0\0\0", ERR_UNSUPPORTED, "cabinet"),
		FILE_OF("ProblemType: Crash\n", ERR_UNSUPPORTED, "apport-unpack"),
		FILE_OF("version https://git-lfs.github.com/spec/v1\n", ERR_NO_DUMP, "git lfs pull"),
		FILE_OF("goroutine 1 [running]:\n", ERR_NO_DUMP, "text"),
		FILE_OF(MACHO("\xcf\xfa\xed\xfe\x0c\0\0\1\0\0\0\0", "\4\0\0\0"), ERR_OTHER_SYSTEM, "a core of macOS (Mach-O); its CPU is arm64"),
		FILE_OF(MACHO("\xcf\xfa\xed\xfe\x07\0\0\1\3\0\0\0", "\4\0\0\0"), ERR_OTHER_SYSTEM, "a core of macOS (Mach-O); its CPU is amd64"),
		FILE_OF(MACHO("\xfe\xed\xfa\xce\0\0\0\x12\0\0\0\0", "\0\0\0\4"), ERR_OTHER_SYSTEM, "a core of macOS (Mach-O); its CPU is ppc"),
		FILE_OF(MACHO("\xcf\xfa\xed\xfe\x0c\0\0\1\0\0\0\0", "\2\0\0\0"), ERR_NO_DUMP, "executable or library of macOS (Mach-O) for arm64"),
		FILE_OF(MACHO("\xca\xfe\xba\xbe\0\0\0\2", "\1\0\0\7"), ERR_NO_DUMP, "macOS for several CPUs"),
		FILE_OF("MZ\x90\0\3\0", ERR_NO_DUMP, "give it with --exe"),
	};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		refuses(*state, (struct span){(const uint8_t *)files[i].bytes, files[i].size}, files[i].code, files[i].says);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cores_name_their_system, setup, teardown),
		cmocka_unit_test_setup_teardown(linux_cores_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(notes_name_their_system, setup, teardown),
		cmocka_unit_test_setup_teardown(cores_name_their_cpu, setup, teardown),
		cmocka_unit_test_setup_teardown(minidumps_name_their_system, setup, teardown),
		cmocka_unit_test_setup_teardown(minidumps_name_their_cpu, setup, teardown),
		cmocka_unit_test_setup_teardown(programs_of_32_bits_are_told_on_64, setup, teardown),
		cmocka_unit_test_setup_teardown(other_files_are_named, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
