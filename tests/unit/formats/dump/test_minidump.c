/* test_minidump.c: Windows minidumps, sound and damaged. */
#include "formats/dump/image.h"

#include "tests/build/minidump_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { COMMIT = 0x1000, RESERVE = 0x2000, READONLY = 2, READWRITE = 4, EXECUTE_READ = 0x20, GUARD = 0x100 };

struct fixture {
	struct arena *arena;
	struct notes notes;
	struct minidump_builder *dump;
};

static int setup_for(void **state, const struct arch *arch)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	struct fixture *f = arena_alloc(arena, sizeof *f);

	f->arena = arena;
	f->notes.arena = arena;
	f->dump = minidump_new(arena, arch);
	*state = f;
	return 0;
}

static int setup(void **state)
{
	return setup_for(state, &arch_amd64);
}

static int setup_arm64(void **state)
{
	return setup_for(state, &arch_arm64);
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
	image->name = "app.dmp";
	*ret = image;
	assert_true(format_minidump.probe(bytes));
	return format_minidump.load(image);
}

static struct image *load_ok(struct fixture *f)
{
	struct image *image;
	const struct err *err = load(f, minidump_finish(f->dump), &image);

	if (err)
		fail_msg("%s", err_describe(f->arena, err));
	return image;
}

static void refuses(struct fixture *f, struct span bytes, enum err_code code, const char *part)
{
	struct image *image;
	const struct err *err = load(f, bytes, &image);

	assert_non_null(err);
	assert_int_equal(err->code, code);
	if (!strstr(err_describe(f->arena, err), part))
		fail_msg("'%s' lacks '%s'", err_describe(f->arena, err), part);
}

static bool noted(const struct fixture *f, const char *part)
{
	for (size_t i = 0; i < f->notes.count; i++)
		if (strstr(f->notes.items[i], part))
			return true;
	return false;
}

static struct registers registers_of(const struct arch *arch, uint64_t base)
{
	struct registers registers = {0};

	for (uint8_t i = 0; i < arch->reg_count; i++)
		reg_set(&registers, i, base + i);
	return registers;
}

static void add_process(struct fixture *f)
{
	struct registers first = registers_of(f->dump->arch, 0x1000), second = registers_of(f->dump->arch, 0x2000);

	minidump_add_thread(f->dump, 11, 0x7ff000, &first);
	minidump_add_thread(f->dump, 12, 0x7fe000, &second);
	minidump_add_module(f->dump, 0x7ff612340000, 0x3000, "C:\\app\\app.exe", 0x5f000000, 2);
	minidump_add_module(f->dump, 0x180000000, 0x2000, "C:\\Windows\\nt\xc3\xa9.dll", 0, 0);
	minidump_add_pid(f->dump, 4711);
	minidump_add_memory(f->dump, 0xc000000000, 0x2000);
	minidump_put_u64(f->dump, 0xc000000010, 0x1122334455667788);
}

static void reads_threads_modules_and_memory(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	uint64_t word;

	add_process(f);
	minidump_add_thread_name(f->dump, 12, "worker");
	minidump_add_thread_info(f->dump, 12, 0, 0x140001234);
	image = load_ok(f);
	assert_int_equal(image->os, OS_WINDOWS);
	assert_ptr_equal(image->arch, &arch_amd64);
	assert_int_equal(image->pid, 4711);
	assert_int_equal(image->threads.count, 2);
	assert_int_equal(image->threads.items[0].id, 11);
	assert_int_equal(image->threads.items[0].teb, 0x7ff000);
	assert_null(image->threads.items[0].name);
	assert_string_equal(image->threads.items[1].name, "worker");
	assert_int_equal(image->threads.items[1].start, 0x140001234);
	assert_true(reg_get(&image->threads.items[1].registers, image->arch->sp, &word));
	assert_int_equal(word, 0x2000 + image->arch->sp);
	assert_int_equal(image->mappings.count, 2);
	assert_string_equal(image->mappings.items[0].path, "C:\\Windows\\nt\xc3\xa9.dll");
	assert_null(image->mappings.items[0].build_id);
	assert_int_equal(image->mappings.items[1].end, 0x7ff612343000);
	assert_int_equal(image->mappings.items[1].timestamp, 0x5f000000);
	assert_string_equal(image->mappings.items[1].build_id, "030201000504070608090a0b0c0d0e0f2");
	assert_true(image_u64(image, 0xc000000010, &word));
	assert_int_equal(word, 0x1122334455667788);
	assert_false(image->stop.known);
	assert_true(noted(f, "taken without an exception"));
}

static void what_a_context_leaves_out_is_unknown(void **state)
{
	struct fixture *f = *state;
	const struct arch *arch = f->dump->arch;
	struct image *image;
	uint64_t word;

	add_process(f);
	image = load_ok(f);
	for (uint8_t i = 0; i < arch->reg_count; i++) {
		bool saved = false;

		for (size_t s = 0; s < arch->context.control.count; s++)
			saved |= arch->context.control.slots[s].reg == i;
		for (size_t s = 0; s < arch->context.integer.count; s++)
			saved |= arch->context.integer.slots[s].reg == i;
		assert_int_equal(reg_get(&image->threads.items[0].registers, i, &word), saved);
		if (saved)
			assert_int_equal(word, 0x1000 + i);
	}
	assert_true(reg_get(&image->threads.items[0].registers, arch->g, &word));
}

static void a_context_of_control_registers_only(void **state)
{
	struct fixture *f = *state;
	uint8_t *context = arena_alloc(f->arena, arch_amd64.context.control.size);
	struct span record = {context, arch_amd64.context.control.size};
	struct registers registers = {0};
	uint64_t word;

	context[arch_amd64.context.flags] = 1;
	assert_false(reg_read_context(&registers, &arch_amd64, record)); /* of no CPU */
	context[arch_amd64.context.flags + 2] = 0x10;
	assert_true(reg_read_context(&registers, &arch_amd64, record));
	assert_true(reg_get(&registers, arch_amd64.pc, &word));
	assert_false(reg_get(&registers, arch_amd64.g, &word));
	record.size--;
	assert_false(reg_read_context(&registers, &arch_amd64, record));
}

static void the_exceptions_registers_win(void **state)
{
	struct fixture *f = *state;
	struct registers at_fault = registers_of(f->dump->arch, 0x9000);
	const uint64_t information[] = {8, 0x10400c980b};
	struct image *image;
	uint64_t pc;

	add_process(f);
	minidump_add_exception(f->dump, 12, 0xc0000005, information, 2, &at_fault);
	image = load_ok(f);
	assert_true(image->stop.known && image->stop.fault && image->stop.has_address);
	assert_string_equal(image->stop.name, "EXCEPTION_ACCESS_VIOLATION");
	assert_int_equal((uint32_t)image->stop.number, 0xc0000005);
	assert_int_equal(image->stop.thread, 12);
	assert_int_equal(image->stop.access, ACCESS_EXECUTE);
	assert_int_equal(image->stop.address, 0x10400c980b);
	assert_false(image->threads.items[0].crashed);
	assert_true(image->threads.items[1].crashed);
	assert_true(reg_get(&image->threads.items[1].registers, image->arch->pc, &pc));
	assert_int_equal(pc, 0x9000 + image->arch->pc);
}

static void exceptions_that_are_no_faults(void **state)
{
	struct fixture *f = *state;
	struct image *image;

	add_process(f);
	minidump_add_exception(f->dump, 99, 2, NULL, 0, NULL); /* of a thread that is not listed, without registers */
	image = load_ok(f);
	assert_true(image->stop.known);
	assert_false(image->stop.fault || image->stop.has_address);
	assert_string_equal(image->stop.name, "exception 0x2");
	assert_int_equal(image->threads.count, 3);
	assert_true(image->threads.items[2].crashed);
	assert_int_equal(image->threads.items[2].registers.known, 0);
	assert_true(noted(f, "lacks the registers at the exception"));
}

static void a_crash_in_an_unloaded_module(void **state)
{
	struct fixture *f = *state;
	struct registers at_fault = registers_of(f->dump->arch, 0x190000000);

	add_process(f);
	minidump_add_unloaded(f->dump, 0x18ffff000, 0x2000, "gone.dll");
	minidump_add_exception(f->dump, 12, 0xc0000005, NULL, 0, &at_fault);
	load_ok(f);
	assert_true(noted(f, "gone.dll had been, which was unloaded"));
}

static void memory_information_tells_saved_from_mapped(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	uint8_t byte;

	add_process(f);
	minidump_add_region(f->dump, 0xbfffff0000, 0x11000, COMMIT, READWRITE); /* ends within the saved range */
	minidump_add_region(f->dump, 0xc000001000, 0x3000, COMMIT, READONLY);
	minidump_add_region(f->dump, 0xc000004000, 0x3000, RESERVE, 0);
	minidump_add_region(f->dump, 0xc000008000, 0x1000, COMMIT, READWRITE | GUARD);
	image = load_ok(f);
	assert_int_equal(image_read(image, 0xbfffff0000, &byte, 1), MEM_NOT_SAVED);
	assert_int_equal(image_read(image, 0xc000000000, &byte, 1), MEM_OK);
	assert_int_equal(image_read(image, 0xc000001fff, &byte, 1), MEM_OK);
	assert_int_equal(image_read(image, 0xc000002000, &byte, 1), MEM_NOT_SAVED);
	assert_int_equal(image_read(image, 0xc000004000, &byte, 1), MEM_UNMAPPED);
	assert_int_equal(image_segment(image, 0xc000000fff)->flags, SEGMENT_READ | SEGMENT_WRITE);
	assert_int_equal(image_segment(image, 0xc000001000)->flags, SEGMENT_READ);
	assert_int_equal(image_segment(image, 0xc000008000)->flags, 0);
	assert_int_equal(image_read(image, 0x180000000, &byte, 1), MEM_UNMAPPED); /* it says so itself */
}

static void without_memory_information_modules_existed(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	uint8_t byte;

	add_process(f);
	minidump_add_memory(f->dump, 0x180001000, 0x10);
	image = load_ok(f);
	assert_int_equal(image_read(image, 0x180000fff, &byte, 1), MEM_NOT_SAVED);
	assert_int_equal(image_read(image, 0x180001000, &byte, 1), MEM_OK);
	assert_int_equal(image_read(image, 0x180001010, &byte, 1), MEM_NOT_SAVED);
	assert_int_equal(image_read(image, 0x180002000, &byte, 1), MEM_UNMAPPED);
	assert_true(image_segment(image, 0x180001000)->flags & SEGMENT_EXEC);
	assert_false(image_segment(image, 0xc000000000)->flags & SEGMENT_EXEC);
}

static void small_dumps_say_what_they_cost(void **state)
{
	static const struct {
		uint64_t flags;
		const char *note;
	} rows[] = {{0, "(MiniDumpNormal)"}, {1, "(MiniDumpWithDataSegs)"}, {0x41, "(MiniDumpWithIndirectlyReferencedMemory)"},
		    {0x241, "(MiniDumpWithPrivateReadWriteMemory)"}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t byte;

		f->dump = minidump_new(f->arena, &arch_amd64);
		f->dump->memory64 = false;
		f->dump->flags = rows[i].flags;
		add_process(f);
		if (rows[i].flags == 1)
			minidump_add_memory(f->dump, 0x7ff612341000, 0x1000);
		assert_int_equal(image_read(load_ok(f), 0xc000000000, &byte, 1), MEM_OK);
		assert_true(noted(f, rows[i].note));
		assert_false(noted(f, "was asked for"));
	}
}

/* What the flags promise counts only if it is there. */
static void flags_are_not_believed(void **state)
{
	static const uint64_t flags[] = {1, 2, 0x41, 0x241};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		struct registers registers = registers_of(&arch_amd64, 0x1000);

		f->dump = minidump_new(f->arena, &arch_amd64);
		f->dump->memory64 = false;
		f->dump->flags = flags[i];
		reg_set(&registers, f->dump->arch->sp, 0x700800);
		minidump_add_thread(f->dump, 11, 0x7ff000, &registers);
		minidump_add_memory(f->dump, 0x700000, 0x1000); /* the stack */
		minidump_add_memory(f->dump, 0xc000000000, 8);
		load_ok(f);
		assert_true(noted(f, "(MiniDumpNormal)"));
		assert_true(noted(f, "was asked for"));
	}
}

static void stacks_may_be_with_their_threads_only(void **state)
{
	struct fixture *f = *state;
	struct image *image;
	uint8_t byte;

	add_process(f);
	minidump_add_thread_stack(f->dump, 13, 0x500000, 16, 0xab);
	minidump_add_thread_stack(f->dump, 14, 0xc000000000, 16, 0xcd); /* also in the list, with other bytes */
	image = load_ok(f);
	assert_int_equal(image_read(image, 0x50000f, &byte, 1), MEM_OK);
	assert_int_equal(byte, 0xab);
	assert_int_equal(image_read(image, 0xc000000000, &byte, 1), MEM_OK);
	assert_int_equal(byte, 0);
	assert_true(noted(f, "contradict"));
}

static void lists_may_be_aligned(void **state)
{
	struct fixture *f = *state;
	struct image *image;

	f->dump->aligned = true;
	add_process(f);
	image = load_ok(f);
	assert_int_equal(image->threads.count, 2);
	assert_int_equal(image->mappings.count, 2);
	assert_int_equal(image->threads.items[1].id, 12);
}

static void thread_information_invalidates(void **state)
{
	struct fixture *f = *state;
	struct image *image;

	add_process(f);
	minidump_add_thread_info(f->dump, 11, 0x30, 1);
	image = load_ok(f);
	assert_int_equal(image->threads.items[0].registers.known, 0);
	assert_int_equal(image->threads.items[0].teb, 0);
	assert_true(image->threads.items[1].registers.known);
}

static void comments_are_noted(void **state)
{
	struct fixture *f = *state;

	add_process(f);
	minidump_add_comment(f->dump, "Unhandled exception: C0000005");
	load_ok(f);
	assert_true(noted(f, "wrote into it: Unhandled exception: C0000005"));
}

static void other_systems_are_refused(void **state)
{
	struct fixture *f = *state;

	add_process(f);
	f->dump->processor = 0;
	refuses(f, minidump_finish(f->dump), ERR_OTHER_CPU, "it is for 386");
	f->dump = minidump_new(f->arena, &arch_amd64);
	f->dump->platform = 0x8201;
	refuses(f, minidump_finish(f->dump), ERR_OTHER_SYSTEM, "a minidump of Linux");
	f->dump = minidump_new(f->arena, &arch_amd64);
	refuses(f, minidump_finish(f->dump), ERR_BAD_DATA, "nothing usable");
	refuses(f, span_slice(minidump_finish(f->dump), 0, 31), ERR_CUT_SHORT, "within the header");
	refuses(f, span_slice(minidump_finish(f->dump), 0, 40), ERR_CUT_SHORT, "no SystemInfo");
}

static void counts_are_not_believed(void **state)
{
	struct fixture *f = *state;
	struct span file;
	struct image *image;

	add_process(f);
	f->dump->entry_count = 0xffffffff;
	file = minidump_finish(f->dump);
	memset((uint8_t *)(uintptr_t)file.data + f->dump->place[3], 0xff, 4); /* threads */
	memset((uint8_t *)(uintptr_t)file.data + f->dump->place[9], 0xff, 8); /* ranges */
	assert_null(load(f, file, &image));
	assert_int_equal(image->threads.count, 2);
	assert_true(noted(f, "the list of streams is damaged"));
	assert_true(noted(f, "the list of threads is damaged"));
	assert_true(noted(f, "the list of saved memory is damaged"));
}

static void cut_memory_is_lost_not_zero(void **state)
{
	struct fixture *f = *state;
	struct span file;
	struct image *image;
	uint8_t byte;

	add_process(f);
	file = minidump_finish(f->dump);
	assert_null(load(f, span_slice(file, 0, file.size - 0x1800), &image));
	assert_true(image->truncated);
	assert_true(noted(f, "6.0 KiB of"));
	assert_int_equal(image_read(image, 0xc0000007ff, &byte, 1), MEM_OK);
	assert_int_equal(image_read(image, 0xc000000800, &byte, 1), MEM_TRUNCATED);
}

/* Everything that this reader knows, in one small dump. */
static struct span rich_dump(struct fixture *f)
{
	struct registers registers = registers_of(f->dump->arch, 0x1000);
	const uint64_t information[] = {1, 0xc000000008};

	add_process(f);
	minidump_add_thread_name(f->dump, 11, "main");
	minidump_add_thread_info(f->dump, 11, 0, 0x1000);
	minidump_add_unloaded(f->dump, 0x1000, 0x1000, "gone.dll");
	minidump_add_region(f->dump, 0xc000000000, 0x4000, COMMIT, READWRITE);
	minidump_add_region(f->dump, 0x180000000, 0x2000, COMMIT, EXECUTE_READ);
	minidump_add_exception(f->dump, 11, 0xc0000005, information, 2, &registers);
	minidump_add_comment(f->dump, "a comment");
	f->dump->ranges.items[0].size = 64; /* so that every byte can be tried */
	return minidump_finish(f->dump);
}

/* Reads what can be read; the sanitizers judge. */
static void touch(struct fixture *f, struct span bytes)
{
	struct image *image;
	uint64_t word;

	f->notes.count = 0;
	if (load(f, bytes, &image))
		return;
	image_u64(image, 0xc000000010, &word);
	image_u64(image, 0x180000000, &word);
	image_mapping(image, 0x180000000);
}

static void damage(struct fixture *f, bool memory64)
{
	struct span file, original;

	f->dump->memory64 = memory64;
	original = file = rich_dump(f);

	for (size_t size = 4; size < original.size; size++) {
		/* A copy of its own, so that a read beyond the cut is one beyond an allocation. */
		file.data = memcpy(arena_alloc(f->arena, size), original.data, size);
		file.size = size;
		touch(f, file);
	}
	for (size_t at = 4; at < original.size; at++)
		for (unsigned mask = 1; mask < 256; mask = mask << 2 | 3) {
			uint8_t *byte = (uint8_t *)(uintptr_t)original.data + at;

			*byte ^= (uint8_t)mask;
			touch(f, original);
			*byte ^= (uint8_t)mask;
		}
}

static void every_cut_and_every_changed_byte(void **state)
{
	damage(*state, true);
}

static void every_cut_of_a_small_dump(void **state)
{
	damage(*state, false);
}

/* A stream that lies over another, or over the directory: each is read as what it is said to be. */
static void streams_may_lie_over_each_other(void **state)
{
	struct fixture *f = *state;
	struct span file = rich_dump(f);
	uint8_t *bytes = (uint8_t *)(uintptr_t)file.data;

	for (size_t from = 0; from < 16; from++)
		for (size_t to = 0; to < 16; to++) {
			uint8_t saved[8];

			memcpy(saved, bytes + 32 + 12 * to + 4, 8);
			memcpy(bytes + 32 + 12 * to + 4, bytes + 32 + 12 * from + 4, 8);
			touch(f, file);
			memset(bytes + 32 + 12 * to + 4, 0xff, 4);
			memcpy(bytes + 32 + 12 * to + 8, "\x20\0\0\0", 4);
			touch(f, file);
			memcpy(bytes + 32 + 12 * to + 4, saved, 8);
		}
}

#define DUMP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define ARM64_TEST(name) cmocka_unit_test_setup_teardown(name, setup_arm64, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DUMP_TEST(reads_threads_modules_and_memory),
		DUMP_TEST(what_a_context_leaves_out_is_unknown),
		ARM64_TEST(what_a_context_leaves_out_is_unknown),
		DUMP_TEST(a_context_of_control_registers_only),
		DUMP_TEST(the_exceptions_registers_win),
		ARM64_TEST(the_exceptions_registers_win),
		DUMP_TEST(exceptions_that_are_no_faults),
		DUMP_TEST(a_crash_in_an_unloaded_module),
		DUMP_TEST(memory_information_tells_saved_from_mapped),
		DUMP_TEST(without_memory_information_modules_existed),
		DUMP_TEST(small_dumps_say_what_they_cost),
		DUMP_TEST(flags_are_not_believed),
		DUMP_TEST(stacks_may_be_with_their_threads_only),
		DUMP_TEST(lists_may_be_aligned),
		DUMP_TEST(thread_information_invalidates),
		DUMP_TEST(comments_are_noted),
		DUMP_TEST(other_systems_are_refused),
		DUMP_TEST(counts_are_not_believed),
		DUMP_TEST(cut_memory_is_lost_not_zero),
		DUMP_TEST(every_cut_and_every_changed_byte),
		DUMP_TEST(every_cut_of_a_small_dump),
		ARM64_TEST(every_cut_and_every_changed_byte),
		DUMP_TEST(streams_may_lie_over_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
