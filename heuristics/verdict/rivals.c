/* rivals.c: see rivals.h. One row per rival; what its function leaves NULL is not said. */
#include "heuristics/verdict/rivals.h"

#include "golang/preempt.h"
#include "golang/program.h"
#include "heuristics/ends/race_signs.h"

#include <inttypes.h>
#include <string.h>

enum { ANY_OS = -1, VALUE_BYTES = 24 };

struct case_of_rival {
	const struct diagnosis *diagnosis;
	const struct finding *finding;
	const struct damage *damage;
	struct rival *rival;
};

static void c_code(const struct case_of_rival *c)
{
	if (program_has_cgo(c->diagnosis->analysis->runtime))
		c->rival->speaks_for = "C code is linked into this program (cgo)";
	else
		c->rival->speaks_against = "the program has no C code of its own (no cgo); only the system's libraries are C";
}

static void data_race(const struct case_of_rival *c)
{
	c->rival->speaks_against =
		c->damage->kind == DAMAGE_TORN
			? "Go code without package unsafe has no pointer to a return address, let alone to its upper half"
			: "Go code without package unsafe has no pointer to a return address";
}

static void failing_memory(const struct case_of_rival *c)
{
	const int bits = __builtin_popcountll(c->damage->observed ^ c->damage->repaired);

	if (!c->damage->repaired)
		return;
	if (bits == 1)
		c->rival->speaks_for = "just one bit differs";
	else
		c->rival->speaks_against = arena_printf(c->diagnosis->arena,
							"%d bits differ at once; failing memory flips single bits", bits);
}

/* Whoever suspends a thread may change its registers. */
static void suspension(const struct case_of_rival *c)
{
	if (c->damage->slot_holds && c->damage->pc_address != c->damage->slot)
		c->rival->speaks_against = "that changes the registers of a thread; the wrong word lies in memory";
	else
		c->rival->speaks_for = "the wrong word is no longer in memory, only in the pc";
}

static bool passes(struct analysis *analysis, size_t goroutine, enum func_role role, struct stack *stack)
{
	goroutine_stack(analysis, goroutine, stack);
	for (size_t i = 0; i < stack->frames.count; i++)
		if (stack->frames.items[i].info->role == role)
			return true;
	return false;
}

/* In callbacks a goroutine's stack may move while C code is above it (tailscale/tailscale#19263). */
static void callbacks(const struct case_of_rival *c)
{
	struct analysis *analysis = c->diagnosis->analysis;
	struct stack stack = {0};
	bool victim = c->damage->goroutine >= 0 &&
		      passes(analysis, (size_t)c->damage->goroutine, ROLE_CGOCALLBACK, &stack);
	uint64_t others = 0;

	for (size_t i = 0; i < analysis->groups.count; i++)
		others += passes(analysis, analysis->groups.items[i].first, ROLE_CGOCALLBACK, &stack);
	if (victim)
		c->rival->speaks_for = "this goroutine is inside a callback from C";
	else if (others)
		c->rival->speaks_against = "this goroutine is not inside a callback from C, though others are";
	else
		c->rival->speaks_against = "no goroutine of this dump is inside a callback from C";
}

static void preemption(const struct case_of_rival *c)
{
	struct analysis *analysis = c->diagnosis->analysis;
	struct stack stack = {0};

	if (preemption_switched_off(analysis->runtime))
		c->rival->speaks_against = "it is switched off (GODEBUG=asyncpreemptoff=1)";
	else if (c->damage->kind == DAMAGE_TORN)
		c->rival->speaks_against = "it writes whole words, below SP; this is half a word, in a live frame";
	else
		c->rival->speaks_against = "it writes below SP; this word was in a live frame";
	if (c->damage->goroutine >= 0 && passes(analysis, (size_t)c->damage->goroutine, ROLE_ASYNC_PREEMPT, &stack))
		c->rival->speaks_for = "this goroutine was preempted asynchronously";
}

static const struct {
	const char *cause;
	int os; /* enum target_os, or ANY_OS */
	void (*examine)(const struct case_of_rival *c);
} rivals[] = {
	{"a stray write by C code", ANY_OS, c_code},
	{"a data race in Go code", ANY_OS, data_race},
	{"failing memory", ANY_OS, failing_memory},
	{"a debugger or anti-virus program that suspends threads", OS_WINDOWS, suspension},
	{"a stack that moved under a callback (tailscale/tailscale#19263)", OS_WINDOWS, callbacks},
	{"asynchronous preemption", ANY_OS, preemption},
};

static void find(struct diagnosis *diagnosis, struct finding *finding)
{
	for (size_t i = 0; i < sizeof rivals / sizeof *rivals; i++) {
		struct rival rival = {.cause = rivals[i].cause};
		struct case_of_rival c = {diagnosis, finding, finding->damage, &rival};

		if (rivals[i].os != ANY_OS && rivals[i].os != (int)diagnosis->analysis->image->os)
			continue;
		rivals[i].examine(&c);
		if (rival.speaks_for || rival.speaks_against)
			vec_push(diagnosis->arena, &finding->rivals, rival);
	}
}

/* ---- a heap that is damaged ---- */

/* On Windows system calls go that way, too. */
static const struct goroutine *in_c(struct analysis *analysis)
{
	if (analysis->image->os == OS_WINDOWS)
		return NULL;
	for (size_t i = 0; i < analysis->groups.count; i++) {
		struct stack stack = {0};

		if (passes(analysis, analysis->groups.items[i].first, ROLE_CGOCALL, &stack))
			return &analysis->runtime->goroutines.items[analysis->groups.items[i].first];
	}
	return NULL;
}

static void heap_c_code(struct diagnosis *diagnosis, struct rival *rival, uint64_t run)
{
	const struct goroutine *g;

	(void)run;
	if (!program_has_cgo(diagnosis->analysis->runtime)) {
		rival->speaks_against = "the program has no C code of its own (no cgo); only the system's libraries are C";
		return;
	}
	g = in_c(diagnosis->analysis);
	rival->speaks_for = g ? arena_printf(diagnosis->arena, "C code is linked into this program (cgo), and goroutine %" PRIu64
					     " is in a call of it", g->id)
			      : "C code is linked into this program (cgo); no goroutine is in a call of it now";
}

static void heap_race(struct diagnosis *diagnosis, struct rival *rival, uint64_t run)
{
	size_t running = 0;

	for (size_t i = 0; i < diagnosis->analysis->runtime->goroutines.count; i++)
		running += diagnosis->analysis->runtime->goroutines.items[i].status == G_RUNNING;
	if (run > VALUE_BYTES)
		rival->speaks_against = arena_printf(diagnosis->arena,
						     "%" PRIu64 " bytes in a row were written over; a race mixes values of two or three words",
						     run);
	else if (running > 1)
		rival->speaks_for = arena_printf(diagnosis->arena, "%zu goroutines were running at the same time", running);
}

static void heap_memory(struct diagnosis *diagnosis, struct rival *rival, uint64_t run)
{
	if (run)
		rival->speaks_against = arena_printf(diagnosis->arena, "%" PRIu64 " bytes in a row were written over; failing memory flips "
						     "single bits", run);
}

static const struct {
	const char *cause;
	void (*examine)(struct diagnosis *diagnosis, struct rival *rival, uint64_t run); /* run: bytes that were written over; 0: not known */
} heap_rivals[] = {
	{"C code that keeps an address of Go's memory, or writes past its end", heap_c_code},
	{"a data race in Go code", heap_race},
	{"failing memory", heap_memory},
};

static void find_heap(struct diagnosis *diagnosis, struct finding *finding)
{
	for (size_t i = 0; i < sizeof heap_rivals / sizeof *heap_rivals; i++) {
		struct rival rival = {.cause = heap_rivals[i].cause};

		heap_rivals[i].examine(diagnosis, &rival, finding->overwritten_to - finding->overwritten_from);
		if (rival.speaks_for || rival.speaks_against)
			vec_push(diagnosis->arena, &finding->rivals, rival);
	}
}

/* Findings that the goroutine's panic made. */
static bool is_of_panic(const struct diagnosis *diagnosis, const struct finding *finding)
{
	return finding->goroutine == diagnosis->analysis->messages.goroutine &&
	       (!strcmp(finding->detector->id, "go-panic") || !strcmp(finding->detector->id, "nil-deref"));
}

void rivals_find(struct diagnosis *diagnosis)
{
	struct rival race = {.cause = "a data race on a value that two goroutines used at the same time"};
	const bool is_race = diagnosis->analysis->messages.panicked && race_sign_find(diagnosis, &race);

	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		struct finding *finding = &diagnosis->findings.items[i];

		if (finding->damage)
			find(diagnosis, finding);
		else if (finding->heap_part)
			find_heap(diagnosis, finding);
		else if (is_race && is_of_panic(diagnosis, finding))
			vec_push(diagnosis->arena, &finding->rivals, race);
	}
}
