/* mutate.c: changes a healthy dump in memory, one word at a time, analyses it after each change, and counts what is said.
 *
 * usage: mutate DUMP EXE|- SEED LIMIT KEEP all|values    LIMIT: mutations of each class, 0: all; KEEP: the dump is first cut short so
 *                                             that this percentage of its return addresses is left, 100: not cut; values:
 *                                             only classes of values, for dumps that need not be healthy
 *
 * Prints one line for each kind of outcome, fields separated by tabs: the class, the depth, how the word changed (rule that is due),
 * rule and certainty of the surest new finding, and numbers: mutations, found, repaired, then new findings right and wrong, possible,
 * likely and certain of each. Lines that begin with # are for people. Exit status 3: the dump is not healthy, 4: nothing to change. */
#include "heuristics/detector.h"
#include "tests/accuracy/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 32, RUN_SECONDS = 60, SHOWN = 20, DEEP = 4, WORKERS_LIMIT = 64, UNHEALTHY = 3, NOTHING = 4 };

struct run {
	struct arena *arena;
	const char *dump, *exe;
	uint64_t seed, cut;
	size_t limit;
	bool values;
	struct target target;
	struct corpus corpus;
	struct outcome *outcomes; /* shared with the children */
	int status;
};

/* What is known of the runtime is kept, of the heap where its records are. */
static bool needs_reload(const struct mutation *mutation)
{
	return class_is_of_fields(mutation->class) || mutation->class == SPAN_FIELD;
}

static void try_one(struct run *run, size_t index)
{
	const struct mutation *mutation = &run->corpus.mutations.items[index];

	mutation_apply(&run->target, mutation);
	run->outcomes[index] = outcome_of(&run->target, target_diagnose(&run->target, needs_reload(mutation)), mutation);
	mutation_undo(&run->target, mutation);
}

/* In a child: it ends with what it made, and a crash costs one mutation. */
static _Noreturn void work(struct run *run, size_t first)
{
	for (size_t i = first; i < run->corpus.mutations.count && i < first + BATCH; i++) {
		if (run->outcomes[i].done)
			continue;
		alarm(RUN_SECONDS);
		try_one(run, i);
	}
	_exit(0);
}

static void await_one(size_t *alive)
{
	int status;

	if (wait(&status) > 0)
		(*alive)--;
}

static void pass(struct run *run)
{
	long workers = sysconf(_SC_NPROCESSORS_ONLN);
	size_t alive = 0;

	for (size_t first = 0; first < run->corpus.mutations.count; first += BATCH) {
		if (alive >= (size_t)workers)
			await_one(&alive);
		switch (fork()) {
		case -1:
			abort();
		case 0:
			work(run, first);
		default:
			alive++;
		}
	}
	while (alive)
		await_one(&alive);
}

/* The first that a batch did not finish is the one that it died of. */
static bool retry_rest(struct run *run)
{
	bool again = false;

	for (size_t first = 0; first < run->corpus.mutations.count; first += BATCH)
		for (size_t i = first; i < run->corpus.mutations.count && i < first + BATCH; i++)
			if (!run->outcomes[i].done) {
				const struct mutation *m = &run->corpus.mutations.items[i];

				printf("# died: %s at %#llx, %#llx becomes %#llx\n", class_names[m->class],
				       (unsigned long long)m->address, (unsigned long long)m->from, (unsigned long long)m->to);
				run->outcomes[i] = (struct outcome){.done = true, .rule = NO_RULE, .wrong_rule = NO_RULE, .wrong[CERTAINTY_CERTAIN] = 1};
				again = true;
				break;
			}
	fflush(stdout);
	return again;
}

/* --- what is printed --------------------------------------------------------------------------------------- */

static const char *due(const struct mutation *mutation)
{
	if (mutation->class == WAKER_WORD && !mutation->leads)
		return "stuck";
	if (mutation->class == OTHER_WORD || class_is_of_values(mutation->class))
		return "none";
	if (class_is_of_fields(mutation->class))
		return "any";
	if (mutation->class == SMASHED_RUN)
		return "smashed-return";
	if (!((mutation->from ^ mutation->to) & UINT32_MAX))
		return "torn-return";
	return mutation->class == BIT_LOWER ? "bit-flip" : "smashed-return";
}

static const char *depth_name(const struct mutation *mutation)
{
	static const char *const names[] = {"-", "1", "2", "3", "4+"};

	return names[mutation->depth > DEEP ? DEEP : mutation->depth];
}

static bool is_alike(const struct run *run, size_t a, size_t b)
{
	const struct mutation *x = &run->corpus.mutations.items[a], *y = &run->corpus.mutations.items[b];
	const struct outcome *p = &run->outcomes[a], *q = &run->outcomes[b];

	return x->class == y->class && depth_name(x) == depth_name(y) && due(x) == due(y) && p->rule == q->rule &&
	       p->certainty == q->certainty;
}

static void print_line(const struct run *run, size_t like)
{
	const struct mutation *mutation = &run->corpus.mutations.items[like];
	const struct outcome *first = &run->outcomes[like];
	size_t count = 0, found = 0, repaired = 0, right[CERTAINTIES] = {0}, wrong[CERTAINTIES] = {0};

	for (size_t i = like; i < run->corpus.mutations.count; i++) {
		const struct outcome *outcome = &run->outcomes[i];

		if (!is_alike(run, i, like))
			continue;
		count++;
		found += outcome->found;
		repaired += outcome->repaired;
		for (size_t k = 0; k < CERTAINTIES; k++) {
			right[k] += outcome->right[k];
			wrong[k] += outcome->wrong[k];
		}
	}
	printf("%s\t%s\t%s\t%s\t%s\t%zu\t%zu\t%zu", class_names[mutation->class], depth_name(mutation), due(mutation),
	       first->rule == NO_RULE ? "none" : detectors[first->rule]->id,
	       first->rule == NO_RULE ? "-" : certainty_name(first->certainty), count, found, repaired);
	for (size_t k = 0; k < CERTAINTIES; k++)
		printf("\t%zu\t%zu", right[k], wrong[k]);
	printf("\n");
}

/* Kinds of outcomes are few: a list of those met is enough. */
static void print_all(const struct run *run)
{
	VEC(size_t) kinds = {0};

	for (size_t i = 0; i < run->corpus.mutations.count; i++) {
		bool met = false;

		for (size_t k = 0; k < kinds.count && !met; k++)
			met = is_alike(run, i, kinds.items[k]);
		if (met)
			continue;
		vec_push(run->arena, &kinds, i);
		print_line(run, i);
	}
	printf("stack words\t%llu\n", (unsigned long long)run->corpus.stack_words);
}

static void print_failure(const struct run *run, size_t index, const char *what)
{
	const struct mutation *m = &run->corpus.mutations.items[index];
	const struct outcome *o = &run->outcomes[index];

	printf("# %s: %s of goroutine %lld, depth %u, at %#llx: %#llx becomes %#llx: %s %s", what, class_names[m->class],
	       m->goroutine < 0 ? -1LL : (long long)run->target.runtime->goroutines.items[m->goroutine].id, m->depth,
	       (unsigned long long)m->address, (unsigned long long)m->from, (unsigned long long)m->to,
	       o->rule == NO_RULE ? "nothing" : certainty_name(o->certainty),
	       o->rule == NO_RULE ? "is said" : detectors[o->rule]->id);
	if (m->count)
		printf(", run of %zu words from %#llx, shape %u", m->count, (unsigned long long)m->start, m->shape);
	if (o->wrong_rule != NO_RULE)
		printf("; wrong is %s of %#llx, was %#llx", detectors[o->wrong_rule]->id, (unsigned long long)o->wrong_slot,
		       (unsigned long long)o->wrong_value);
	printf("\n");
}

/* What a person wants to look at: anything wrong, the surest first, and torn words that were not put right. */
static void print_failures(const struct run *run)
{
	size_t shown = 0;

	for (int certainty = CERTAINTY_CERTAIN; certainty >= CERTAINTY_POSSIBLE; certainty--)
		for (size_t i = 0; i < run->corpus.mutations.count && shown < SHOWN; i++)
			if (run->outcomes[i].wrong[certainty] && ++shown)
				print_failure(run, i, certainty == CERTAINTY_CERTAIN ? "wrongly certain" : "wrong");
	for (size_t i = 0; i < run->corpus.mutations.count && shown < SHOWN; i++)
		if (run->corpus.mutations.items[i].class == UPPER_HALF && !run->outcomes[i].repaired && ++shown)
			print_failure(run, i, "missed");
}

static void execute(void *context)
{
	struct run *run = context;
	struct target whole = {0};
	size_t bytes;

	if (run->cut && !target_open(run->arena, run->dump, run->exe, 0, &whole))
		return;
	if (!target_open(run->arena, run->dump, run->exe, run->cut, &run->target))
		return;
	run->target.whole = whole.diagnosis;
	if (!run->values && target_is_damaged(&run->target)) {
		run->status = UNHEALTHY;
		return;
	}
	corpus_make(&run->target, run->seed, run->limit, run->values, &run->corpus);
	if (!run->corpus.mutations.count) {
		run->status = NOTHING;
		return;
	}
	bytes = run->corpus.mutations.count * sizeof *run->outcomes;
	run->outcomes = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run->outcomes == MAP_FAILED)
		return;
	fflush(stdout);
	do
		pass(run);
	while (retry_rest(run));
	print_failures(run);
	print_all(run);
	run->status = 0;
}

int main(int argc, char **argv)
{
	struct run run = {.arena = arena_new((size_t)8 << 30), .status = 1};
	unsigned keep;

	if (argc != 7) {
		fprintf(stderr, "usage: mutate DUMP EXE|- SEED LIMIT KEEP all|values\n");
		return 2;
	}
	run.dump = argv[1];
	run.exe = strcmp(argv[2], "-") ? argv[2] : NULL;
	run.seed = strtoull(argv[3], NULL, 0);
	run.limit = strtoull(argv[4], NULL, 0);
	run.values = !strcmp(argv[6], "values");
	keep = (unsigned)strtoul(argv[5], NULL, 0);
	if (keep < 100) {
		run.cut = target_shortest(run.dump, run.exe, keep);
		if (!run.cut)
			return NOTHING;
	}
	if (!arena_run(run.arena, execute, &run))
		run.status = 1;
	arena_free(run.arena);
	return run.status;
}
