/* test_temporary.c: files without a name, also where the file system has none, and a report's own file until it is whole. */
#include "base/temporary.h"
#include "cli/output.h"

#include "tests/build/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool no_tmpfile;      /* as on file systems that do not know O_TMPFILE */
static bool named, shielded; /* a file with a name was made; signals waited until it had none */

static bool interrupts_wait(void)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	return sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGHUP);
}

/* In place of the C library's, for the whole program. */
int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int unlink(const char *path)
{
	struct stat status;

	named = !lstat(path, &status);
	shielded = interrupts_wait();
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static struct arena *arena;

/* The state is the path of an empty folder. */
static int setup(void **state)
{
	arena = arena_new(1 << 20);
	*state = (void *)(uintptr_t)scratch_folder(arena);
	setenv("TMPDIR", *state, 1);
	no_tmpfile = named = shielded = false;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unsetenv("TMPDIR");
	arena_free(arena);
	return 0;
}

static size_t files_in(const char *folder)
{
	DIR *entries = opendir(folder);
	size_t count = 0;

	assert_non_null(entries);
	for (struct dirent *entry; (entry = readdir(entries));)
		count += *entry->d_name != '.';
	closedir(entries);
	return count;
}

static void check_nameless(const char *folder)
{
	const int descriptor = temporary_open();
	struct stat status, place;

	assert_true(descriptor >= 0);
	assert_int_equal(fstat(descriptor, &status), 0);
	assert_int_equal(stat(folder, &place), 0);
	assert_int_equal(status.st_dev, place.st_dev);
	assert_int_equal(status.st_nlink, 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(files_in(folder), 0);
	assert_int_equal(write(descriptor, "word", 4), 4);
	assert_true(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
	close(descriptor);
}

static void a_file_never_has_a_name(void **state)
{
	check_nameless(*state);
	assert_false(named);
}

static void without_tmpfile_the_name_is_gone_at_once(void **state)
{
	no_tmpfile = true;
	check_nameless(*state);
	assert_true(named);
	assert_true(shielded);
	assert_false(interrupts_wait());
}

static void no_folder_no_file(void **state)
{
	(void)state;
	setenv("TMPDIR", "/nonexistent", 1);
	assert_int_equal(temporary_open(), -1);
	assert_int_equal(errno, ENOENT);
	assert_false(interrupts_wait());
}

static void on_interrupt(int number)
{
	output_abandon();
	_exit(128 + number);
}

/* In a process of its own: half a report, and then what `end` does. */
static void write_and_stop(const char *path, const char *folder, void (*end)(struct output *output))
{
	struct output output;

	signal(SIGINT, on_interrupt);
	if (!output_open(path, NULL, &output) || fputs("half a report", output.file) < 0 || fflush(output.file))
		_exit(1);
	if (files_in(folder) != 1)
		_exit(2);
	end(&output);
	_exit(3);
}

static int status_of(const char *folder, void (*end)(struct output *output))
{
	char path[512];
	pid_t child = fork();
	int status;

	snprintf(path, sizeof path, "%s/report", folder);
	if (!child)
		write_and_stop(path, folder, end);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void interrupt(struct output *output)
{
	(void)output;
	raise(SIGINT);
}

static void keep(struct output *output)
{
	if (!output_keep(output))
		_exit(4);
	raise(SIGINT);
}

static void discard(struct output *output)
{
	output_discard(output);
	raise(SIGINT);
}

static void an_interrupted_report_leaves_nothing(void **state)
{
	assert_int_equal(status_of(*state, interrupt), 130);
	assert_int_equal(files_in(*state), 0);
}

static void a_discarded_report_leaves_nothing(void **state)
{
	assert_int_equal(status_of(*state, discard), 130);
	assert_int_equal(files_in(*state), 0);
}

static void a_whole_report_stays(void **state)
{
	char path[512];

	snprintf(path, sizeof path, "%s/report", (const char *)*state);
	assert_int_equal(status_of(*state, keep), 130);
	assert_int_equal(files_in(*state), 1);
	assert_int_equal(access(path, R_OK), 0);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_never_has_a_name, setup, teardown),
		cmocka_unit_test_setup_teardown(without_tmpfile_the_name_is_gone_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(no_folder_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(an_interrupted_report_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_discarded_report_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_whole_report_stays, setup, teardown),
	};

	return cmocka_run_group_tests_name("temporary", tests, NULL, NULL);
}
