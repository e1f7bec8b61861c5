/* test_isolation.c: a reader of dumps that has been taken over. The linker puts __wrap_image_open in the place of image_open (see
 * Makefile), for this program alone: it does what an attacker would in the child, and then lets the analysis go on. */
#include "lib/tornstack.h"

#include "base/files.h"
#include "base/temporary.h"
#include "formats/archive/archive.h"
#include "formats/dump/image.h"
#include "lib/isolated.h"
#include "tests/build/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { BUDGET = 1 << 24 };

/* What the child found; shared with the test. */
static struct found {
	int reached, error, second, third;
	pid_t pid;
	long long count;
} *found;

static void (*attack)(void);

const struct err *__real_image_open(struct arena *arena, struct notes *notes, const char *path,
				    const struct file_options *options, struct image **ret);
const struct err *__wrap_image_open(struct arena *arena, struct notes *notes, const char *path,
				    const struct file_options *options, struct image **ret);

const struct err *__wrap_image_open(struct arena *arena, struct notes *notes, const char *path,
				    const struct file_options *options, struct image **ret)
{
	if (attack)
		attack();
	return __real_image_open(arena, notes, path, options, ret);
}

static const char *dump_path(struct arena *arena)
{
	return arena_printf(arena, "%s/amd64-panic-stripped/dump.zst", getenv("CASES"));
}

/* How an analysis ends whose reader does that; the report in *text, on the arena. */
static struct ts_result result_of(struct arena *arena, void (*body)(void), const char **text)
{
	const struct ts_options options = {.quiet = true, .sysroot = "/nonexistent", .isolated = true};
	char *memory = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&memory, &size);
	struct ts_result result;

	memset(found, 0, sizeof *found);
	attack = body;
	result = ts_analyze(dump_path(arena), &options, out);
	attack = NULL;
	fclose(out);
	if (text)
		*text = arena_strndup(arena, memory, size);
	free(memory);
	return result;
}

static void assert_stopped(const struct ts_result *result, const char *code, const char *says)
{
	assert_int_equal(result->outcome, TS_FAILED);
	assert_string_equal(result->error_code, code);
	if (!strstr(result->error, says))
		fail_msg("\"%s\" lacks \"%s\"", result->error, says);
	assert_int_equal(found->reached, 1); /* and no further */
	assert_false(result->begun);
}

/* ---- what ends it ---- */

static void run_program(void)
{
	char *const words[] = {(char *)(uintptr_t)"true", NULL};

	found->reached++;
	execve("/bin/true", words, NULL);
	found->reached++;
}

static void make_socket(void)
{
	found->reached++;
	found->error = socket(AF_INET, SOCK_STREAM, 0);
	found->reached++;
}

static void connect_channel(void)
{
	found->reached++;
	connect(3, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr));
	found->reached++;
}

static void look_into_parent(void)
{
	found->reached++;
	ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
	found->reached++;
}

static void forbidden_calls_end_it(struct arena *arena)
{
	static void (*const attacks[])(void) = {run_program, make_socket, connect_channel, look_into_parent};

	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
		struct ts_result result = result_of(arena, attacks[i], NULL);

		assert_stopped(&result, "crashed", "its sandbox forbids");
	}
}

static void write_past_memory(void)
{
	volatile uintptr_t nowhere = 8;

	found->reached++;
	*(volatile char *)nowhere = 1;
	found->reached++;
}

static void end_silently(void)
{
	found->reached++;
	_exit(0);
}

static void crashes_are_told(struct arena *arena)
{
	struct ts_result result = result_of(arena, end_silently, NULL);

	assert_stopped(&result, "crashed", "ended while beginning to read");
	result = result_of(arena, write_past_memory, NULL);
	if (SANDBOX_LIMITS_MEMORY)
		assert_stopped(&result, "crashed", "crashed while beginning to read (SIGSEGV)");
	else /* a sanitizer handles SIGSEGV, and asks for what is forbidden */
		assert_stopped(&result, result.error_code, "while beginning to read");
}

static void compute_forever(void)
{
	struct rlimit limit;

	found->reached++;
	getrlimit(RLIMIT_CPU, &limit);
	found->count = (long long)limit.rlim_max;
	limit = (struct rlimit){1, 3};
	setrlimit(RLIMIT_CPU, &limit); /* the test need not last as long */
	for (;;)
		;
}

static void time_is_limited(struct arena *arena)
{
	struct ts_result result = result_of(arena, compute_forever, NULL);

	assert_true(found->count > 0 && found->count < 600);
	assert_stopped(&result, "limit", "of CPU time, the limit");
}

/* Whoever calls from a thread that has signals blocked. */
static void blocked_signals_do_not_matter(struct arena *arena)
{
	sigset_t all, before;
	struct ts_result result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = result_of(arena, compute_forever, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_stopped(&result, "limit", "of CPU time, the limit");
}

static void leave_something_behind(void)
{
	pid_t child = fork();

	if (!child)
		for (;;)
			pause();
	found->pid = child;
	found->reached++;
	_exit(0);
}

static void nothing_stays_behind(struct arena *arena)
{
	const struct timespec tenth = {.tv_nsec = 100000000};
	struct ts_result result = result_of(arena, leave_something_behind, NULL);

	assert_stopped(&result, "crashed", "without a result");
	assert_true(found->pid > 0);
	for (int i = 0; i < 50 && !kill(found->pid, 0); i++) /* its new parent has to wait for it */
		nanosleep(&tenth, NULL);
	if (!kill(found->pid, 0)) { /* nobody does, in some containers */
		char state[64] = "", name[64];
		FILE *file;

		snprintf(name, sizeof name, "/proc/%d/stat", (int)found->pid);
		file = fopen(name, "r");
		assert_non_null(file);
		assert_non_null(fgets(state, sizeof state, file));
		fclose(file);
		assert_non_null(strstr(state, ") Z"));
	}
}

static void ask_and_never_listen(void)
{
	found->reached++;
	for (int i = 0; i < 1 << 20; i++)
		if (!broker_tell(BROKER_FIRST_FILE, "/etc/passwd", 11))
			break;
	found->reached++;
	pause();
}

static void who_does_not_listen_is_ended(struct arena *arena)
{
	struct ts_result result = result_of(arena, ask_and_never_listen, NULL);

	assert_int_equal(result.outcome, TS_FAILED);
	assert_string_equal(result.error_code, "crashed");
}

static void forge_result(void)
{
	struct ts_result result = {.outcome = TS_FAILED};

	memset(&result.error, 'x', sizeof result.error);
	memcpy(result.error, "\033]0;owned\a", 10);
	memset(&result.error_code, 'y', sizeof result.error_code);
	found->reached++;
	broker_tell(ISOLATED_RESULT + 7, &result, sizeof result);
	broker_tell(ISOLATED_RESULT, &result, sizeof result - 1);
	broker_tell(ISOLATED_PROGRESS, &(struct isolated_progress){(enum ts_phase)4711, 1, 2}, sizeof(struct isolated_progress));
	broker_tell(ISOLATED_RESULT, &result, sizeof result);
	pause();
}

static void texts_are_made_printable(struct arena *arena)
{
	struct ts_result result = result_of(arena, forge_result, NULL);

	assert_int_equal(result.outcome, TS_FAILED);
	assert_memory_equal(result.error, "?]0;owned?xxx", 13);
	assert_int_equal(strlen(result.error), sizeof result.error - 1);
	assert_int_equal(strlen(result.error_code), sizeof result.error_code - 1);
}

/* ---- what it is refused, and goes on ---- */

/* The report is that of an analysis that nobody disturbed. */
static void assert_refused(struct arena *arena, void (*body)(void))
{
	const char *disturbed, *quiet;
	struct ts_result result = result_of(arena, NULL, &quiet);

	assert_int_equal(result.outcome, TS_ANALYSED);
	result = result_of(arena, body, &disturbed);
	if (result.outcome != TS_ANALYSED)
		fail_msg("%s", result.error);
	assert_string_equal(result.exposed, "");
	assert_string_equal(disturbed, quiet);
	assert_int_equal(found->reached, 1);
}

static void open_files(void)
{
	found->error = open("/etc/shadow", O_RDONLY);
	found->second = open("/etc/passwd", O_RDONLY);
	found->third = open("/tmp/tornstack-test", O_CREAT | O_WRONLY, 0600);
	found->reached++;
}

static void no_file_is_opened(struct arena *arena)
{
	assert_refused(arena, open_files);
	assert_int_equal(found->error, -1);
	assert_int_equal(found->second, -1);
	assert_int_equal(found->third, -1);
}

static void ask_for_files(void)
{
	static const char *const paths[] = {"/etc/shadow", "/etc/passwd", "/dev/zero", "/proc/self/mem", "/", "../etc/passwd", "",
					    "/nonexistent/../etc/passwd", "/nonexistent/../bin/true", "/bin/true"};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		found->error += file_open(NULL, paths[i]) >= 0;
		found->second += file_is_regular(NULL, paths[i]);
	}
	found->third = temporary_open() >= 0;
	found->reached++;
}

static void only_the_search_is_granted(struct arena *arena)
{
	assert_refused(arena, ask_for_files);
	assert_int_equal(found->error, 0);
	assert_int_equal(found->second, 0);
	assert_true(found->third);
}

/* More than go into one question, and one that goes into none. */
static bool first_is_found(void)
{
	static char long_path[BROKER_TEXT + 1];
	const char *paths[3 * BROKER_PATHS];
	const size_t count = sizeof paths / sizeof *paths;

	memset(long_path, 'x', BROKER_TEXT);
	for (size_t i = 0; i < count; i++)
		paths[i] = i % 2 ? "/etc/passwd" : "/nonexistent";
	if (file_first(NULL, paths, count) != count)
		return false;
	paths[3] = long_path;
	paths[2 * BROKER_PATHS + 1] = paths[count - 1] = "/bin/true";
	return file_first(NULL, paths, count) == 2 * BROKER_PATHS + 1 && file_first(NULL, paths, 0) == 0;
}

static void ask_for_programs(void)
{
	found->reached = first_is_found();
	found->error = file_open(NULL, "/etc/passwd") >= 0;
	found->second = file_is_regular(NULL, "/etc/passwd");
	found->third = file_open(NULL, "/bin/true") >= 0 && file_is_regular(NULL, "/bin/true");
}

/* Without a sysroot: what the dump names may be anywhere, but is an executable. */
static void nothing_but_executables_is_granted(struct arena *arena)
{
	const struct ts_options options = {.isolated = true};
	FILE *out = fopen("/dev/null", "w");

	attack = ask_for_programs;
	assert_int_equal(ts_analyze(dump_path(arena), &options, out).outcome, TS_ANALYSED);
	attack = NULL;
	fclose(out);
	assert_int_equal(found->reached, 1);
	assert_false(found->error);
	assert_false(found->second);
	assert_true(found->third);
}

static void hurt_others(void)
{
	found->error = kill(getppid(), SIGKILL);
	found->second = kill(-1, 0);
	found->third = setresuid(0, 0, 0);
	found->reached++;
}

static void nobody_is_hurt(struct arena *arena)
{
	assert_refused(arena, hurt_others);
	assert_int_equal(found->error, -1);
	assert_int_equal(found->second, -1);
	assert_int_equal(found->third, -1);
}

static void make_code(void)
{
	void *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	found->error = mprotect(data, 4096, PROT_READ | PROT_EXEC);
	found->second = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
	munmap(data, 4096);
	found->reached++;
}

static void no_code_is_made(struct arena *arena)
{
	assert_refused(arena, make_code);
	assert_int_equal(found->error, -1);
	assert_false(found->second);
}

static int secret; /* a descriptor of the program, which children inherit */

static void look_at_descriptors(void)
{
	found->error = fcntl(secret, F_GETFD);
	for (int i = 0; i < 1000; i++)
		found->count += fcntl(i, F_GETFD) >= 0;
	found->reached++;
}

static void descriptors_are_gone(struct arena *arena)
{
	secret = dup2(STDIN_FILENO, 100);
	assert_refused(arena, look_at_descriptors);
	close(secret);
	assert_int_equal(found->error, -1);
	assert_true(found->count <= 4); /* three of /dev/null, and the channel */
}

static void take_memory(void)
{
	enum { STEP = 64 << 20, STEPS = 256 };
	void *taken[STEPS];
	int count = 0;

	while (count < STEPS && (taken[count] = malloc(STEP)))
		count++;
	found->count = (long long)count * STEP;
	while (count)
		free(taken[--count]);
	found->reached++;
}

static void memory_is_limited(struct arena *arena)
{
	if (!SANDBOX_LIMITS_MEMORY) /* sanitizers reserve more than any limit */
		return;
	assert_refused(arena, take_memory);
	assert_true(found->count < (long long)5 << 30);
}

/* ---- the parent ---- */

static bool stop_now(void *context)
{
	(void)context;
	return true;
}

static void wait_for_long(void)
{
	found->reached++;
	for (;;)
		pause();
}

static void it_is_cancelled(struct arena *arena)
{
	const struct ts_options options = {.isolated = true, .cancelled = stop_now};
	FILE *out = fopen("/dev/null", "w");
	struct ts_result result;

	attack = wait_for_long;
	result = ts_analyze(dump_path(arena), &options, out);
	attack = NULL;
	fclose(out);
	assert_int_equal(result.outcome, TS_CANCELLED);
}

static void a_full_disk_is_left_for_ferror(struct arena *arena)
{
	const struct ts_options options = {.isolated = true, .goroutines = TS_GOROUTINES_ALL, .format = TS_JSON};
	FILE *out = fopen("/dev/full", "w");
	struct ts_result result;

	setvbuf(out, NULL, _IONBF, 0);
	result = ts_analyze(dump_path(arena), &options, out);
	assert_int_equal(result.outcome, TS_ANALYSED);
	assert_true(ferror(out));
	fclose(out);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

#define TESTS(ROW)                                                                                                     \
	ROW(forbidden_calls_end_it)                                                                                    \
	ROW(crashes_are_told)                                                                                          \
	ROW(time_is_limited)                                                                                           \
	ROW(blocked_signals_do_not_matter)                                                                             \
	ROW(nothing_stays_behind)                                                                                      \
	ROW(who_does_not_listen_is_ended)                                                                              \
	ROW(texts_are_made_printable)                                                                                  \
	ROW(no_file_is_opened)                                                                                         \
	ROW(only_the_search_is_granted)                                                                                \
	ROW(nothing_but_executables_is_granted)                                                                        \
	ROW(nobody_is_hurt)                                                                                            \
	ROW(no_code_is_made)                                                                                           \
	ROW(descriptors_are_gone)                                                                                      \
	ROW(memory_is_limited)                                                                                         \
	ROW(it_is_cancelled)                                                                                           \
	ROW(a_full_disk_is_left_for_ferror)

TESTS(TEST)

int main(void)
{
#define ROW(name) cmocka_unit_test(test_##name),
	static const struct CMUnitTest tests[] = {TESTS(ROW)};

	found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (found == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests_name("isolation", tests, NULL, NULL);
}
