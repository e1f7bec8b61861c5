/* stack.c: tells of damaged stacks, and of the runtime's death while it walked one. */
#include "report/narrative/telling.h"

#include <inttypes.h>
#include <stdlib.h>

/* Why the runtime walked a stack: told by a function on the walker's own. */
static const struct {
	enum func_role role;
	const char *purpose;
} purposes[] = {
	{ROLE_SCANSTACK, "which the garbage collector does to find the pointers on it"},
	{ROLE_COPYSTACK, "which the runtime does to move it to a larger or smaller piece of memory"},
};

static const char *walk_purpose(const struct telling *telling, const struct finding *walker)
{
	struct stack stack = {0};

	if (walker->thread < 0)
		return NULL;
	thread_stack(telling->diagnosis->analysis, (size_t)walker->thread, &stack);
	for (size_t i = 0; i < stack.frames.count; i++)
		for (size_t p = 0; p < sizeof purposes / sizeof *purposes; p++)
			if (stack.frames.items[i].info && stack.frames.items[i].info->role == purposes[p].role)
				return purposes[p].purpose;
	return NULL;
}

/* "goroutine 1", or "thread 4711" when the torn stack is that of a thread. */
static const char *victim_name(const struct telling *telling)
{
	const struct finding *finding = telling->finding;

	return finding->goroutine < 0 ? finding_thread(telling, finding) : finding_goroutine(telling, finding);
}

static const char *bytes_text(struct arena *arena, int64_t count)
{
	return arena_printf(arena, "%" PRIu64 " bytes", count < 0 ? -(uint64_t)count : (uint64_t)count);
}

static void tell_stop(struct telling *telling, const char *victim)
{
	const struct finding *finding = telling->finding;
	const char *function = finding->function ? finding->function : "a function";

	tell_paragraph(telling, EXHIBIT_INSTRUCTIONS);
	if (!tell(telling,
		  "%s was in %s, which moves the stack pointer (SP) by the size of its frame in more than one "
		  "instruction.",
		  capital(telling->arena, victim), function))
		tell(telling,
		     "%s was in a function that moves the stack pointer (SP) by the size of its frame in more than "
		     "one instruction.",
		     capital(telling->arena, victim));
	tell(telling, "It was stopped between them, at %s.", hex_text(telling->arena, finding->pc));
	tell(telling, "There, SP is %s %s where Go's own tables say it is.",
	     bytes_text(telling->arena, finding->sp_error), finding->sp_error > 0 ? "above" : "below");
}

static void tell_preemption(struct telling *telling, const char *victim)
{
	const struct tear *tear = telling->finding->tear;

	tell_paragraph(telling, EXHIBIT_NONE);
	if (tear && tear->preempted) {
		tell(telling, "It was the Go scheduler that stopped it, to let other goroutines run (asynchronous "
			      "preemption).");
		tell(telling,
		     "It may do so at any instruction that the compiler calls safe. The compiler called this one "
		     "safe, and it is not.");
		return;
	}
	tell(telling,
	     "No preemption is saved on the stack: a signal, or the taking of the dump itself, stopped %s there.",
	     victim);
}

/* Whether the fault that the dump tells of is the walker's; a later one, of printing the stacks, takes its place in the dump. */
static bool is_walkers_fault(const struct finding *walker, const struct fault *fault)
{
	for (size_t i = 0; i < walker->evidence.count; i++)
		if (walker->evidence.items[i].kind == EVIDENCE_EXCEPTION)
			return walker->evidence.items[i].address == fault->pc;
	return true;
}

/* How the walk ended: by a fault of the walker's own, or by its giving up. */
static void tell_walkers_end(struct telling *telling, const struct finding *walker)
{
	const struct fault *fault = &telling->diagnosis->analysis->fault;
	const char *direction = telling->finding->sp_error > 0 ? "high" : "low";
	const char *bytes = bytes_text(telling->arena, telling->finding->sp_error);
	const bool faulted = fault->known && fault->name && fault->thread == walker->thread;

	if (faulted && fault->has_address && is_walkers_fault(walker, fault) &&
	    tell(telling,
		 "It trusted SP, looked %s too %s for the return address, took what lay there for one, and ended up "
		 "touching address %s: %s, and the end of the process.",
		 bytes, direction, hex_text(telling->arena, fault->address), fault->name))
		return;
	tell(telling, "It trusted SP and looked %s too %s for the return address.", bytes, direction);
	if (faulted)
		tell(telling, "Led astray by what lay there, it took %s, and that ended the process.", fault->name);
	else
		tell(telling, "There was none, and the runtime ended the process.");
}

static void tell_walker(struct telling *telling, const char *victim, const struct finding *walker)
{
	const char *purpose = walk_purpose(telling, walker);
	const char *thread = capital(telling->arena, finding_thread(telling, walker));

	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "%s then walked the stack of %s%s%s.", thread, victim, purpose ? ", " : "",
	     purpose ? purpose : "");
	tell_walkers_end(telling, walker);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "The thread that died did nothing wrong: it was the first to read a torn stack.");
}

static void tell_repair(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const struct tear *tear = finding->tear;
	const char *caller = NULL;

	if (!finding->has_caller || !finding->caller_pc)
		return;
	caller = go_func_name(go_return_address(telling->diagnosis->analysis->runtime, finding->caller_pc));
	tell_paragraph(telling, EXHIBIT_NONE);
	if (!tell(telling, "With SP put right the stack goes on in %s (return address %s).", caller,
		  hex_text(telling->arena, finding->caller_pc)))
		tell(telling, "With SP put right the stack goes on at %s.",
		     hex_text(telling->arena, finding->caller_pc));
	if (tear && tear->end == END_COMPLETE)
		tell(telling,
		     "From there every frame fits the next, to the start of the goroutine: the rest of the stack is "
		     "sound.");
}

static void split_sp_actions(struct telling *telling, const char *victim)
{
	const struct finding *finding = telling->finding;
	const bool preempted = !finding->tear || finding->tear->preempted;
	size_t fixes;

	if (preempted)
		tell_action(telling,
			    "Set GODEBUG=asyncpreemptoff=1 in the environment of the service: it stops these crashes "
			    "at once. The price: loops without calls delay the garbage collector.");
	tell_action(telling,
		    "Do not search for the defect in the thread that died: the stack that matters is that of %s.",
		    victim);
	tell_fixes(telling);
	fixes = telling->narrative->remedies.count;
	if (finding->function)
		tell_for_good(telling, "%s make the frame of %s smaller: move its large local arrays to the heap.",
			      fixes ? "If that cannot be done soon," : "No Go release is known to prevent it here:",
			      finding->function);
	if (preempted)
		tell_confirm(telling, "With asyncpreemptoff=1 these crashes must end at once. One more with it set would show that "
				      "this is not the cause, or not the only one.");
	tell_confirm(telling, "Disassemble the function around %s: two instructions in a row that add to SP, of which just the first "
			      "had run, are the proof; one instruction that does it all would refute this report.",
		     hex_text(telling->arena, finding->pc));
}

void tell_split_sp(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const struct finding *walker = finding_of_rule(telling->diagnosis, "unwinder-crash", finding);
	const char *victim = victim_name(telling);
	const char *bytes = bytes_text(telling->arena, finding->sp_error);

	if (finding->function)
		tell_headline(telling,
			      "%s was stopped between the parts of %s's SP adjustment; its stack is torn by %s.",
			      victim, finding->function, bytes);
	tell_headline(telling, "%s was stopped in the middle of an SP adjustment; its stack is torn by %s.", victim,
		      bytes);
	tell_stop(telling, victim);
	tell_preemption(telling, victim);
	if (walker)
		tell_walker(telling, victim, walker);
	tell_repair(telling);
	if (!walker) {
		tell_paragraph(telling, EXHIBIT_LAST_WORDS);
		tell(telling,
		     "Nothing in the dump shows that somebody walked this stack while it was torn, so what ended the "
		     "process, if anything did, need not be this.");
	}
	split_sp_actions(telling, victim);
}

void tell_unwinder_crash(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const char *thread = finding_thread(telling, finding);
	const char *victim = finding->goroutine < 0 ? "a goroutine" : finding_goroutine(telling, finding);
	const char *purpose = walk_purpose(telling, finding);
	const bool exe = telling->diagnosis->analysis->runtime->exe_source != EXE_NONE;

	tell_headline(telling, "the Go runtime died%s while it walked the stack of %s.", on_thread_text(telling->diagnosis->analysis, finding->thread), victim);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "%s walked the stack of %s%s%s.", capital(telling->arena, thread), victim, purpose ? ", " : "",
	     purpose ? purpose : "");
	tell(telling, "The stack made no sense to it, and the runtime ended the process.");
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "The thread that died is only the one that noticed.");
	if (tell_bug(telling)) {
		tell(telling, "Nothing else was found to be wrong with the stack of %s.", victim);
	} else {
		tell(telling, "What is wrong is the stack of %s.", victim);
		if (exe)
			tell(telling, "No rule of this program could say how it came to be.");
		else
			tell(telling, "How it came to be cannot be said without the executable, whose code is the key to it.");
	}
	tell_known_bugs(telling);
	tell_action(telling,
		    "Look at the stack of %s: where it ends, and what its last frame calls: assembly, cgo and "
		    "package unsafe are the usual suspects.",
		    victim);
	tell_action(telling,
		    "If it crashes again, keep that dump too: two dumps with the same victim function point at it.");
	tell_confirm(telling, "A dump with all memory (on Linux `echo 0x7f >/proc/PID/coredump_filter` beforehand) and the executable "
			      "would show whether the stack of %s is torn or overwritten, and where.",
		     victim);
	tell_for_good(telling, "Build with -race in tests, and look through the uses of package unsafe, cgo and assembly in what %s "
			       "runs.",
		      victim);
}
