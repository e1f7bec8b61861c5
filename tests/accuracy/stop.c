/* stop.c: stops a goroutine of a healthy dump at every split adjustment of SP, and beside them (stops.h), analyses the dump after
 * each stop, and counts what is said.
 *
 * usage: stop DUMP EXE|- SEED LIMIT    LIMIT: functions without such an adjustment, 0: all
 *
 * Prints one line for each kind of stop, fields separated by tabs: torn, beside (one instruction before or after a torn one)
 * or sound; epilogue or prologue; leaf or not; size of the frame; and numbers: stops; those that the runtime can preempt; of them
 * analysed, found (a finding split-sp names the goroutine and the pc), exact (SP, the repair, the caller's pc and SP), certain;
 * other findings of corruption, and those of them that are certain. Exit status 3: the dump is not healthy, 4: nothing in it
 * can be stopped. */
#include "heuristics/detector.h"
#include "tests/accuracy/stops.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 16, RUN_SECONDS = 60, SHOWN = 20, UNHEALTHY = 3, NOTHING = 4 };

struct outcome {
	bool done, found, exact, certain;
	unsigned wrong, wrong_certain;
};

struct run {
	struct arena *arena;
	const char *dump, *exe;
	uint64_t seed;
	size_t limit;
	struct target target;
	struct stops stops;
	struct outcome *outcomes; /* shared with the children */
	int status;
};

/* --- what is said of a stop -------------------------------------------------------------------------------- */

static bool speaks_of(const struct diagnosis *diagnosis, const struct finding *finding, const struct halt *stop)
{
	return !strcmp(finding->detector->id, "split-sp") && finding->goroutine >= 0 &&
	       diagnosis->analysis->runtime->goroutines.items[finding->goroutine].id == stop->goroutine && finding->has_pc &&
	       finding->pc == stop->at->pc;
}

static bool is_exact(const struct finding *finding, const struct halt *stop)
{
	const int64_t error = stop->claimed - stop->executed;

	return finding->observed == stop->sp && finding->has_repaired && finding->repaired == stop->sp - (uint64_t)error &&
	       finding->sp_error == error && finding->has_caller && finding->caller_pc == stop->caller_pc &&
	       finding->caller_sp == stop->caller_sp;
}

static struct outcome judge(const struct diagnosis *diagnosis, const struct halt *stop)
{
	struct outcome outcome = {.done = true};

	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];

		if (!finding->detector->corruption)
			continue;
		if (stop->torn && speaks_of(diagnosis, finding, stop)) {
			outcome.found = true;
			outcome.exact = is_exact(finding, stop);
			outcome.certain = finding->certainty == CERTAINTY_CERTAIN;
		} else {
			outcome.wrong++;
			outcome.wrong_certain += finding->certainty == CERTAINTY_CERTAIN;
		}
	}
	return outcome;
}

static void write_words(struct run *run, const struct halt *stop, bool undo)
{
	for (size_t i = 0; i < stop->words.count; i++) {
		const struct machine_word *word = &stop->words.items[i];

		target_write_u64(&run->target, word->address, undo ? word->from : word->to);
	}
}

/* --- children ---------------------------------------------------------------------------------------------- */

/* It ends with what it made, and a crash costs one stop. */
static _Noreturn void work(struct run *run, size_t first)
{
	for (size_t i = first; i < run->stops.items.count && i < first + BATCH; i++) {
		const struct halt *stop = &run->stops.items.items[i];

		if (!stop->words.count)
			continue;
		alarm(RUN_SECONDS);
		write_words(run, stop, false);
		run->outcomes[i] = judge(target_diagnose(&run->target, true), stop);
		write_words(run, stop, true);
	}
	_exit(0);
}

static void work_all(struct run *run)
{
	const long workers = sysconf(_SC_NPROCESSORS_ONLN);
	long alive = 0;

	for (size_t first = 0; first < run->stops.items.count; first += BATCH) {
		if (alive >= workers && wait(NULL) > 0)
			alive--;
		switch (fork()) {
		case -1:
			abort();
		case 0:
			work(run, first);
		default:
			alive++;
		}
	}
	while (alive-- > 0)
		wait(NULL);
}

/* --- what is printed --------------------------------------------------------------------------------------- */

static const char *standing(const struct halt *stop)
{
	return stop->torn ? "torn" : stop->beside ? "beside" : "sound";
}

static const char *size_class(const struct halt *stop)
{
	const int32_t size = stop->frame_size;

	return size < 4096 ? "below 4096" : size < 65536 ? "below 65536" : size % 4096 ? "65536 and more" : "whole 4096, large";
}

static bool is_alike(const struct halt *a, const struct halt *b)
{
	return standing(a) == standing(b) && a->place == b->place && a->leaf == b->leaf && size_class(a) == size_class(b);
}

static void print_line(const struct run *run, size_t like)
{
	const struct halt *kind = &run->stops.items.items[like];
	size_t count = 0, possible = 0, done = 0, found = 0, exact = 0, certain = 0, wrong = 0, wrong_certain = 0;

	for (size_t i = like; i < run->stops.items.count; i++) {
		const struct halt *stop = &run->stops.items.items[i];
		const struct outcome *outcome = &run->outcomes[i];

		if (!is_alike(stop, kind))
			continue;
		count++;
		possible += stop->preemption == PREEMPTIBLE;
		done += outcome->done;
		found += outcome->found;
		exact += outcome->exact;
		certain += outcome->certain;
		wrong += outcome->wrong;
		wrong_certain += outcome->wrong_certain;
	}
	printf("%s\t%s\t%s\t%s\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\n", standing(kind),
	       kind->place == IN_PROLOGUE ? "prologue" : "epilogue", kind->leaf ? "leaf" : "no leaf", size_class(kind), count,
	       possible, done, found, exact, certain, wrong, wrong_certain);
}

static void print_all(const struct run *run)
{
	for (size_t i = 0; i < run->stops.items.count; i++) {
		bool met = false;

		for (size_t k = 0; k < i && !met; k++)
			met = is_alike(&run->stops.items.items[i], &run->stops.items.items[k]);
		if (!met)
			print_line(run, i);
	}
	printf("functions\t%zu\t%zu\n", run->stops.functions, run->stops.missed);
}

static bool failed(const struct halt *stop, const struct outcome *outcome)
{
	return stop->preemption == PREEMPTIBLE &&
	       (!outcome->done || outcome->wrong || (stop->torn && !(outcome->exact && outcome->certain)));
}

/* What a person wants to look at. */
static void print_failures(const struct run *run)
{
	size_t shown = 0;

	for (size_t i = 0; i < run->stops.items.count && shown < SHOWN; i++) {
		const struct halt *stop = &run->stops.items.items[i];
		const struct outcome *outcome = &run->outcomes[i];

		if (!failed(stop, outcome))
			continue;
		printf("# %s stop in %s at %#llx: %s%s%s%s, %u wrong; claimed %d, executed %lld, caller %#llx, %#llx\n", standing(stop),
		       go_func_name(stop->at), (unsigned long long)stop->at->pc, outcome->done ? "" : "not analysed ",
		       outcome->found ? "found" : "not found", outcome->exact ? ", exact" : "",
		       outcome->certain ? ", certain" : "", outcome->wrong, stop->claimed, (long long)stop->executed,
		       (unsigned long long)stop->caller_pc, (unsigned long long)stop->caller_sp);
		shown++;
	}
}

static void execute(void *context)
{
	struct run *run = context;

	if (!target_open(run->arena, run->dump, run->exe, 0, &run->target))
		return;
	run->status = UNHEALTHY;
	if (target_is_damaged(&run->target))
		return;
	run->status = NOTHING;
	if (!stops_make(&run->target, run->seed, run->limit, &run->stops) || !run->stops.items.count)
		return;
	run->status = 1;
	run->outcomes = mmap(NULL, run->stops.items.count * sizeof *run->outcomes, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run->outcomes == MAP_FAILED)
		return;
	work_all(run);
	print_failures(run);
	print_all(run);
	run->status = 0;
}

int main(int argc, char **argv)
{
	struct run run = {.arena = arena_new((size_t)8 << 30), .status = 1};

	if (argc != 5) {
		fprintf(stderr, "usage: stop DUMP EXE|- SEED LIMIT\n");
		return 2;
	}
	run.dump = argv[1];
	run.exe = strcmp(argv[2], "-") ? argv[2] : NULL;
	run.seed = strtoull(argv[3], NULL, 0);
	run.limit = strtoull(argv[4], NULL, 0);
	if (!arena_run(run.arena, execute, &run))
		run.status = 1;
	arena_free(run.arena);
	return run.status;
}
