/* test_report_ring.c: many times what the ring holds, from one process to another; a reader that wants no more; and counts that a
 * hostile writer has put there. */
#include "lib/report_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PART = 32769, PARTS = 1000 };

static bool nobody(void)
{
	return true;
}

static void write_parts(struct report_ring *ring)
{
	unsigned char part[PART];

	for (unsigned i = 0; i < PARTS; i++) {
		memset(part, (int)(i % 251), sizeof part);
		if (!report_ring_write(ring, (const char *)part, sizeof part, nobody))
			_exit(1);
	}
	_exit(0);
}

/* What comes out, one byte of each part being looked at. */
static void everything_comes_out(void **state)
{
	struct report_ring *ring = report_ring_new();
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);
	pid_t child = fork();
	int status;

	(void)state;
	if (!child)
		write_parts(ring);
	while (!waitpid(child, &status, WNOHANG))
		report_ring_pass(ring, out);
	assert_int_equal(status, 0);
	report_ring_pass(ring, out);
	assert_false(report_ring_pass(ring, out));
	fclose(out);
	assert_int_equal(size, (size_t)PART * PARTS);
	for (size_t i = 0; i < PARTS; i++) {
		assert_int_equal((unsigned char)bytes[i * PART], i % 251);
		assert_int_equal((unsigned char)bytes[(i + 1) * PART - 1], i % 251);
	}
	free(bytes);
	report_ring_free(ring);
}

static void a_full_disk_ends_it(void **state)
{
	struct report_ring *ring = report_ring_new();
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	setvbuf(out, NULL, _IONBF, 0);
	assert_true(report_ring_write(ring, "bytes", 5, nobody));
	assert_true(report_ring_pass(ring, out));
	assert_true(ferror(out));
	assert_false(report_ring_write(ring, "bytes", 5, nobody));
	assert_true(report_ring_pass(ring, out)); /* they are taken, and go nowhere */
	fclose(out);
	report_ring_free(ring);
}

/* The first member is what was written: of a count that cannot be, no more is passed on than the ring holds. */
static void counts_are_not_believed(void **state)
{
	struct report_ring *ring = report_ring_new();
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);

	(void)state;
	*(size_t *)(void *)ring = SIZE_MAX / 2 + 12345;
	assert_true(report_ring_pass(ring, out));
	fclose(out);
	assert_int_equal(size, 1 << 22);
	free(bytes);
	report_ring_free(ring);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_out),
		cmocka_unit_test(a_full_disk_ends_it),
		cmocka_unit_test(counts_are_not_believed),
	};

	return cmocka_run_group_tests_name("report ring", tests, NULL, NULL);
}
