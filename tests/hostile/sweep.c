/* sweep.c: analyses one dump over and over, each time damaged in one place (harm/places.h): cut short, or with one byte of its
 * headers, notes or streams, Go tables or executable changed.
 *
 *     sweep DUMP EXE EXPECT.json STRIDE                takes every STRIDE-th damage of a kind, header boundaries all
 *     sweep DUMP EXE EXPECT.json SEED CUTS FLIPS       so many of each, drawn by the seed, and cuts at CUTS points; also of the
 *                                                      words and structures that the sound dump's findings rest on
 *     sweep DUMP EXE EXPECT.json at dump|exe OFFSET MASK   takes that one alone
 *
 * EXE "-": none. No file of this machine is asked: the folder of EXPECT.json is its root. No run may crash, hang, be slow, use much
 * memory, or give a report that harm/judge.h does not accept. Each runs in-process on a memfd, in a child that may die: the
 * parent notes what killed it and goes on after it. Prints TAP. */
#include "lib/tornstack.h"
#include "tests/hostile/harm/judge.h"

#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
enum { SLOWER = 10 };
#else
enum { SLOWER = 1 };
#endif

enum {
	PAGE = 4096,
	RUN_SECONDS = 60,
	SLOW_SECONDS = 1 * SLOWER, /* of CPU */
	MEMORY_LIMIT_KIB = 1 << 20,
	WORKERS_LIMIT = 16,
	SHOWN_LIMIT = 20,
	MEMORY_EXIT = 3,
};

static const char *const kind_names[] = {
	[CUT_AT_POINT] = "cut at a point",
	[CUT_AT_HEADER] = "cut at a header boundary",
	[CUT_AT_PAGE] = "cut at a page",
	[FLIP_HEADER] = "a byte of the headers changed",
	[FLIP_NOTE] = "a byte of the notes, or streams, changed",
	[FLIP_MODULEDATA] = "a byte of moduledata changed",
	[FLIP_PCLNTAB] = "a byte of the pclntab header changed",
	[FLIP_EXE] = "a byte of the executable's headers or tables changed",
	[FLIP_PROOF] = "a byte of what the findings rest on changed",
};

struct tally {
	size_t runs, analysed, failed;
};

/* Seen by all processes. */
struct shared {
	struct tally tally[HARM_KINDS];
	double slowest;         /* seconds of CPU */
	struct harm slowest_harm;
	size_t at[WORKERS_LIMIT]; /* index in victim.harms of the run under way */
};

struct sweep {
	struct victim victim;
	struct truth truth;
	const char *root;
	struct shared *shared;
	int descriptor[HARMED_FILES]; /* this worker's copies */
	bool cut;
	size_t workers;
};

/* --- one run ------------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

/* Pages of zeros stay holes, as they are in most dumps. */
static void fill(struct sweep *sweep, enum harmed_file file)
{
	struct span bytes = sweep->victim.original[file];
	int fd = sweep->descriptor[file];

	if (ftruncate(fd, 0) || ftruncate(fd, (off_t)bytes.size))
		abort();
	for (size_t at = 0; at < bytes.size; at += PAGE) {
		const size_t size = bytes.size - at < PAGE ? bytes.size - at : PAGE;

		if (!is_zero(bytes.data + at, size) && pwrite(fd, bytes.data + at, size, (off_t)at) != (ssize_t)size)
			abort();
	}
}

static void put(struct sweep *sweep, const struct harm *harm, uint8_t mask)
{
	uint8_t byte = sweep->victim.original[harm->file].data[harm->offset] ^ mask;

	if (pwrite(sweep->descriptor[harm->file], &byte, 1, (off_t)harm->offset) != 1)
		abort();
}

static void inflict(struct sweep *sweep, const struct harm *harm)
{
	if (!harm->mask) {
		sweep->cut = true;
		if (ftruncate(sweep->descriptor[DUMP], (off_t)harm->offset))
			abort();
		return;
	}
	if (sweep->cut)
		fill(sweep, DUMP);
	sweep->cut = false;
	put(sweep, harm, harm->mask);
}

static void complain(struct sweep *sweep, const struct harm *harm, const char *what)
{
	size_t before = __atomic_fetch_add(&sweep->shared->tally[harm->kind].failed, 1, __ATOMIC_RELAXED);

	if (before < SHOWN_LIMIT)
		printf("# %s of %s at %#llx, mask %#x: %s\n", harm->mask ? "flip" : "cut",
		       harm->file == DUMP ? "dump" : "exe", (unsigned long long)harm->offset, harm->mask, what);
	fflush(stdout);
}

/* The report on this worker's files, if there is one. */
static struct ts_result report_on(const struct sweep *sweep, json_t **report, size_t *written)
{
	char dump[64], exe[64], *text = NULL;
	const char *executables[] = {exe, NULL};
	struct ts_options options = {.executables = sweep->victim.original[EXE].size ? executables : NULL, .sysroot = sweep->root,
				     .format = TS_JSON, .workers = 1};
	FILE *out = open_memstream(&text, written);
	struct ts_result result;

	snprintf(dump, sizeof dump, "/proc/self/fd/%d", sweep->descriptor[DUMP]);
	snprintf(exe, sizeof exe, "/proc/self/fd/%d", sweep->descriptor[EXE]);
	result = ts_analyze(dump, &options, out);
	fclose(out);
	*report = json_loadb(text, *written, 0, NULL);
	free(text);
	return result;
}

static void analyse(struct sweep *sweep, const struct harm *harm)
{
	json_t *report;
	size_t written;
	struct ts_result result = report_on(sweep, &report, &written);
	const char *wrong = NULL;

	if (result.outcome == TS_FAILED) {
		if (written || !result.error[0] || !result.error_code[0])
			wrong = "fails with output, or without a reason";
	} else {
		wrong = judge(&sweep->truth, &sweep->victim, harm, report);
		__atomic_fetch_add(&sweep->shared->tally[harm->kind].analysed, 1, __ATOMIC_RELAXED);
	}
	if (wrong)
		complain(sweep, harm, wrong);
	json_decref(report);
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* CPU time of this process and of children that it waited for. */
static double cpu_seconds(void)
{
	double seconds = 0;

	for (int who = RUSAGE_CHILDREN; who <= RUSAGE_SELF; who++) {
		struct rusage usage;

		getrusage(who, &usage);
		seconds += seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
	}
	return seconds;
}

static void note_time(struct sweep *sweep, const struct harm *harm, double seconds)
{
	char text[80];

	if (seconds > sweep->shared->slowest) {
		sweep->shared->slowest = seconds;
		sweep->shared->slowest_harm = *harm;
	}
	snprintf(text, sizeof text, "%.1f s of CPU", seconds);
	if (seconds > SLOW_SECONDS)
		complain(sweep, harm, text);
}

static void one_run(struct sweep *sweep, const struct harm *harm)
{
	struct rusage usage;
	double start;

	inflict(sweep, harm);
	alarm(RUN_SECONDS);
	start = cpu_seconds();
	analyse(sweep, harm);
	alarm(0);
	note_time(sweep, harm, cpu_seconds() - start);
	if (harm->mask)
		put(sweep, harm, 0);
	getrusage(RUSAGE_SELF, &usage);
	if (usage.ru_maxrss > MEMORY_LIMIT_KIB)
		_exit(MEMORY_EXIT);
}

/* --- workers ------------------------------------------------------------------------------------- */

static void make_copies(struct sweep *sweep)
{
	for (enum harmed_file file = 0; file < HARMED_FILES; file++) {
		sweep->descriptor[file] = memfd_create("sweep", 0);
		if (sweep->descriptor[file] < 0)
			abort();
		fill(sweep, file);
	}
}

/* Worker number `worker` runs every workers-th damage from `first` on. */
static _Noreturn void work(struct sweep *sweep, size_t worker, size_t first)
{
	make_copies(sweep);
	for (size_t i = first; i < sweep->victim.harms.count; i += sweep->workers) {
		const struct harm *harm = &sweep->victim.harms.items[i];

		sweep->shared->at[worker] = i;
		__atomic_fetch_add(&sweep->shared->tally[harm->kind].runs, 1, __ATOMIC_RELAXED);
		one_run(sweep, harm);
	}
	fflush(stdout);
	_exit(0);
}

static pid_t start(struct sweep *sweep, size_t worker, size_t first)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		abort();
	if (!pid)
		work(sweep, worker, first);
	return pid;
}

static void say_death(struct sweep *sweep, const struct harm *harm, int status)
{
	char text[80];

	if (WIFEXITED(status) && WEXITSTATUS(status) == MEMORY_EXIT)
		snprintf(text, sizeof text, "more than %d MiB of memory", MEMORY_LIMIT_KIB >> 10);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(text, sizeof text, "still running after %d s", RUN_SECONDS);
	else
		snprintf(text, sizeof text, "died, wait status %#x", (unsigned)status);
	complain(sweep, harm, text);
}

static void run_all(struct sweep *sweep)
{
	pid_t pids[WORKERS_LIMIT];
	size_t alive = sweep->workers;

	for (size_t i = 0; i < sweep->workers; i++)
		pids[i] = start(sweep, i, i);
	while (alive) {
		int status;
		pid_t pid = wait(&status);

		for (size_t i = 0; i < sweep->workers; i++) {
			if (pids[i] != pid)
				continue;
			alive--;
			if (WIFEXITED(status) && !WEXITSTATUS(status))
				continue;
			say_death(sweep, &sweep->victim.harms.items[sweep->shared->at[i]], status);
			if (sweep->shared->at[i] + sweep->workers >= sweep->victim.harms.count)
				continue;
			pids[i] = start(sweep, i, sweep->shared->at[i] + sweep->workers);
			alive++;
		}
	}
}

/* --- the whole ----------------------------------------------------------------------------------- */

enum choice { EVERY, DRAWN, ONE };

struct arguments {
	struct sweep *sweep;
	char **argv;
	enum choice choice;
	bool ready;
};

static uint64_t number_in(const char *text)
{
	return strtoull(text, NULL, 10);
}

static bool choose(struct victim *victim, enum choice choice, char **argv)
{
	if (choice == ONE)
		return harm_take(victim, &(struct harm){.kind = FLIP_PROOF, .file = strcmp(argv[5], "exe") ? DUMP : EXE,
							.offset = strtoull(argv[6], NULL, 0),
							.mask = (uint8_t)strtoull(argv[7], NULL, 0)});
	if (choice == DRAWN)
		harm_draw(victim, number_in(argv[4]), number_in(argv[5]), number_in(argv[6]));
	harm_order(victim);
	if (choice == EVERY)
		harm_take_every(victim, number_in(argv[4]));
	return true;
}

static void prepare(void *context)
{
	struct arguments *arguments = context;
	struct sweep *sweep = arguments->sweep;
	char **argv = arguments->argv;
	size_t written;

	if (!victim_open(&sweep->victim))
		return;
	make_copies(sweep);
	report_on(sweep, &sweep->truth.sound, &written);
	harm_list(&sweep->victim, arguments->choice == EVERY ? NULL : sweep->truth.sound);
	arguments->ready = choose(&sweep->victim, arguments->choice, argv) && sweep->truth.sound;
}

static int print_tap(const struct shared *shared, bool sampled)
{
	const struct harm *slowest = &shared->slowest_harm;
	int failed = 0;

	for (int kind = 0; kind < HARM_KINDS; kind++) {
		const struct tally *tally = &shared->tally[kind];
		bool bad = tally->failed || !tally->runs;

		/* The text segment of a qemu core holds no pclntab; then the executable's is what counts. */
		if (!tally->runs && (kind == FLIP_PCLNTAB || sampled || kind == FLIP_PROOF || kind == CUT_AT_POINT))
			continue;
		printf("%sok %d - %s: %zu runs, %zu gave a report\n", bad ? "not " : "", kind + 1, kind_names[kind],
		       tally->runs, tally->analysed);
		failed += bad;
	}
	printf("# slowest %.2f s: %s at %#llx, mask %#x\n", shared->slowest, kind_names[slowest->kind],
	       (unsigned long long)slowest->offset, slowest->mask);
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct arena *arena = arena_new((size_t)4 << 30);
	struct sweep sweep = {.victim.arena = arena};
	struct arguments arguments = {.sweep = &sweep, .argv = argv, .choice = argc == 8 ? ONE : argc == 7 ? DRAWN : EVERY};
	int status;

	if (argc != 5 && argc != 7 && argc != 8) {
		fprintf(stderr, "usage: sweep DUMP EXE EXPECT.json STRIDE | SEED CUTS FLIPS | at dump|exe OFFSET MASK\n");
		return 2;
	}
	sweep.workers = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	if (sweep.workers > WORKERS_LIMIT)
		sweep.workers = WORKERS_LIMIT;
	sweep.victim.path[DUMP] = argv[1];
	sweep.victim.path[EXE] = argv[2];
	sweep.truth.expect = json_load_file(argv[3], 0, NULL);
	sweep.root = dirname(argv[3]);
	sweep.shared = mmap(NULL, sizeof *sweep.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!sweep.truth.expect || sweep.shared == MAP_FAILED || !arena_run(arena, prepare, &arguments) || !arguments.ready) {
		fprintf(stderr, "sweep: cannot read %s and %s\n", argv[1], argv[2]);
		return 2;
	}
	run_all(&sweep);
	status = print_tap(sweep.shared, arguments.choice != EVERY);
	json_decref(sweep.truth.expect);
	json_decref(sweep.truth.sound);
	arena_free(arena);
	return status;
}
