/* stops.h: a goroutine of a healthy dump, stopped where it never was. The program's own instructions are executed (machine.h)
 * from a call in one of its live frames through prologues to each instruction of a function's prologue and epilogues; there it is
 * preempted as the runtime does it. What SP is, the CPU says; what it should be, the table pcsp. */
#ifndef ACCURACY_STOPS_H
#define ACCURACY_STOPS_H

#include "tests/accuracy/machine.h"

#include "golang/preempt.h"

enum stop_place { IN_PROLOGUE, IN_EPILOGUE };

struct halt {
	const struct pc_info *at;
	enum stop_place place;
	bool leaf;
	bool torn;          /* pcsp and the CPU disagree about SP */
	bool beside;        /* one instruction before or after such a place */
	int32_t frame_size; /* of the function, the most that pcsp claims */
	int32_t claimed;
	int64_t executed;
	enum preemption preemption;
	uint64_t sp, caller_pc, caller_sp; /* as the CPU had them: at the stop; behind the call; once the function has returned */
	uint64_t goroutine;                /* its id */
	struct machine_words words;        /* what the dump holds then, where it differs; none if it cannot be preempted there */
};

struct stops {
	VEC(struct halt) items;
	size_t functions; /* whose prologue and epilogues were executed */
	size_t missed;    /* split adjustments, by the look of the code, that no execution came to: no way, or no room on the stack */
};

/* All places of all functions with a split adjustment of SP, by the look of their code; and those of others, a share that the seed
 * picks: `limit` functions, 0: all. Functions in which the runtime preempts nobody are left out. False: this dump has no
 * goroutine for it, or the CPU is none that can be had. */
bool stops_make(struct target *target, uint64_t seed, size_t limit, struct stops *ret);

#endif
