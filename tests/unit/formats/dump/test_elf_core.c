/* test_elf_core.c: ELF cores, sound and damaged. Offsets into finished files are those of the ELF specification. */
#include "formats/dump/image.h"

#include "tests/build/core_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PHDR = 64, PHDR_SIZE = 56, P_OFFSET = 8, P_VADDR = 16, P_FILESZ = 32, P_MEMSZ = 40 };

struct fixture {
	struct arena *arena;
	struct notes notes;
	struct core_builder *core;
};

static int setup(void **state)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	struct fixture *f = arena_alloc(arena, sizeof *f);

	f->arena = arena;
	f->notes.arena = arena;
	f->core = core_new(arena, &arch_amd64);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	return 0;
}

static const struct err *load(struct fixture *f, struct span bytes, struct image **ret)
{
	struct image *image = arena_alloc(f->arena, sizeof *image);

	image->arena = f->arena;
	image->notes = &f->notes;
	image->bytes = bytes;
	image->name = "core";
	*ret = image;
	return format_elf_core.load(image);
}

static struct image *load_ok(struct fixture *f)
{
	struct image *image;
	const struct err *err = load(f, core_finish(f->core), &image);

	if (err)
		fail_msg("%s", err_describe(f->arena, err));
	return image;
}

static bool noted(const struct fixture *f, const char *part)
{
	for (size_t i = 0; i < f->notes.count; i++)
		if (strstr(f->notes.items[i], part))
			return true;
	return false;
}

static void patch(struct span file, uint64_t offset, uint64_t value)
{
	assert_true(offset + 8 <= file.size);
	for (unsigned i = 0; i < 8; i++)
		((uint8_t *)(uintptr_t)file.data)[offset + i] = (uint8_t)(value >> 8 * i);
}

/* A process as Linux writes it: two threads, one page of data. */
static void add_process(struct fixture *f, int16_t signal, int32_t code, uint64_t where)
{
	static const struct auxv_entry auxv[] = {{3, 0x400040}, {9, 0x401000}};
	static const struct mapping files[] = {
		{.start = 0x600000, .end = 0x601000, .file_offset = 0x3000, .path = "/lib/b.so"},
		{.start = 0x400000, .end = 0x401000, .file_offset = 0x1000, .path = "/bin/app"},
	};
	struct registers registers = {0};

	for (uint8_t i = 0; i < f->core->arch->reg_count; i++)
		reg_set(&registers, i, 0x1000u + i);
	core_add_thread(f->core, 101, signal, &registers);
	core_add_process(f->core, 100, "app", "app -x ");
	core_add_siginfo(f->core, signal, code, where);
	core_add_auxv(f->core, auxv, 2);
	core_add_files(f->core, files, 2);
	core_add_thread(f->core, 102, signal, NULL);
	core_add_segment(f->core, 0xc000000000, 0x1000, SEGMENT_READ | SEGMENT_WRITE);
	core_put_u64(f->core, 0xc000000010, 0x1122334455667788);
}

static void reads_a_linux_core(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	uint64_t word;

	add_process(f, 11, 1, 0xdead);
	image = load_ok(f);
	assert_int_equal(image->arch->id, ARCH_AMD64);
	assert_int_equal(image->os, OS_LINUX);
	assert_false(image->truncated);
	assert_int_equal(image->pid, 100);
	assert_string_equal(image->program, "app");
	assert_string_equal(image->command, "app -x");
	assert_int_equal(image->threads.count, 2);
	assert_int_equal(image->threads.items[0].id, 101);
	assert_true(image->threads.items[0].crashed);
	assert_false(image->threads.items[1].crashed);
	for (uint8_t i = 0; i < arch_amd64.reg_count; i++) {
		assert_true(reg_get(&image->threads.items[0].registers, i, &word));
		assert_int_equal(word, 0x1000 + i);
	}
	assert_true(image_auxv(image, 9, &word));
	assert_int_equal(word, 0x401000);
	assert_int_equal(image->mappings.count, 2);
	assert_string_equal(image->mappings.items[0].path, "/bin/app");
	assert_int_equal(image->mappings.items[0].file_offset, 0x1000);
	assert_true(image_u64(image, 0xc000000010, &word));
	assert_true(word == 0x1122334455667788);
	assert_int_equal(f->notes.count, 0);
}

static void reads_an_arm64_core(void **state)
{
	struct fixture *f = *state;
	const uint64_t tls = 0x7700;
	struct image *image;
	uint64_t word;

	f->core = core_new(f->arena, &arch_arm64);
	add_process(f, 6, -6, 100);
	core_add_note(f->core, "LINUX", 0x401, &tls, sizeof tls); /* behind thread 102 */
	image = load_ok(f);
	assert_int_equal(image->arch->id, ARCH_ARM64);
	assert_true(reg_get(&image->threads.items[0].registers, 30, &word));
	assert_int_equal(word, 0x1000 + 30);
	assert_true(reg_get(&image->threads.items[0].registers, arch_arm64.pc, &word));
	assert_int_equal(word, 0x1000u + arch_arm64.pc);
	assert_false(reg_get(&image->threads.items[0].registers, arch_arm64.tls, &word));
	assert_true(reg_get(&image->threads.items[1].registers, arch_arm64.tls, &word));
	assert_int_equal(word, 0x7700);
}

/* As Linux writes them on a CPU with signatures, tags and SVE: struct user_sve_header, user_pac_mask, long. */
static void reads_what_arm64_adds(void **state)
{
	struct fixture *f = *state;
	static const uint64_t masks[2] = {UINT64_C(0x7f) << 48, UINT64_C(0x3f) << 49};
	static const uint64_t sve[2] = {UINT64_C(0x2240) << 32 | 0x1000, 256 << 16 | 32};
	static const uint64_t control = 0x7fff3;
	struct image *image;
	uint8_t tag;

	f->core = core_new(f->arena, &arch_arm64);
	add_process(f, 11, 9, 0xdead);
	core_add_note(f->core, "LINUX", 0x405, sve, sizeof sve);
	core_add_note(f->core, "LINUX", 0x406, masks, sizeof masks);
	core_add_note(f->core, "LINUX", 0x409, &control, sizeof control);
	core_add_segment(f->core, 0xffff00000000, 0x80, SEGMENT_READ)->type = 0x70000002;
	core_put_u64(f->core, 0xffff00000000, 0xfedcba9876543210);
	f->core->segments.items[f->core->segments.count - 1].memory_size = 0x100; /* 16 granules of 16 bytes */
	f->core->segments.items[f->core->segments.count - 1].saved = 8;
	image = load_ok(f);
	assert_true(image->code_signature == masks[1]);
	assert_int_equal(image->vector_bytes, 32);
	assert_int_equal(image->threads.items[0].tag_control, 0);
	assert_int_equal(image->threads.items[1].tag_control, 0x7fff3);
	for (uint64_t i = 0; i < 16; i++) {
		assert_true(image_memory_tag(image, 0xffff00000000 + 16 * i + i, &tag));
		assert_int_equal(tag, i);
	}
	assert_false(image_memory_tag(image, 0xffff00000100, &tag));
	assert_false(image_memory_tag(image, 0xfffeffffffff, &tag));
}

/* A mask that would hide what every address uses, lengths that no CPU has, and notes of another CPU. */
static void senseless_notes_of_arm64_are_left_out(void **state)
{
	struct fixture *f = *state;
	static const uint64_t masks[2] = {UINT64_MAX, UINT64_MAX};
	static const uint64_t sve[2] = {0, 17};
	struct image *image;

	for (int i = 0; i < 2; i++) {
		f->core = core_new(f->arena, i ? &arch_amd64 : &arch_arm64);
		add_process(f, 11, 9, 0xdead);
		core_add_note(f->core, "LINUX", 0x405, sve, sizeof sve);
		core_add_note(f->core, "LINUX", 0x406, masks, sizeof masks);
		core_add_note(f->core, "LINUX", 0x406, masks, 8);
		image = load_ok(f);
		assert_int_equal(image->code_signature, 0);
		assert_int_equal(image->vector_bytes, 0);
		assert_int_equal(image->tagged.count, 0);
	}
}

/* Offsets in NT_FILE count pages, which arm64 has of three sizes. */
static void files_count_in_pages(void **state)
{
	struct fixture *f = *state;
	static const struct mapping file = {.start = 0xaaaa00000000, .end = 0xaaaa00020000, .file_offset = 0x30000,
					    .path = "/bin/app"};
	struct image *image;

	for (uint64_t page = 0x1000; page <= 0x10000; page *= 4) {
		f->core = core_new(f->arena, &arch_arm64);
		f->core->page = page;
		core_add_files(f->core, &file, 1);
		core_add_thread(f->core, 101, 6, NULL);
		image = load_ok(f);
		assert_int_equal(image->mappings.items[0].file_offset, 0x30000);
	}
}

/* ---- the stop ---- */

static void fault_has_an_address(void **state)
{
	struct fixture *f = *state;
	struct image *image;

	add_process(f, 11, 1, 0xdead);
	image = load_ok(f);
	assert_true(image->stop.known);
	assert_int_equal(image->stop.number, 11);
	assert_string_equal(image->stop.name, "SIGSEGV");
	assert_int_equal(image->stop.code, 1);
	assert_true(image->stop.has_address);
	assert_int_equal(image->stop.address, 0xdead);
	assert_int_equal(image->stop.thread, 101);
	assert_int_equal(image->stop.sender_pid, 0);
}

static void sent_signal_has_a_sender(void **state)
{
	struct fixture *f = *state;
	struct image *image;

	add_process(f, 6, -6, 4242);
	image = load_ok(f);
	assert_string_equal(image->stop.name, "SIGABRT");
	assert_true(image->stop.has_code);
	assert_false(image->stop.has_address);
	assert_int_equal(image->stop.sender_pid, 4242);
}

static void general_protection_fault_has_neither(void **state)
{
	struct fixture *f = *state;
	struct image *image;

	add_process(f, 11, 0x80, 0);
	image = load_ok(f);
	assert_true(image->stop.known);
	assert_false(image->stop.has_address);
	assert_int_equal(image->stop.sender_pid, 0);
}

static void siginfo_of_another_signal_is_not_believed(void **state)
{
	struct fixture *f = *state;
	struct image *image;

	core_add_thread(f->core, 1, 6, NULL);
	core_add_siginfo(f->core, 11, 1, 0xdead);
	image = load_ok(f);
	assert_int_equal(image->stop.number, 6);
	assert_false(image->stop.has_code);
	assert_false(image->stop.has_address);
}

/* As gdb's gcore writes it: process first, pr_cursig 0, and the SIGSTOP of its attaching as siginfo. */
static void gcore_is_no_crash(void **state)
{
	struct fixture *f = *state;
	struct image *image;

	core_add_process(f->core, 7, "app", "app");
	core_add_thread(f->core, 7, 0, NULL);
	core_add_siginfo(f->core, 19, 0x80, 0);
	core_add_thread(f->core, 8, 0, NULL);
	core_add_siginfo(f->core, 19, 0x80, 0);
	core_add_note(f->core, "GDB", 0xff000000, "<target/>", 10);
	image = load_ok(f);
	assert_false(image->stop.known);
	assert_false(image->threads.items[0].crashed);
	assert_true(noted(f, "live process"));
}

static void breakpoint_in_gdb_is_no_crash(void **state)
{
	struct fixture *f = *state;

	core_add_thread(f->core, 7, 5, NULL);
	assert_true(load_ok(f)->stop.known);
	core_add_note(f->core, "GDB", 0xff000000, "<target/>", 10);
	assert_false(load_ok(f)->stop.known);
}

static void qemu_core_has_no_siginfo(void **state)
{
	struct fixture *f = *state;
	const struct auxv_entry auxv = {9, 0x10000};
	struct image *image;

	f->core = core_new(f->arena, &arch_arm64);
	core_add_thread(f->core, 11, 6, NULL);
	core_add_process(f->core, 11, "app", "./app");
	core_add_auxv(f->core, &auxv, 1);
	core_add_thread(f->core, 12, 0, NULL);
	image = load_ok(f);
	assert_true(image->stop.known);
	assert_int_equal(image->stop.thread, 11);
	assert_false(image->stop.has_code);
	assert_int_equal(image->mappings.count, 0);
}

/* ---- memory ---- */

static void unsaved_memory_is_not_zero(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	uint8_t byte;

	add_process(f, 6, 0, 0);
	core_add_segment(f->core, 0x400000, 0x3000, SEGMENT_READ | SEGMENT_EXEC)->saved = 0x1000;
	core_add_segment(f->core, 0x500000, 0x1000, SEGMENT_READ)->saved = 0;
	image = load_ok(f);
	assert_int_equal(image->segments.items[0].address, 0x400000); /* sorted */
	assert_int_equal(image_read(image, 0x400fff, &byte, 1), MEM_OK);
	assert_int_equal(image_read(image, 0x401000, &byte, 1), MEM_NOT_SAVED);
	assert_int_equal(image_read(image, 0x500000, &byte, 1), MEM_NOT_SAVED);
	assert_int_equal(image_read(image, 0x403000, &byte, 1), MEM_UNMAPPED);
	assert_int_equal(image_segment(image, 0x400000)->flags, SEGMENT_READ | SEGMENT_EXEC);
	assert_false(image->truncated);
}

static void overlaps_are_resolved_and_noted(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	uint64_t word;

	core_add_thread(f->core, 1, 6, NULL);
	memset(core_add_segment(f->core, 0x2000, 0x1000, 6)->bytes, 0xbb, 0x1000); /* 0x2800 on */
	memset(core_add_segment(f->core, 0x1000, 0x1800, 6)->bytes, 0xaa, 0x1800);
	memset(core_add_segment(f->core, 0x1100, 0x100, 6)->bytes, 0xcc, 0x100); /* inside */
	image = load_ok(f);
	assert_int_equal(image->segments.count, 2);
	assert_true(image_u64(image, 0x1100, &word));
	assert_true(word == UINT64_C(0xaaaaaaaaaaaaaaaa));
	assert_true(image_u64(image, 0x27fc, &word));
	assert_true(word == UINT64_C(0xbbbbbbbbaaaaaaaa));
	assert_int_equal(image->segments.items[1].address, 0x2800);
	assert_int_equal(image->segments.items[1].size, 0x800);
	assert_true(noted(f, "overlap"));
}

/* The third begins before what is left of the second: it must not reach in again behind the first. */
static void nested_overlaps_stay_in_order(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	uint64_t word;

	core_add_thread(f->core, 1, 6, NULL);
	memset(core_add_segment(f->core, 0x1000, 0x2000, 6)->bytes, 0xaa, 0x2000);
	memset(core_add_segment(f->core, 0x1800, 0x2800, 6)->bytes, 0xbb, 0x2800); /* left: 0x3000 on */
	memset(core_add_segment(f->core, 0x2000, 0x3000, 6)->bytes, 0xcc, 0x3000); /* left: 0x4000 on */
	image = load_ok(f);
	assert_int_equal(image->segments.count, 3);
	for (size_t i = 1; i < image->segments.count; i++)
		assert_true(image->segments.items[i - 1].address + image->segments.items[i - 1].size <=
			    image->segments.items[i].address);
	assert_true(image_u64(image, 0x2ff8, &word) && word == UINT64_C(0xaaaaaaaaaaaaaaaa));
	assert_true(image_u64(image, 0x3ff8, &word) && word == UINT64_C(0xbbbbbbbbbbbbbbbb));
	assert_true(image_u64(image, 0x4ff8, &word) && word == UINT64_C(0xcccccccccccccccc));
	assert_true(noted(f, "overlap"));
}

/* A damaged size: what others saved is there, and behind them nothing is mapped. */
static void claims_end_where_others_saved(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	uint64_t word;
	uint8_t byte;

	core_add_thread(f->core, 1, 6, NULL);
	core_add_segment(f->core, 0x1000, 0x10000, 6)->saved = 0x1000;
	memset(core_add_segment(f->core, 0x5000, 0x1000, 6)->bytes, 0xbb, 0x1000);
	image = load_ok(f);
	assert_true(image_u64(image, 0x5000, &word) && word == UINT64_C(0xbbbbbbbbbbbbbbbb));
	assert_int_equal(image_read(image, 0x2000, &byte, 1), MEM_NOT_SAVED);
	assert_int_equal(image_read(image, 0x6000, &byte, 1), MEM_UNMAPPED);
	assert_true(noted(f, "overlap"));
}

static void senseless_segments_are_dropped(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	struct span file;

	add_process(f, 6, 0, 0);
	core_add_segment(f->core, 0x1000, 0x1000, 6);
	core_add_segment(f->core, 0x5000, 0x1000, 6);
	core_add_segment(f->core, 0x9000, 0x1000, 6);
	file = core_finish(f->core);
	patch(file, PHDR + 2 * PHDR_SIZE + P_MEMSZ, UINT64_MAX); /* wraps */
	patch(file, PHDR + 3 * PHDR_SIZE + P_OFFSET, UINT64_MAX - 10);
	patch(file, PHDR + 4 * PHDR_SIZE + P_FILESZ, UINT64_MAX); /* more than p_memsz: the file holds p_memsz */
	assert_null(load(f, file, &image));
	assert_int_equal(image->segments.count, 2);
	assert_int_equal(image->segments.items[0].address, 0x9000);
	assert_int_equal(image->segments.items[0].saved.size, 0x1000);
	assert_true(noted(f, "2 memory segments have senseless"));
}

/* ---- many program headers ---- */

static void count_may_be_in_section_zero(void **state)
{
	struct fixture *f = *state;

	add_process(f, 6, 0, 0);
	f->core->extended_count = true;
	assert_int_equal(load_ok(f)->segments.count, 1);
}

static void seventy_thousand_segments(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	struct span file;
	uint8_t byte;

	core_add_thread(f->core, 1, 6, NULL);
	f->core->page = 16;
	for (uint64_t i = 0; i < 70000; i++)
		core_add_segment(f->core, 0x10000 + i * 0x20, 16, 6)->bytes[0] = (uint8_t)i;
	file = core_finish(f->core);
	assert_null(load(f, file, &image));
	assert_int_equal(image->segments.count, 70000);
	assert_true(image_u8(image, 0x10000 + 69999 * 0x20, &byte));
	assert_int_equal(byte, (uint8_t)69999);

	/* Cut, section header 0 is gone; the count follows from where the notes are. */
	assert_null(load(f, span_slice(file, 0, file.size - 64 - 16), &image));
	assert_int_equal(image->segments.count, 70000);
	assert_true(image->truncated);
	assert_true(image_u8(image, 0x10000 + 69998 * 0x20, &byte));
	assert_int_equal(image_read(image, 0x10000 + 69999 * 0x20, &byte, 1), MEM_TRUNCATED);
	assert_true(noted(f, "16 bytes of"));
}

/* ---- refusals ---- */

static void check_refused(struct fixture *f, enum err_code code, const char *says)
{
	struct image *image;
	const struct err *err = load(f, core_finish(f->core), &image);

	assert_non_null(err);
	assert_int_equal(err->code, code);
	if (!strstr(err_describe(f->arena, err), says))
		fail_msg("\"%s\" lacks \"%s\"", err_describe(f->arena, err), says);
}

static void refuses_other_files(void **state)
{
	struct fixture *f = *state;

	core_add_thread(f->core, 1, 6, NULL);
	f->core->type = 2;
	check_refused(f, ERR_NO_DUMP, "give it with --exe");
	f->core->type = 3;
	check_refused(f, ERR_NO_DUMP, "give it with --exe");
	f->core->type = 1;
	check_refused(f, ERR_NO_DUMP, "not a core");
	f->core->type = 4;
	f->core->machine = 243;
	check_refused(f, ERR_OTHER_CPU, "riscv64");
	f->core->machine = 9999;
	check_refused(f, ERR_OTHER_CPU, "9999");
	f->core->machine = 62;
	f->core->word_class = 1;
	check_refused(f, ERR_OTHER_CPU, "x32 (amd64 with addresses of 32 bits), a 32-bit ELF file");
	f->core->word_class = 2;
	f->core->byte_order = 2;
	check_refused(f, ERR_OTHER_CPU, "big-endian");
	f->core->byte_order = 77;
	check_refused(f, ERR_BAD_DATA, "damaged");
}

static void refuses_a_core_without_anything(void **state)
{
	struct fixture *f = *state;

	core_add_segment(f->core, 0x1000, 0x1000, 6)->saved = 0;
	check_refused(f, ERR_BAD_DATA, "nothing usable");
}

/* ---- damage ---- */

static void tolerates_damaged_notes(void **state)
{
	struct fixture *f = *state;
	const uint64_t many[2] = {UINT64_MAX / 24, 4096};
	const uint64_t short_list[6] = {2, 4096, 0x1000, 0x2000, 0};
	struct image *image;
	struct span file;

	core_add_thread(f->core, 1, 11, NULL);
	core_add_note(f->core, "CORE", 0x46494c45, many, sizeof many);
	core_add_note(f->core, "CORE", 0x46494c45, short_list, sizeof short_list);
	core_add_note(f->core, "CORE", 0x53494749, "abc", 3);
	core_add_note(f->core, "CORE", 3, "", 0);
	core_add_note(f->core, "CORE", 6, "abcdefghi", 9);
	core_add_note(f->core, "CORE", 1, "abc", 3);
	core_add_note(f->core, "", 99, "", 0);
	core_add_thread(f->core, 2, 11, NULL);
	file = core_finish(f->core);
	assert_null(load(f, file, &image));
	assert_int_equal(image->threads.count, 3);
	assert_int_equal(image->threads.items[1].registers.known, 0);
	assert_int_equal(image->mappings.count, 0);
	assert_true(noted(f, "NT_FILE"));
	assert_true(noted(f, "3 bytes instead of 336"));

	/* An overlong note ends the list. */
	patch(file, PHDR + PHDR_SIZE, UINT64_C(0x00000005) | UINT64_C(0xfffffff0) << 32);
	assert_non_null(load(f, file, &image));
	assert_true(noted(f, "notes are damaged"));
}

static void thread_cut_short_keeps_what_it_has(void **state)
{
	struct fixture *f = *state;
	uint8_t record[112 + 24] = {0};
	struct image *image;
	uint64_t value;

	record[12] = 6;
	record[32] = 9;
	core_add_note(f->core, "CORE", 1, record, sizeof record);
	image = load_ok(f);
	assert_int_equal(image->threads.items[0].id, 9);
	assert_true(reg_get(&image->threads.items[0].registers, 14, &value)); /* r14 */
	assert_false(reg_get(&image->threads.items[0].registers, arch_amd64.pc, &value));
}

/* PT_NOTE headers that claim the same bytes over and over cost no more than the limits allow. */
static void repeated_notes_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	struct span file;

	for (int i = 0; i < 200; i++)
		core_add_thread(f->core, i, 6, NULL);
	for (int i = 0; i < 2000; i++)
		core_add_segment(f->core, 0, 0, 0)->type = 4;
	file = core_finish(f->core);
	for (uint64_t i = 1; i <= 2000; i++) {
		patch(file, PHDR + i * PHDR_SIZE + P_OFFSET, span_u64(file, PHDR + P_OFFSET));
		patch(file, PHDR + i * PHDR_SIZE + P_FILESZ, span_u64(file, PHDR + P_FILESZ));
	}
	assert_null(load(f, file, &image));
	assert_true(image->threads.count <= 1 << 17);
	assert_true(noted(f, "more than"));
}

/* Whatever the length: an error that says so, or a partial image that says what is missing. */
static void any_cut_is_survived(void **state)
{
	struct fixture *f = *state;
	struct span file;
	uint64_t end;

	add_process(f, 11, 1, 0xdead);
	core_add_segment(f->core, 0x400000, 0x3000, 5)->saved = 0x800;
	file = core_finish(f->core);
	end = file.size - 0x800; /* the last segment is padded to a page */
	for (size_t size = 4; size < file.size; size += size < 4096 ? 1 : 13) {
		struct image *image;
		const struct err *err = load(f, span_slice(file, 0, size), &image);
		uint64_t word;

		if (err) {
			assert_int_equal(err->code, ERR_CUT_SHORT);
			assert_true(size < 1024);
			continue;
		}
		assert_int_equal(image->truncated, size < end);
		assert_int_equal(image->segments.count, 2);
		assert_int_equal(image_read(image, 0xc000000ff8, &word, 8), size < 0x2000 ? MEM_TRUNCATED : MEM_OK);
	}
	assert_true(noted(f, "are missing"));
	assert_true(noted(f, "program headers"));
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Reads in and around everything that an image claims to have. */
static void read_around(struct image *image)
{
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *s = &image->segments.items[i];
		uint64_t word;

		assert_true(s->saved.size <= s->size);
		image_u64(image, s->address, &word);
		image_u64(image, s->address + s->saved.size - 4, &word);
		image_u64(image, s->address + s->size - 1, &word);
		assert_true(!i || s[-1].address + s[-1].size <= s->address);
	}
	image_mapping(image, 0x400000);
	for (size_t i = 0; i < image->mappings.count; i++)
		assert_true(strlen(image->mappings.items[i].path) < 5000);
}

static void random_damage_is_survived(void **state)
{
	struct fixture *f = *state;
	uint32_t seed = 20261123;
	struct span file;

	add_process(f, 11, 1, 0xdead);
	core_add_segment(f->core, 0x400000, 0x3000, 5)->saved = 0x800;
	file = core_finish(f->core);
	for (int round = 0; round < 4000; round++) {
		struct arena *arena = arena_new(1 << 24);
		struct fixture inner = {.arena = arena, .notes = {.arena = arena}};
		uint8_t *copy = arena_alloc(arena, file.size);
		struct image *image;

		memcpy(copy, file.data, file.size);
		for (uint32_t n = 1 + next_random(&seed) % 8; n; n--)
			copy[4 + next_random(&seed) % 1500] = (uint8_t)(next_random(&seed) >> 8);
		if (!load(&inner, (struct span){copy, file.size}, &image))
			read_around(image);
		arena_free(arena);
	}
}

/* ---- the way through image_open ---- */

static void opens_a_file(void **state)
{
	struct fixture *f = *state;
	const char *folder = scratch_folder(f->arena);
	struct image *image;
	const char *path;

	add_process(f, 6, 0, 55);
	core_label(f->core, "here", 0xc000000040);
	core_put_label(f->core, 0xc000000048, "later");
	core_label(f->core, "later", core_address(f->core, "here") + 8);
	path = scratch_write(f->arena, folder, "core.1", core_finish(f->core));
	assert_null(image_open(f->arena, &f->notes, path, NULL, &image));
	assert_string_equal(image->name, "core.1");
	assert_string_equal(image->path, path);
	assert_string_equal(image->format, "elf-core");
	assert_null(image->compression);
	assert_int_equal(span_u64(image_view(image, 0xc000000048, 8), 0), 0xc000000048);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(reads_a_linux_core),
		TEST(reads_an_arm64_core),
		TEST(reads_what_arm64_adds),
		TEST(senseless_notes_of_arm64_are_left_out),
		TEST(files_count_in_pages),
		TEST(fault_has_an_address),
		TEST(sent_signal_has_a_sender),
		TEST(general_protection_fault_has_neither),
		TEST(siginfo_of_another_signal_is_not_believed),
		TEST(gcore_is_no_crash),
		TEST(breakpoint_in_gdb_is_no_crash),
		TEST(qemu_core_has_no_siginfo),
		TEST(unsaved_memory_is_not_zero),
		TEST(overlaps_are_resolved_and_noted),
		TEST(nested_overlaps_stay_in_order),
		TEST(claims_end_where_others_saved),
		TEST(senseless_segments_are_dropped),
		TEST(count_may_be_in_section_zero),
		TEST(seventy_thousand_segments),
		TEST(refuses_other_files),
		TEST(refuses_a_core_without_anything),
		TEST(tolerates_damaged_notes),
		TEST(thread_cut_short_keeps_what_it_has),
		TEST(repeated_notes_are_bounded),
		TEST(any_cut_is_survived),
		TEST(random_damage_is_survived),
		TEST(opens_a_file),
	};

	return cmocka_run_group_tests_name("elf_core", tests, NULL, NULL);
}
