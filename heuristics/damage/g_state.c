/* g_state.c: words of the scheduler's state that contradict others. */
#include "heuristics/damage/state_word.h"

extern const struct detector detector_g_state;

static void run(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->analysis->state_words.count; i++)
		if (state_word_kind(&diagnosis->analysis->state_words.items[i]) == STATE_KIND_OTHER)
			state_word_finding(diagnosis, &detector_g_state, &diagnosis->analysis->state_words.items[i]);
}

static const char *const supersedes[] = {"unwinder-crash", "heap-damage", NULL};

const struct detector detector_g_state = {
	.id = "g-state",
	.title = "the scheduler's state contradicts itself",
	.explanation =
		"The Go scheduler keeps much of what it knows twice: g.m and m.curg name each other; a goroutine that runs has an M; "
		"g.sched.g names the goroutine itself; the bounds of a stack are a power of two apart, and g.stackguard0 and g.stktopsp "
		"lie at fixed distances from them; a goroutine that nobody runs has left the CPU by a call of mcall or morestack, and "
		"pc, SP and frame pointer in g.sched fit its stack; m.p is one of runtime.allp. Here two of these words do not agree, "
		"and no order in which the runtime itself writes them explains it: what it does in between, in a snapshot of a living "
		"process too, is no finding, nor are words that change while a stack is copied.\n"
		"Evidence: the word, what it must be where that follows, the word that it contradicts; for g.sched, that the frame "
		"tables lead to the goroutine's entry from the one value and not from the other. Nothing that the CPU did bears it "
		"out, so it is never certain.\n"
		"What to do: g and m are ordinary memory, and nobody but the runtime has a pointer to them. Look for C code and package "
		"unsafe that write past the end of their memory or after freeing it; see also bit-flip.",
	.corruption = true,
	.rank = 8,
	.supersedes = supersedes,
	.run = run,
};
