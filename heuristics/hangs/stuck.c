/* stuck.c: a part of the process waits for what does not come, and the rest lives on, so that the runtime finds no deadlock. The
 * root of the waiting is named, not the crowd. */
#include "heuristics/hangs/dead_end.h"
#include "heuristics/hangs/lonely_wait.h"
#include "heuristics/hangs/stuck.h"

#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_stuck;

enum { FINDINGS_MOST = 3 };

static const char *lock_name(const struct contended_lock *lock)
{
	return lock->wait.kind == WAIT_MUTEX ? "a mutex" : "an RWMutex";
}

static uint64_t id_of(const struct diagnosis *diagnosis, size_t goroutine)
{
	return diagnosis->analysis->runtime->goroutines.items[goroutine].id;
}

/* That of a signal is explained by what the process was stuck in. */
static struct finding *add(struct diagnosis *diagnosis, const struct occasion *occasion)
{
	struct finding *finding = finding_add(diagnosis, &detector_stuck);

	if (!occasion->signalled)
		return finding;
	finding->thread = (int32_t)occasion->signal.thread;
	evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_FAIR, false,
		     "%s was sent from outside: whoever sent it wanted an end, or the stacks of a process that hangs",
		     occasion->signal.signal->name);
	return finding;
}

static void crowd_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct contended_lock *lock, bool itself)
{
	struct arena *arena = diagnosis->arena;
	uint64_t address;
	const char *what;

	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "%zu goroutine%s wait%s for that lock; the first, %" PRIu64 "%s%s, waits %s", lock->waiters, lock->waiters == 1 ? "" : "s",
		     lock->waiters == 1 ? "s" : "", id_of(diagnosis, lock->first), lock->function ? " in " : "",
		     lock->function ? lock->function : "", wait_text(diagnosis->analysis, &lock->wait));
	if (wait_state_word(diagnosis->analysis, &lock->wait, &address, &what))
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, address, NULL, "%s", what);
	if (itself && lock->waiters > 1)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_WEAK, false, "one of them holds it, %zu do%s not",
			     lock->waiters - 1, lock->waiters == 2 ? "es" : "");
	if (lock->longest)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "one of them has waited for at least %s", arena_printf(arena, "%" PRId64 " seconds",
										     lock->longest / NANOTIME_SECOND));
}

static void proof_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct contended_lock *lock,
			   const struct lock_holder *holder)
{
	static const char *const texts[] = {
		[PROOF_SLOT] = "is where that call took the lock's address from, and still gives it",
		[PROOF_FRAME] = "is a pointer from which that call's code gets the lock's address",
		[PROOF_POINTER] = "is pointed to from the frame, and that call's code gets the lock's address by way of it",
	};
	const enum weight weight = holder->section.always ? WEIGHT_STRONG : WEIGHT_FAIR;
	uint64_t address;
	const char *what;

	if (holder->proof != PROOF_CODE)
		evidence_word(diagnosis, finding, weight, false, holder->slot, hex_text(diagnosis->arena, holder->word),
			      "of the frame of %s, goroutine %" PRIu64 ": this word %s", holder->function,
			      id_of(diagnosis, holder->goroutine), texts[holder->proof]);
	else if (wait_state_word(diagnosis->analysis, &lock->wait, &address, &what))
		evidence_word(diagnosis, finding, weight, false, address, NULL,
			      "the lock is a global variable: the code of that call in %s names its address, 0x%" PRIx64, holder->function,
			      lock->wait.object);
}

/* Who holds one lock of the chain. */
static void holder_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct contended_lock *lock,
			    const struct lock_holder *holder, bool hopeless)
{
	const bool sure = hopeless && lock_holder_is_proven(holder);

	evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, sure ? WEIGHT_STRONG : WEIGHT_FAIR, false,
		     "%s calls %s at line %" PRId32 ", and a way leads from there to 0x%" PRIx64 ", where goroutine %" PRIu64
		     " stands in it, that does not release it%s",
		     holder->function, holder->section.call, holder->section.line, holder->pc, id_of(diagnosis, holder->goroutine),
		     holder->section.always ? "; no way leads there without that call" : "");
	proof_evidence(diagnosis, finding, lock, holder);
}

/* The words of the runtime that say what the root waits for. */
static void wait_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct hang_root *root)
{
	const struct layout *layout = diagnosis->analysis->runtime->layout;
	const struct wait *wait = &root->wait;
	const size_t who = root->holder->goroutine;
	const struct goroutine *g = &diagnosis->analysis->runtime->goroutines.items[who];

	if (root->kind == ROOT_SYSTEM_CALL)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "goroutine %" PRIu64 " %s, and its processor has been used by others since: its count of "
			     "calls (p.syscalltick) is %" PRIu32 " beyond what it was then (m.syscalltick)", g->id, root_text(diagnosis->analysis, root),
			     root->calls_since);
	else
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false, "goroutine %" PRIu64 " waits%s%s %s", g->id,
			     root->function ? " in " : "", root->function ? root->function : "",
			     wait_text(diagnosis->analysis, wait));
	if (wait->channel_count)
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, wait->channels[0].sudog + layout->offset[LAYOUT_sudog_g],
			      hex_text(diagnosis->arena, g->address), "sudog.g of the channel's queue entry is goroutine %" PRIu64, g->id);
}

static void alone_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct hang_root *root)
{
	switch (root->kind) {
	case ROOT_SEND_ALONE:
	case ROOT_RECEIVE_ALONE:
	case ROOT_GROUP_ALONE:
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_FAIR, false,
			     "no other goroutine's stack has the address of what it waits for; the heap or globals may");
		break;
	case ROOT_OWNER_ENDED:
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
			     "no goroutine stands between taking a lock of that kind and releasing it%s",
			     root->peers ? "; others that have the lock's address, or that of what contains it, on their stacks all wait "
					   "elsewhere"
					 : ", and no other goroutine's stack has the lock's address");
		break;
	default:
		break;
	}
}

/* The chain of holders, from the crowd to the root. */
static void chain_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct contention *contention,
			   const struct occasion *occasion, const struct hang_root *root)
{
	const bool sure = root->fact->hopeless && root_counts(root, occasion);

	for (size_t i = 0; i < root->length; i++) {
		const struct lock_holder *holder = i + 1 < root->length ? lock_holder_of(contention, root->chain[i], root->chain[i + 1])
									: root->holder;

		if (holder)
			holder_evidence(diagnosis, finding, root->chain[i], holder, sure);
	}
}

static const char *others(struct diagnosis *diagnosis, const struct hang_root *root)
{
	const size_t count = root->chain[0]->waiters - (root->kind == ROOT_ITSELF);

	if (!count)
		return "";
	return arena_printf(diagnosis->arena, "; %zu other%s wait%s for it%s", count, count == 1 ? "" : "s", count == 1 ? "s" : "",
			    root->length > 1 ? ", by way of other locks" : "");
}

/* Those of the chain that lie on the circle begin with the lock that the last holder waits for. */
static size_t circle_start(const struct contention *contention, const struct hang_root *root)
{
	const struct contended_lock *closing = contended_by(contention, root->holder->goroutine);
	size_t first = 0;

	while (first + 1 < root->length && root->chain[first] != closing)
		first++;
	return first;
}

static const char *circle_title(struct diagnosis *diagnosis, struct finding *finding, const struct contention *contention,
				const struct hang_root *root)
{
	const size_t first = circle_start(contention, root);
	const size_t others = root->chain[first]->waiters - 1; /* one is of the circle */
	const char *list = NULL;

	for (size_t i = first; i < root->length; i++) {
		const struct contended_lock *next = root->chain[i + 1 < root->length ? i + 1 : first];
		const struct lock_holder *holder = lock_holder_of(contention, root->chain[i], next);

		if (holder)
			list = arena_printf(diagnosis->arena, "%s%sgoroutine %" PRIu64 " in %s", list ? list : "",
					    !list ? "" : i + 1 == root->length ? " and " : ", ",
					    id_of(diagnosis, holder->goroutine), holder->function);
	}
	if (!others)
		return arena_printf(diagnosis->arena, "%s hold locks that the next of them waits for, in a circle", list);
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_WEAK, false,
		     "besides those of the circle, %zu wait for the lock that closes it", others);
	return arena_printf(diagnosis->arena,
			    "%s hold locks that the next of them waits for, in a circle; %zu other%s wait%s for one of these locks", list,
			    others, others == 1 ? "" : "s", others == 1 ? "s" : "");
}

static const char *title(struct diagnosis *diagnosis, struct finding *finding, const struct contention *contention,
			 const struct hang_root *root)
{
	const struct contended_lock *lock = root->chain[root->length - 1];

	if (root->kind == ROOT_CIRCLE)
		return circle_title(diagnosis, finding, contention, root);
	if (root->kind == ROOT_OWNER_ENDED)
		return arena_printf(diagnosis->arena,
				    "%zu goroutines wait%s%s for %s that nobody holds any more: its owner ended, or went on, without "
				    "releasing it", root->chain[0]->waiters, root->chain[0]->function ? " in " : "",
				    root->chain[0]->function ? root->chain[0]->function : "", lock_name(lock));
	return arena_printf(diagnosis->arena, "goroutine %" PRIu64 " holds %s in %s and %s%s",
			    id_of(diagnosis, root->holder->goroutine), lock_name(lock), root->holder->function,
			    root_text(diagnosis->analysis, root), others(diagnosis, root));
}

static void point(struct diagnosis *diagnosis, struct finding *finding, const struct hang_root *root)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0};

	finding->goroutine = (int32_t)(root->holder ? root->holder->goroutine : root->chain[0]->first);
	goroutine_stack(analysis, (size_t)finding->goroutine, &stack);
	point_at(analysis, finding, &stack, root->holder ? root->holder->frame : root->chain[0]->wait.frame);
	if (root->holder)
		finding->function = root->holder->function;
}

static void report_root(struct diagnosis *diagnosis, const struct contention *contention, const struct occasion *occasion,
			const struct hang_root *root)
{
	struct finding *finding = add(diagnosis, occasion);
	struct stuck *stuck = arena_alloc(diagnosis->arena, sizeof *stuck);

	stuck->root = root;
	finding->stuck = stuck;
	point(diagnosis, finding, root);
	finding->title = title(diagnosis, finding, contention, root);
	chain_evidence(diagnosis, finding, contention, occasion, root);
	crowd_evidence(diagnosis, finding, root->chain[0], root->kind == ROOT_ITSELF);
	if (root->holder)
		wait_evidence(diagnosis, finding, root);
	alone_evidence(diagnosis, finding, root);
}

static bool is_new(const struct diagnosis *diagnosis, const struct hang_root *root)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct stuck *stuck = diagnosis->findings.items[i].stuck;

		if (!stuck || !stuck->root)
			continue;
		for (size_t k = 0; k < stuck->root->length; k++)
			if (stuck->root->chain[k] == root->chain[root->length - 1])
				return false;
	}
	return true;
}

static void find_roots(struct diagnosis *diagnosis, const struct contention *contention, const struct occasion *occasion)
{
	for (size_t i = 0, found = 0; i < contention->locks.count && found < FINDINGS_MOST; i++) {
		struct hang_root *root = arena_alloc(diagnosis->arena, sizeof *root);

		if (!root_find(diagnosis->analysis, contention, &contention->locks.items[i], root) || !is_new(diagnosis, root) ||
		    (!root_counts(root, occasion) && !root_is_proven(diagnosis->analysis, contention, root)))
			continue;
		report_root(diagnosis, contention, occasion, root);
		found++;
	}
}

static const char *stop_title(struct diagnosis *diagnosis, const struct world_stop *stop)
{
	const char *who = stop->running ? arena_printf(diagnosis->arena, "goroutine %" PRIu64 " runs %s", id_of(diagnosis, stop->goroutine),
						       stop->running)
					: arena_printf(diagnosis->arena, "goroutine %" PRIu64 " runs code at 0x%" PRIx64,
						       id_of(diagnosis, stop->goroutine), stop->pc);

	if (!stop->function)
		return arena_printf(diagnosis->arena, "%s, which cannot be interrupted, and so do all %zu processors of the process", who,
				    stop->processors);
	return arena_printf(diagnosis->arena, "%s, which cannot be interrupted, and the runtime waits for it, %s; meanwhile nothing else runs",
			    who, stop->why);
}

static void report_stop(struct diagnosis *diagnosis, const struct occasion *occasion, const struct world_stop *stop)
{
	struct analysis *analysis = diagnosis->analysis;
	struct finding *finding = add(diagnosis, occasion);
	struct stuck *stuck = arena_alloc(diagnosis->arena, sizeof *stuck);
	struct stack stack = {0};
	struct evidence *evidence;

	stuck->stop = stop;
	finding->stuck = stuck;
	finding->goroutine = (int32_t)stop->goroutine;
	goroutine_stack(analysis, stop->goroutine, &stack);
	point_at(analysis, finding, &stack, stop->frame);
	if (!stop->running)
		finding->function = NULL;
	finding->title = stop_title(diagnosis, stop);
	evidence = evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_FAIR, false, "goroutine %" PRIu64 " is at 0x%" PRIx64
				"%s%s: %s", id_of(diagnosis, stop->goroutine), stop->pc, stop->running ? ", in " : "",
				stop->running ? stop->running : "", world_stop_reason(stop));
	evidence->address = stop->pc;
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
		     "it is running, and the runtime has asked it to stop (g.preempt is set)");
	if (stop->function)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false, "thread %" PRId64 " stands in %s, and waits %s",
			     analysis->image->threads.items[stop->thread].id, stop->function, stop->why);
	else
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "%zu goroutines run such code, on %zu processors (GOMAXPROCS)", stop->held, stop->processors);
	if (stop->waiting)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "%zu goroutine%s could run, or wait for the garbage collector, and cannot go on", stop->waiting,
			     stop->waiting == 1 ? "" : "s");
}

static void report_end(struct diagnosis *diagnosis, const struct occasion *occasion, const struct dead_end *end)
{
	const struct unreachable_wait *first = end->among->items.items[end->members[0]];
	struct finding *finding = add(diagnosis, occasion);
	struct stuck *stuck = arena_alloc(diagnosis->arena, sizeof *stuck);
	struct stack stack = {0};

	stuck->end = end;
	finding->stuck = stuck;
	finding->goroutine = (int32_t)first->goroutine;
	goroutine_stack(diagnosis->analysis, first->goroutine, &stack);
	point_at(diagnosis->analysis, finding, &stack, first->wait.frame);
	dead_end_report(diagnosis, finding, end);
}

static void report_lonely(struct diagnosis *diagnosis, const struct occasion *occasion, const struct lonely_wait *lonely)
{
	struct analysis *analysis = diagnosis->analysis;
	struct finding *finding = add(diagnosis, occasion);
	struct stuck *stuck = arena_alloc(diagnosis->arena, sizeof *stuck);
	struct stack stack = {0};

	stuck->lonely = lonely;
	finding->stuck = stuck;
	finding->goroutine = (int32_t)lonely->first;
	goroutine_stack(analysis, lonely->first, &stack);
	point_at(analysis, finding, &stack, lonely->wait.frame);
	finding->title = arena_printf(diagnosis->arena, "%zu goroutine%s%s%s %s", lonely->count, lonely->count == 1 ? "" : "s",
				      lonely->function ? " in " : "", lonely->function ? lonely->function : "",
				      lonely->count == 1 ? arena_printf(diagnosis->arena, "waits%s", strchr(lonely->text, ' '))
							 : lonely->text);
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false, "goroutine %" PRIu64 " waits%s%s %s",
		     id_of(diagnosis, lonely->first), lonely->function ? " in " : "", lonely->function ? lonely->function : "",
		     wait_text(analysis, &lonely->wait));
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, lonely->likely ? WEIGHT_STRONG : WEIGHT_FAIR, false,
		     "the address of what %s for is on no other goroutine's stack; the heap or globals may have it",
		     lonely->count == 1 ? "it waits" : "they wait");
}

static void run(struct diagnosis *diagnosis)
{
	const struct occasion occasion = occasion_of(diagnosis->analysis);
	const size_t before = diagnosis->findings.count;
	struct world_stop *stop = arena_alloc(diagnosis->arena, sizeof *stop);
	struct dead_end *end = arena_alloc(diagnosis->arena, sizeof *end);
	struct lonely_wait *lonely = arena_alloc(diagnosis->arena, sizeof *lonely);
	const struct contention *contention;

	if (!occasion.known)
		return;
	contention = contention_find(diagnosis->analysis);
	if (world_stop_find(diagnosis->analysis, stop))
		report_stop(diagnosis, &occasion, stop);
	find_roots(diagnosis, contention, &occasion);
	if (diagnosis->findings.count == before && dead_end_find(diagnosis->analysis, contention, end))
		report_end(diagnosis, &occasion, end);
	if (diagnosis->findings.count == before && occasion.signalled && lonely_wait_find(diagnosis->analysis, lonely))
		report_lonely(diagnosis, &occasion, lonely);
}

static const char *const supersedes[] = {"external-signal", NULL};

const struct detector detector_stuck = {
	.id = "stuck",
	.title = "a part of the process waits for what does not come",
	.explanation =
		"Goroutines wait for a lock, a channel or the end of a garbage collection, and what they wait for in the end does not "
		"come, while the rest of the process lives on: so the runtime sees no deadlock. It is asked of processes that were ended "
		"by SIGQUIT or SIGABRT from outside, or photographed alive. Evidence: who waits for which lock, by the runtime's queues; "
		"who holds it: a goroutine that stands, by its function's code, between taking and releasing a lock of that kind, with "
		"the lock's address in that frame; what that one waits for. Which goroutine owns a lock is not in memory, and what only "
		"the heap or globals know of is not seen: it is likely at most, but where locks are waited for in a circle or by their "
		"own holder. Of channels, WaitGroups and Conds it is asked whether anything leads to them that could still run, as the "
		"garbage collector asks. Busy processes have short queues, too: from how many and how long on is in heuristics/hangs/roots.def.\n"
		"What to do: look at the function that the verdict names, and at what it does while others wait for it.",
	.rank = 37,
	.supersedes = supersedes,
	.run = run,
};
