/* test_isolated.c: a batch in which one file makes its reader crash, or makes it say what is not so. The linker puts
 * __wrap_scan_bytes in the place of scan_bytes (see Makefile). */
#include "scan/batch.h"

#include "base/isolation.h"
#include "formats/archive/archive.h"
#include "scan/record.h"
#include "scan/rule.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BUDGET ((size_t)1 << 28)

void __real_scan_bytes(struct arena *results, const char *path, struct span bytes, bool cut_short, struct scanned *ret);
void __wrap_scan_bytes(struct arena *results, const char *path, struct span bytes, bool cut_short, struct scanned *ret);

void __wrap_scan_bytes(struct arena *results, const char *path, struct span bytes, bool cut_short, struct scanned *ret)
{
	volatile uintptr_t nowhere = 8;

	if (strstr(path, "crashes"))
		*(volatile char *)nowhere = 1;
	if (strstr(path, "runs"))
		execl("/bin/true", "true", (char *)NULL);
	if (strstr(path, "lies")) {
		broker_tell(ISOLATION_TOLD, "lies", 4);
		broker_tell(ISOLATION_TOLD + 1, "", 0);
		pause();
	}
	__real_scan_bytes(results, path, bytes, cut_short, ret);
}

static struct span program(struct arena *arena)
{
	const char *path = arena_printf(arena, "%s/arm64-asm-frame/exe.zst", getenv("CASES"));
	struct file_bytes file;

	assert_null(file_map(arena, path, NULL, &file));
	return file.bytes;
}

static void only_that_file_is_lost(struct arena *arena)
{
	static const char *const names[] = {"crashes", "fine", "lies", "runs", "well"};
	static const char *const says[] = {"", "", "makes no sense", "its sandbox forbids"};
	const char *folder = scratch_folder(arena);
	const char *const paths[] = {folder, NULL};

	for (size_t i = 0; i < 5; i++)
		scratch_write(arena, folder, names[i], program(arena));
	for (unsigned workers = 1; workers < 4; workers += 2) {
		const struct scan_options options = {.isolated = true, .workers = workers};
		const struct scan_batch *batch = scan_paths(arena, paths, &options);

		assert_int_equal(batch->binaries.count, 2);
		assert_non_null(strstr(batch->binaries.items[0].path, "/fine"));
		assert_non_null(strstr(batch->binaries.items[1].path, "/well"));
		assert_true(batch->binaries.items[1].findings.count > 0);
		assert_int_equal(batch->failures.count, 3);
		assert_non_null(strstr(batch->failures.items[0].path, "/crashes"));
		for (size_t i = 0; i < 3; i++) {
			assert_string_equal(batch->failures.items[i].code, "crashed");
			assert_non_null(strstr(batch->failures.items[i].text, i ? says[i + 1] : "reading it"));
		}
	}
}

static struct span written(struct arena *arena, const struct input_result *result)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);
	struct span copy;

	record_write(result, out);
	fclose(out);
	copy = (struct span){(const uint8_t *)arena_strndup(arena, bytes, size), size};
	free(bytes);
	return copy;
}

static void records_are_read_again(struct arena *arena)
{
	struct input_result result = {.others = 7}, again = {0}, none = {0};
	struct scanned binary;
	struct span bytes, second;

	__real_scan_bytes(arena, "program", program(arena), true, &binary);
	assert_true(binary.findings.count && binary.unchecked.count);
	vec_push(arena, &result.binaries, binary);
	vec_push(arena, &result.failures, (struct scan_failure){"path", "io", "text", true});
	bytes = written(arena, &result);
	assert_true(record_read(arena, bytes, &again));
	second = written(arena, &again);
	assert_int_equal(second.size, bytes.size);
	assert_memory_equal(second.data, bytes.data, bytes.size);
	for (size_t size = 0; size < bytes.size; size += size < 2000 ? 1 : 97)
		assert_false(record_read(arena, (struct span){bytes.data, size}, &none));
	for (size_t at = 0; at < bytes.size; at += 8) { /* whatever it says, it is read without harm */
		uint8_t *changed = (uint8_t *)(uintptr_t)bytes.data + at, was = *changed;

		*changed = (uint8_t)(was + 0x81);
		record_read(arena, bytes, &none);
		*changed = was;
		if (at > 4000)
			at += 800;
	}
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(only_that_file_is_lost)
TEST(records_are_read_again)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_that_file_is_lost),
		cmocka_unit_test(test_records_are_read_again),
	};

	return cmocka_run_group_tests_name("isolated scan", tests, NULL, NULL);
}
