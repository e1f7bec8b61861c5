/* test_root.c: links below a folder that stands for the root lead nowhere else, with openat2 and without. */
#include "base/files.h"
#include "base/root.h"

#include "tests/build/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { BUDGET = 1 << 22 };

typedef int opener(const char *root, const char *name, int flags);

static opener *const openers[] = {root_open, root_walk};

static void link_to(struct arena *arena, const char *root, const char *name, const char *target)
{
	assert_int_equal(symlink(target, arena_printf(arena, "%s/%s", root, name)), 0);
}

static const char *make_root(struct arena *arena)
{
	const char *root = scratch_folder(arena), *name = "l0";

	scratch_write(arena, root, "lib/a.so", (struct span){(const uint8_t *)"within", 6});
	link_to(arena, root, "absolute", "/lib/a.so");
	link_to(arena, root, "relative", "./lib/../lib//a.so");
	link_to(arena, root, "folder", "/lib");
	link_to(arena, root, "lib/up", "../../../../lib/a.so"); /* above the root is the root */
	link_to(arena, root, "host", "/etc/passwd");
	link_to(arena, root, "climbing", "../../../../../../../../etc/passwd");
	link_to(arena, root, "circle", "circle");
	link_to(arena, root, "long", "l0");
	for (int i = 1; i < 64; i++) {
		const char *next = arena_printf(arena, "l%d", i);

		link_to(arena, root, name, next);
		name = next;
	}
	link_to(arena, root, name, "lib/a.so");
	return root;
}

static void expect_within(opener *open_in, const char *root, const char *name)
{
	char bytes[8] = "";
	const int descriptor = open_in(root, name, O_RDONLY | O_CLOEXEC);

	assert_true(descriptor >= 0);
	assert_int_equal(read(descriptor, bytes, sizeof bytes), 6);
	assert_string_equal(bytes, "within");
	close(descriptor);
}

static void expect_error(opener *open_in, const char *root, const char *name, int error)
{
	assert_int_equal(open_in(root, name, O_RDONLY | O_CLOEXEC), -1);
	assert_int_equal(errno, error);
}

static void follow_links(struct arena *arena)
{
	const char *root = make_root(arena);

	for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
		expect_within(openers[i], root, "lib/a.so");
		expect_within(openers[i], root, "/lib/./a.so");
		expect_within(openers[i], root, "absolute");
		expect_within(openers[i], root, "relative");
		expect_within(openers[i], root, "folder/a.so");
		expect_within(openers[i], root, "folder/up");
		expect_within(openers[i], root, "../../lib/a.so");
		expect_error(openers[i], root, "host", ENOENT);
		expect_error(openers[i], root, "climbing", ENOENT);
		expect_error(openers[i], root, "../../../../../../../etc/passwd", ENOENT);
		expect_error(openers[i], root, "circle", ELOOP);
		expect_error(openers[i], root, "long", ELOOP);
		expect_error(openers[i], root, "lib/a.so/x", ENOTDIR);
		expect_error(openers[i], arena_printf(arena, "%s/none", root), "x", ENOENT);
	}
}

static void ask_for_files(struct arena *arena)
{
	const char *root = make_root(arena), *host = arena_printf(arena, "%s/host", root);
	const char *const paths[] = {host, arena_printf(arena, "%s/lib", root), arena_printf(arena, "%s/absolute", root), "/etc/passwd"};

	assert_int_equal(file_first(root, paths, 4), 2);
	assert_int_equal(file_first(NULL, paths, 4), 0);
	assert_int_equal(file_first(root, paths, 2), 2);
	assert_true(file_is_regular(root, arena_printf(arena, "%s/absolute", root)));
	assert_false(file_is_regular(NULL, arena_printf(arena, "%s/absolute", root))); /* /lib/a.so of this machine */
	assert_true(file_is_regular(NULL, host));
	assert_false(file_is_regular(root, host));
	assert_int_equal(file_open(root, host), -1);
	assert_true(file_is_regular(root, "/etc/passwd")); /* not below it */
	assert_false(file_is_regular(root, arena_printf(arena, "%s/lib", root)));
}

static void links_stay_in_the_root(void **state)
{
	(void)state;
	scratch_arena(BUDGET, follow_links);
}

static void files_below_it_are_asked_so(void **state)
{
	(void)state;
	scratch_arena(BUDGET, ask_for_files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_stay_in_the_root),
		cmocka_unit_test(files_below_it_are_asked_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
