/* test_image.c: reading memory: what is there, what is not and why; backing; opening what is not a dump. */
#include "formats/dump/image.h"

#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <sys/mman.h>

#include <cmocka.h>

static uint8_t low[0x100], high[0x100], text[0x300];

struct fixture {
	struct arena *arena;
	struct notes notes;
	struct image image;
};

static void add(struct fixture *f, uint64_t address, uint64_t size, struct span saved, uint64_t promised)
{
	vec_push(f->arena, &f->image.segments,
		 (struct segment){.address = address, .size = size, .saved = saved, .promised = promised});
}

/* 0x1000..0x1100 and 0x1100..0x1300 touch; of the second, 0x100 are saved, 0x40 more were cut off, the rest was never
 * saved. 0x2000..0x2300 was never saved. */
static int setup(void **state)
{
	struct arena *arena = arena_new(1 << 24);
	struct fixture *f = arena_alloc(arena, sizeof *f);

	for (size_t i = 0; i < sizeof low; i++) {
		low[i] = (uint8_t)i;
		high[i] = (uint8_t)(i + 1);
	}
	memset(text, 0xcc, sizeof text);
	f->arena = arena;
	f->notes.arena = arena;
	f->image.arena = arena;
	f->image.notes = &f->notes;
	add(f, 0x1000, 0x100, (struct span){low, sizeof low}, 0x100);
	add(f, 0x1100, 0x200, (struct span){high, sizeof high}, 0x140);
	add(f, 0x2000, 0x300, (struct span){0}, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	return 0;
}

static void states_are_told_apart(void **state)
{
	struct fixture *f = *state;
	uint8_t byte = 0x5a;

	assert_int_equal(image_read(&f->image, 0xfff, &byte, 1), MEM_UNMAPPED);
	assert_int_equal(image_read(&f->image, 0x1200, &byte, 1), MEM_TRUNCATED);
	assert_int_equal(image_read(&f->image, 0x123f, &byte, 1), MEM_TRUNCATED);
	assert_int_equal(image_read(&f->image, 0x1240, &byte, 1), MEM_NOT_SAVED);
	assert_int_equal(image_read(&f->image, 0x12ff, &byte, 1), MEM_NOT_SAVED);
	assert_int_equal(image_read(&f->image, 0x1300, &byte, 1), MEM_UNMAPPED);
	assert_int_equal(image_read(&f->image, 0x2000, &byte, 1), MEM_NOT_SAVED);
	assert_int_equal(image_read(&f->image, UINT64_MAX, &byte, 1), MEM_UNMAPPED);
	assert_int_equal(byte, 0x5a);
	assert_int_equal(image_read(&f->image, 0x1000, &byte, 1), MEM_OK);
	assert_int_equal(byte, 0);
	assert_int_equal(image_read(&f->image, 0x5000, &byte, 0), MEM_OK);
}

static void reads_cross_segments(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[0x300];
	uint64_t word;

	memset(buf, 0x5a, sizeof buf);
	assert_int_equal(image_read(&f->image, 0x10fe, buf, 4), MEM_OK);
	assert_memory_equal(buf, "\xfe\xff\x01\x02", 4);
	assert_int_equal(image_read(&f->image, 0x1000, buf, 0x200), MEM_OK);
	memset(buf, 0x5a, sizeof buf);
	assert_int_equal(image_read(&f->image, 0x1000, buf, 0x201), MEM_TRUNCATED);
	assert_int_equal(buf[0], 0x5a); /* nothing is written unless all is there */
	assert_int_equal(image_read(&f->image, 0x1000, buf, SIZE_MAX), MEM_UNMAPPED);
	assert_int_equal(image_read(&f->image, UINT64_MAX - 3, buf, 8), MEM_UNMAPPED);
	assert_true(image_u64(&f->image, 0x10fc, &word));
	assert_true(word == UINT64_C(0x04030201fffefdfc));
	assert_false(image_u64(&f->image, 0x11f9, &word));
	assert_true(word == UINT64_C(0x04030201fffefdfc));
}

static void numbers(void **state)
{
	struct fixture *f = *state;
	uint64_t u64;
	uint32_t u32;
	uint8_t u8;

	for (int round = 0; round < 2; round++) { /* the second time through the cache */
		assert_true(image_u64(&f->image, 0x1008, &u64));
		assert_true(u64 == UINT64_C(0x0f0e0d0c0b0a0908));
		assert_true(image_u32(&f->image, 0x1100, &u32));
		assert_int_equal(u32, 0x04030201);
		assert_true(image_u8(&f->image, 0x10ff, &u8));
		assert_int_equal(u8, 0xff);
		assert_false(image_u64(&f->image, 0x2000, &u64));
		assert_false(image_u32(&f->image, 0x11fd, &u32));
		assert_false(image_u8(&f->image, 0x3000, &u8));
	}
}

static void views_end_with_the_segment(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(image_view(&f->image, 0x1010, 0x20).size, 0x20);
	assert_ptr_equal(image_view(&f->image, 0x1010, 0x20).data, low + 0x10);
	assert_int_equal(image_view(&f->image, 0x10f0, 0x20).size, 0x10);
	assert_int_equal(image_view(&f->image, 0x1100, UINT64_MAX).size, 0x100);
	assert_int_equal(image_view(&f->image, 0x1200, 1).size, 0);
	assert_int_equal(image_view(&f->image, 0x9000, 1).size, 0);
}

static void bytes_are_joined(void **state)
{
	struct fixture *f = *state;
	struct span joined = image_bytes(&f->image, 0x10fe, 4);

	assert_int_equal(joined.size, 4);
	assert_memory_equal(joined.data, "\xfe\xff\x01\x02", 4);
	assert_ptr_equal(image_bytes(&f->image, 0x1010, 0x20).data, low + 0x10);
	assert_int_equal(image_bytes(&f->image, 0x1000, 0x200).size, 0x200);
	assert_int_equal(image_bytes(&f->image, 0x1000, 0x201).size, 0); /* all or nothing */
	assert_int_equal(image_bytes(&f->image, 0x1000, UINT64_MAX).size, 0);
	assert_true(image_holds(&f->image, 0x1000, 0x200));
	assert_true(image_holds(&f->image, 0x9000, 0));
	assert_false(image_holds(&f->image, 0x1000, 0x201));
	assert_false(image_holds(&f->image, UINT64_MAX - 3, 8));
}

static void strings(void **state)
{
	struct fixture *f = *state;

	memcpy(low + 0xfe, "go", 2);
	memcpy(high, "es", 2);
	assert_string_equal(image_string(&f->image, 0x10fe, 2), "go");
	assert_string_equal(image_string(&f->image, 0x10fe, 4), "goes");
	assert_string_equal(image_string(&f->image, 0x10fe, 0), "");
	assert_null(image_string(&f->image, 0x11f0, 0x11));
	assert_null(image_string(&f->image, 0x9000, 3));
	assert_null(image_string(&f->image, 0x1000, UINT64_MAX));
}

static void segments_and_mappings(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(image_segment(&f->image, 0x12ff)->address, 0x1100);
	assert_int_equal(image_segment(&f->image, 0x2000)->address, 0x2000);
	assert_null(image_segment(&f->image, 0x1300));
	assert_null(image_segment(&f->image, 0));
	vec_push(f->arena, &f->image.mappings, (struct mapping){.start = 0x1000, .end = 0x1200, .path = "/a"});
	vec_push(f->arena, &f->image.mappings, (struct mapping){.start = 0x2000, .end = 0x2200, .path = "/b"});
	assert_string_equal(image_mapping(&f->image, 0x11ff)->path, "/a");
	assert_string_equal(image_mapping(&f->image, 0x2000)->path, "/b");
	assert_null(image_mapping(&f->image, 0x1200));
	assert_null(image_mapping(&f->image, 0xfff));
	assert_null(image_mapping(&f->image, 0x2200));
}

/* Mapped files' data first, then the rest, and of that not too much. */
static void data_is_searched_in_order(void **state)
{
	enum { HUGE_SEGMENT = 256 << 20, PIECES = 5 };
	struct fixture *f = *state;
	void *zeros = mmap(NULL, HUGE_SEGMENT + 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct data_search search = {0};
	uint64_t address;

	assert_ptr_not_equal(zeros, MAP_FAILED);
	add(f, 0x2400, 0x100, (struct span){low, sizeof low}, 0x100);
	add(f, 0x3000, 0x100, (struct span){high, sizeof high}, 0x100);
	add(f, 0x4000, HUGE_SEGMENT + 1, (struct span){zeros, HUGE_SEGMENT + 1}, HUGE_SEGMENT + 1);
	for (uint64_t i = 1; i <= PIECES; i++)
		add(f, i << 32, HUGE_SEGMENT, (struct span){zeros, HUGE_SEGMENT}, HUGE_SEGMENT);
	for (size_t i = 4; i < f->image.segments.count; i++)
		f->image.segments.items[i].flags = SEGMENT_READ | SEGMENT_WRITE;
	f->image.segments.items[2].flags = SEGMENT_WRITE; /* not saved */
	f->image.segments.items[3].flags = SEGMENT_WRITE;
	vec_push(f->arena, &f->image.mappings, (struct mapping){.start = 0x3000, .end = 0x3100, .path = "program"});
	f->image.bytes.size = sizeof high; /* a bound of what is mapped only */
	assert_int_equal(image_data(&f->image, &search, &address).size, sizeof high);
	assert_int_equal(address, 0x3000);
	assert_int_equal(image_data(&f->image, &search, &address).size, sizeof low);
	assert_int_equal(address, 0x2400);
	for (uint64_t i = 1; i < PIECES - 1; i++) {
		assert_int_equal(image_data(&f->image, &search, &address).size, HUGE_SEGMENT);
		assert_int_equal(address, i << 32);
	}
	assert_false(search.ended_early);
	assert_int_equal(image_data(&f->image, &search, &address).size, 0);
	assert_true(search.ended_early);
	munmap(zeros, HUGE_SEGMENT + 1);
}

static void data_of_mapped_files_is_not_more_than_the_dump(void **state)
{
	struct fixture *f = *state;
	struct data_search search = {0};
	uint64_t address;

	for (uint64_t at = 0x3000; at < 0x6000; at += 0x1000)
		add(f, at, sizeof low, (struct span){low, sizeof low}, sizeof low);
	for (size_t i = 3; i < f->image.segments.count; i++)
		f->image.segments.items[i].flags = SEGMENT_WRITE;
	vec_push(f->arena, &f->image.mappings, (struct mapping){.start = 0x3000, .end = 0x6000, .path = "program"});
	f->image.bytes.size = 2 * sizeof low;
	assert_int_equal(image_data(&f->image, &search, &address).size, sizeof low);
	assert_int_equal(image_data(&f->image, &search, &address).size, sizeof low);
	assert_false(search.ended_early);
	assert_int_equal(image_data(&f->image, &search, &address).size, 0);
	assert_true(search.ended_early);
	assert_false(search.unmapped);
}

static void auxv_values(void **state)
{
	struct fixture *f = *state;
	uint64_t value = 1;

	vec_push(f->arena, &f->image.auxv, (struct auxv_entry){9, 0x401000});
	assert_true(image_auxv(&f->image, 9, &value));
	assert_int_equal(value, 0x401000);
	assert_false(image_auxv(&f->image, 3, &value));
}

/* ---- backing ---- */

static struct exe *make_exe(struct fixture *f, uint64_t address, uint8_t flags)
{
	struct exe *exe = arena_alloc(f->arena, sizeof *exe);

	vec_push(f->arena, &exe->segments,
		 (struct exe_segment){
			 .address = address,
			 .size = sizeof text,
			 .bytes = {text, sizeof text},
			 .flags = flags,
		 });
	return exe;
}

static void backing_fills_only_what_the_dump_lacks(void **state)
{
	struct fixture *f = *state;
	uint64_t word;
	uint8_t byte;

	/* 0x1100..0x1400: over saved, truncated, not-saved and unmapped addresses */
	image_add_backing(&f->image, make_exe(f, 0x100, SEGMENT_READ | SEGMENT_EXEC), 0x1000);
	assert_true(image_u8(&f->image, 0x1110, &byte));
	assert_int_equal(byte, 0x11);
	for (uint64_t address = 0x1200; address < 0x1400; address++) {
		assert_true(image_u8(&f->image, address, &byte));
		assert_int_equal(byte, 0xcc);
	}
	assert_false(image_u8(&f->image, 0x1400, &byte));
	assert_true(image_u64(&f->image, 0x11fc, &word)); /* half dump, half executable */
	assert_true(word == UINT64_C(0xcccccccc00fffefd));
	assert_int_equal(image_view(&f->image, 0x1200, 0x1000).size, 0x200);
}

static void backing_ends_where_the_dump_begins(void **state)
{
	struct fixture *f = *state;
	uint64_t word;

	image_add_backing(&f->image, make_exe(f, 0xf00, SEGMENT_READ), 0);
	memset(low, 0x11, 8);
	assert_int_equal(image_view(&f->image, 0xf80, 0x1000).size, 0x80);
	assert_true(image_u64(&f->image, 0xffc, &word));
	assert_true(word == UINT64_C(0x11111111cccccccc));
}

static void backing_never_serves_writable_segments(void **state)
{
	struct fixture *f = *state;
	uint8_t byte;

	image_add_backing(&f->image, make_exe(f, 0x2000, SEGMENT_READ | SEGMENT_WRITE), 0);
	assert_int_equal(image_read(&f->image, 0x2000, &byte, 1), MEM_NOT_SAVED);
}

static void backing_is_added_once_and_ordered(void **state)
{
	struct fixture *f = *state;
	struct exe *wrapping = make_exe(f, UINT64_MAX - 0x10, SEGMENT_READ);

	image_add_backing(&f->image, make_exe(f, 0x8000, SEGMENT_READ), 0);
	image_add_backing(&f->image, make_exe(f, 0x2000, SEGMENT_READ), 0);
	image_add_backing(&f->image, make_exe(f, 0x2010, SEGMENT_READ), 0);
	image_add_backing(&f->image, make_exe(f, 0x1f00, SEGMENT_READ), 0);
	image_add_backing(&f->image, wrapping, 0);
	assert_int_equal(f->image.backing.count, 2);
	assert_int_equal(f->image.backing.items[0].address, 0x2000);
	assert_int_equal(f->image.backing.items[1].address, 0x8000);
	image_add_backing(&f->image, wrapping, (uint64_t)0 - 0x1000); /* a negative bias */
	assert_true(f->image.backing.items[2].address == UINT64_MAX - 0x1010);
}

/* ---- registers ---- */

static void unknown_registers_stay_unknown(void **state)
{
	struct registers registers = {0};
	uint8_t record[336] = {0};
	uint64_t value = 77;

	(void)state;
	record[112 + 128] = 0x42; /* rip */
	assert_false(reg_get(&registers, arch_amd64.pc, &value));
	assert_false(reg_get(&registers, REG_NONE, &value));
	reg_set(&registers, REG_NONE, 1);
	assert_int_equal(value, 77);
	reg_read(&registers, &arch_amd64.prstatus, (struct span){record, 112 + 136});
	assert_true(reg_get(&registers, arch_amd64.pc, &value));
	assert_int_equal(value, 0x42);
	assert_false(reg_get(&registers, arch_amd64.sp, &value)); /* behind the end of the record */
	reg_forget(&registers, arch_amd64.pc);
	assert_false(reg_get(&registers, arch_amd64.pc, &value));
}

static void cpus_form_addresses(void **state)
{
	(void)state;
	assert_true(arch_forms(&arch_amd64, 0x7fffffffffff));
	assert_false(arch_forms(&arch_amd64, 0x800000000000));
	assert_true(arch_forms(&arch_amd64, 0xffff800000000000));
	assert_true(arch_forms(&arch_arm64, 0xffff3a371170));
	assert_true(arch_forms(&arch_arm64, 0xfffffffffffff));
	assert_true(arch_forms(&arch_arm64, 0x5a00000001234560)); /* a tag */
	assert_false(arch_forms(&arch_arm64, 0x200000004855d8));
	assert_false(arch_forms(&arch_arm64, 0x5a10000000000000));
	assert_true(arch_untagged(&arch_arm64, 0x5a00000001234560) == 0x1234560);
	assert_true(arch_untagged(&arch_arm64, 0x5aff800000001000) == 0xffff800000001000);
	assert_true(arch_untagged(&arch_amd64, 0x5a00000001234560) == 0x5a00000001234560);
}

static void arch_tables_are_whole(void **state)
{
	const struct arch *const all[] = {arch_of_elf(62), arch_of_elf(183)};

	(void)state;
	assert_null(arch_of_elf(3));
	for (size_t i = 0; i < 2; i++) {
		assert_true(all[i]->reg_count <= REG_LIMIT);
		for (size_t r = 0; r < all[i]->reg_count; r++)
			assert_non_null(all[i]->reg_names[r]);
		for (size_t s = 0; s < all[i]->prstatus.count; s++)
			assert_true(all[i]->prstatus.slots[s].offset + 8u <= all[i]->prstatus.size);
		for (size_t s = 0; s < all[i]->ucontext.count; s++)
			assert_true(all[i]->ucontext.slots[s].offset + 8u <= all[i]->ucontext.size);
	}
	assert_string_equal(all[0]->reg_names[all[0]->pc], "rip");
	assert_string_equal(all[0]->reg_names[all[0]->g], "r14");
	assert_string_equal(all[1]->reg_names[all[1]->lr], "x30");
	assert_string_equal(all[1]->reg_names[all[1]->sp], "sp");
}

/* ---- what is not a dump ---- */

static void check_refused(struct fixture *f, const char *content, size_t size, enum err_code code, const char *says)
{
	const char *folder = scratch_folder(f->arena);
	const char *path = scratch_write(f->arena, folder, "file", (struct span){(const uint8_t *)content, size});
	struct image *image = (struct image *)f;
	const struct err *err = image_open(f->arena, &f->notes, path, NULL, &image);

	assert_non_null(err);
	assert_int_equal(err->code, code);
	assert_non_null(strstr(err_describe(f->arena, err), says));
	assert_ptr_equal(image, f); /* untouched */
}

static void refuses_what_is_no_dump(void **state)
{
	struct fixture *f = *state;
	struct image *image;

	check_refused(f, "", 0, ERR_NO_DUMP, "empty");
	check_refused(f, "goroutine 1 [running]:\n", 23, ERR_NO_DUMP, "text");
	check_refused(f, "MZ\x90\0\3", 5, ERR_NO_DUMP, "--exe");
	check_refused(f, "\x01\x02\x03\x00\x05", 5, ERR_NO_DUMP, "01 02 03 00");
	check_refused(f, "\x7f" "ELF", 4, ERR_CUT_SHORT, "header");
	assert_int_equal(image_open(f->arena, &f->notes, "/nonexistent", NULL, &image)->code, ERR_IO);
	assert_int_equal(image_open(f->arena, &f->notes, "/", NULL, &image)->code, ERR_IO);
}

/* Shared files and what cannot be written may be missing. */
static void whole_is_what_could_be_written(void **state)
{
	struct fixture *f = *state;
	struct segment *segments = f->image.segments.items;

	vec_push(f->arena, &f->image.mappings, (struct mapping){.start = 0x2000, .end = 0x2300, .path = "/shared"});
	assert_true(image_is_whole(&f->image));
	segments[2].flags = segments[0].flags = SEGMENT_WRITE;
	assert_true(image_is_whole(&f->image));
	f->image.mappings.items[0].start = 0x2100;
	assert_false(image_is_whole(&f->image));
	segments[2].flags = 0;
	segments[1].flags = SEGMENT_WRITE;
	assert_false(image_is_whole(&f->image));
	segments[1].flags = SEGMENT_READ;
	assert_true(image_is_whole(&f->image));
	f->image.truncated = true;
	assert_false(image_is_whole(&f->image));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(states_are_told_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_cross_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(views_end_with_the_segment, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_are_joined, setup, teardown),
		cmocka_unit_test_setup_teardown(strings, setup, teardown),
		cmocka_unit_test_setup_teardown(segments_and_mappings, setup, teardown),
		cmocka_unit_test_setup_teardown(data_is_searched_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(data_of_mapped_files_is_not_more_than_the_dump, setup, teardown),
		cmocka_unit_test_setup_teardown(auxv_values, setup, teardown),
		cmocka_unit_test_setup_teardown(backing_fills_only_what_the_dump_lacks, setup, teardown),
		cmocka_unit_test_setup_teardown(backing_ends_where_the_dump_begins, setup, teardown),
		cmocka_unit_test_setup_teardown(backing_never_serves_writable_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(backing_is_added_once_and_ordered, setup, teardown),
		cmocka_unit_test_setup_teardown(whole_is_what_could_be_written, setup, teardown),
		cmocka_unit_test(unknown_registers_stay_unknown),
		cmocka_unit_test(cpus_form_addresses),
		cmocka_unit_test(arch_tables_are_whole),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_dump, setup, teardown),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
