/* resource_limit.c: the system, or the runtime, refused the process what it asked for: a thread, a process, a descriptor, a
 * mapping. Nothing is wrong with the machine code that met it: a limit is, or what uses the resource up. */
#include "heuristics/ends/crowds.h"
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/limits/resource_limit.h"

#include "analyzer/unwind/unwind.h"
#include "analyzer/waits/waits.h"
#include "formats/log/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

extern const struct detector detector_resource_limit;

enum { SAMPLES = 4096 };

/* runtime/cgo aborts in C. The runtime says in a log where it knows no function. */
static void c_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct analysis *analysis = diagnosis->analysis;
	const struct log_record *record = analysis->image->record;
	const uint64_t pc = record ? record->signal.pc : analysis->walks[finding->thread].stopped.pc;

	if (!record || (record->signal.has_pc && record->unknown_pc == pc))
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, false, "%s is 0x%" PRIx64 ": no Go function is there",
			     record ? "PC" : analysis->image->arch->reg_names[analysis->image->arch->pc], pc);
}

/* In a core its words may be where fprintf had them; without them the reason is not known. */
static void abort_evidence(struct diagnosis *diagnosis, struct finding *finding, const char *words, uint64_t at)
{
	const char *thread = thread_text(diagnosis->analysis, finding->thread);

	evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
		     "%s sent itself SIGABRT: runtime/cgo's fatalf, which prints \"pthread_create failed\" "
		     "and calls abort", thread);
	if (words)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, at, NULL,
			      "the part of its stack that is free again has what it printed: \"%s\"", words);
	else
		evidence_add(diagnosis, finding, EVIDENCE_MEMORY, WEIGHT_STRONG, true,
			     "the reason that it printed is not kept: with \"Operation not permitted\" it was a filter of system calls");
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "below its frames of C, %s stands in runtime.newm1, which starts a thread by way of C", thread);
}

void pthread_failure_evidence(struct diagnosis *diagnosis, struct finding *finding, const char *words, uint64_t at)
{
	if (diagnosis->analysis->image->record)
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "the last words of runtime/cgo: \"%s\"",
			     one_line(diagnosis->arena, words));
	else
		abort_evidence(diagnosis, finding, words, at);
	c_evidence(diagnosis, finding);
}

static void message_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct refusal *refusal)
{
	const bool own = !refusal->panicked || refusal->typed;

	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, own ? WEIGHT_STRONG : WEIGHT_FAIR, false, "%s: \"%s\"",
		     refusal->panicked ? "the value of the panic" : "the runtime's last words", one_line(diagnosis->arena, refusal->said));
	if (!refusal->panicked)
		backlog_evidence(diagnosis, finding, WEIGHT_FAIR, refusal->said);
}

/* What the runtime keeps of a panic: its record, and the call that raised it. */
static void panic_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct panic_value *panic = oldest_panic(&analysis->messages);
	struct stack stack = {0};

	if (panic && analysis->runtime->layout)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false,
			      panic->address + analysis->runtime->layout->offset[LAYOUT_panic_arg_type], NULL,
			      "the value's type in its record, runtime._panic at 0x%" PRIx64 "%s%s", panic->address,
			      panic->type ? ": " : "", panic->type ? panic->type : "");
	if (finding->goroutine < 0)
		return;
	goroutine_stack(analysis, (size_t)finding->goroutine, &stack);
	if (find_role(&stack, ROLE_GOPANIC) != SIZE_MAX)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false, "its stack passes runtime.gopanic%s%s",
			     finding->function ? ", called by " : "", finding->function ? finding->function : "");
}

/* A goroutine that is locked to its thread (runtime.LockOSThread) keeps it also while it waits. */
static bool holds_thread(struct analysis *analysis, const struct goroutine *g)
{
	(void)analysis;
	return g->status == G_SYSCALL || g->locked;
}

bool threads_are_locked(const struct go_runtime *runtime)
{
	size_t locked = 0, calls = 0;

	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		locked += runtime->goroutines.items[i].locked;
		calls += runtime->goroutines.items[i].status == G_SYSCALL && !runtime->goroutines.items[i].locked;
	}
	return locked > calls;
}

static bool waits_for_descriptor(struct analysis *analysis, const struct goroutine *g)
{
	return wait_kind_of(analysis, g) == WAIT_IO;
}

/* How many threads there were is not in a log. */
static const char *of_threads(const struct diagnosis *diagnosis)
{
	const struct image *image = diagnosis->analysis->image;

	return image->record ? "" : arena_printf(diagnosis->arena, " of its %zu", image->threads.count);
}

/* Who uses threads up, for the headline; NULL: nobody that the dump shows. */
static const char *thread_users(struct diagnosis *diagnosis, struct finding *finding)
{
	const char *of = of_threads(diagnosis);
	struct crowd crowd;

	if (!crowd_find(diagnosis, holds_thread, &crowd))
		return NULL;
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
		     "%zu%s threads are held by goroutines that %s; most of those, %zu, in %s%s%s", crowd.all, of,
		     threads_are_locked(diagnosis->analysis->runtime) ? "are locked to them (runtime.LockOSThread), or stand in system calls"
								      : "stand in system calls or in C",
		     crowd.count, crowd.function, crowd.creator ? ", created by " : "",
		     crowd.creator ? crowd.creator : "");
	return arena_printf(diagnosis->arena, "%zu%s threads are held by goroutines in %s", crowd.count, of, crowd.function);
}

/* The largest descriptor that goroutines wait on tells of the limit: descriptors are given from the lowest that is free. */
static int64_t largest_descriptor(struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;
	struct stack stack = {0};
	struct wait wait;
	int64_t largest = -1;

	for (size_t i = 0, seen = 0; i < runtime->goroutines.count && seen < SAMPLES; i++) {
		if (!waits_for_descriptor(analysis, &runtime->goroutines.items[i]))
			continue;
		seen++;
		goroutine_stack(analysis, i, &stack);
		wait_read(analysis, i, &stack, &wait);
		if (wait.has_descriptor && wait.descriptor > largest)
			largest = wait.descriptor;
	}
	return largest;
}

static const char *descriptor_users(struct diagnosis *diagnosis, struct finding *finding)
{
	const int64_t largest = largest_descriptor(diagnosis->analysis);
	struct crowd crowd;

	if (!crowd_find(diagnosis, waits_for_descriptor, &crowd))
		return NULL;
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
		     "%zu goroutines wait for input or output on a descriptor; most of those, %zu, in %s%s%s", crowd.all, crowd.count,
		     crowd.function, crowd.creator ? ", created by " : "", crowd.creator ? crowd.creator : "");
	if (largest >= 0)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "the largest descriptor that one of them waits on is %" PRId64, largest);
	return crowd.count < 2 ? NULL : arena_printf(diagnosis->arena, "%zu goroutines in %s wait on one each", crowd.count,
						     crowd.function);
}

/* The file that is mapped most often, by NT_FILE; mappings without a file are the rest. */
static const char *mapping_users(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct image *image = diagnosis->analysis->image;
	const size_t count = mapping_count(diagnosis->analysis);

	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
		     "by the dump's own list, the process had %zu mappings, %zu of them of files", count, image->mappings.count);
	return arena_printf(diagnosis->arena, "it had %zu, %zu of them of files", count, image->mappings.count);
}

static const char *users(struct diagnosis *diagnosis, struct finding *finding, const struct resource *resource)
{
	switch (resource->users) {
	case USERS_THREADS:
		return thread_users(diagnosis, finding);
	case USERS_DESCRIPTORS:
		return descriptor_users(diagnosis, finding);
	case USERS_MAPPINGS:
		return mapping_users(diagnosis, finding);
	default:
		return NULL;
	}
}

static void place(struct diagnosis *diagnosis, struct finding *finding, const struct refusal *refusal)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0};

	finding->thread = (int32_t)refusal->thread;
	finding->goroutine = refusal->panicked ? analysis->messages.goroutine : analysis->thread_goroutine[refusal->thread];
	if (finding->goroutine < 0)
		return;
	goroutine_stack(analysis, (size_t)finding->goroutine, &stack);
	if (refusal->panicked)
		point_at(analysis, finding, &stack, panic_frame(&stack, oldest_panic(&analysis->messages)));
	if (!finding->function)
		point_at(analysis, finding, &stack, first_program_frame(&stack, 0));
}

static void run(struct diagnosis *diagnosis)
{
	struct refusal refusal;
	struct finding *finding;
	const char *who;

	if (!refusal_find(diagnosis->analysis, &refusal))
		return;
	finding = finding_add(diagnosis, &detector_resource_limit);
	finding->resource = refusal.resource;
	place(diagnosis, finding, &refusal);
	if (refusal.by_c) {
		pthread_failure_evidence(diagnosis, finding, refusal.said, refusal.said_at);
	} else {
		message_evidence(diagnosis, finding, &refusal);
		(refusal.panicked ? panic_evidence : thrown_evidence)(diagnosis, finding);
	}
	who = users(diagnosis, finding, refusal.resource);
	finding->title = arena_printf(diagnosis->arena, "%s%s%s%s%s", refusal.resource->refused,
				      refusal.panicked && finding->function ? ", asked for by " : "",
				      refusal.panicked && finding->function ? finding->function : "", who ? "; " : "", who ? who : "");
}

static const char *const supersedes[] = {"go-fatal", "go-panic", "out-of-memory", "cgo-fault", "external-signal", "unknown-fault",
					 NULL};

const struct detector detector_resource_limit = {
	.id = "resource-limit",
	.title = "a limit of the process or of the system was reached",
	.explanation =
		"The process asked for a thread, a child process, a file descriptor or a mapping, and was refused, because a limit "
		"is reached: of the process (ulimit), of its container or systemd unit, of the system, or of Go itself (10,000 "
		"threads). The runtime cannot go on without a thread and throws; runtime/cgo prints \"pthread_create failed\" and "
		"aborts; of the program's own calls the error became a panic. Evidence: the message or the frames of "
		"runtime/cgo's fatalf; who asked; and what uses the resource up: goroutines in system calls, each of which "
		"holds a thread, goroutines that wait on descriptors, mappings.\n"
		"What to do: raise the limit, if what uses it up is meant to be so much; else bound that, at the go statement "
		"that the report names. No release of Go mends it.",
	.rank = 55,
	.supersedes = supersedes,
	.run = run,
};
