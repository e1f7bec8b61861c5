/* torn_pc.c: a return address whose upper half was overwritten, and that a RET has taken: the CPU stopped where it led. */
#include "heuristics/damage/damaged_word.h"

#include <inttypes.h>

extern const struct detector detector_torn_pc;

static void report(struct diagnosis *diagnosis, const struct damage *damage)
{
	struct finding *finding = damage_finding(diagnosis, &detector_torn_pc, damage);

	finding->title = arena_printf(diagnosis->arena, "%s returned from %s to %s through a return address whose upper half "
				      "was overwritten: 0x%" PRIx64,
				      damage_owner(diagnosis, damage), damage_callee(damage), damage_caller(damage),
				      damage->observed);
	landing_evidence(diagnosis, finding);
}

static void run(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->analysis->damages.count; i++) {
		const struct damage *damage = &diagnosis->analysis->damages.items[i];

		if (damage->kind == DAMAGE_TORN && damage->returned)
			report(diagnosis, damage);
	}
}

static const char *const supersedes[] = {"unwinder-crash", "heap-damage", "unknown-fault", "go-fatal", "go-panic", "nil-deref", NULL};

const struct detector detector_torn_pc = {
	.id = "torn-pc",
	.title = "the pc of the crash is a torn return address that was just returned through",
	.explanation =
		"The CPU was sent to an address where no code is. The lower 32 bits of that address, under the upper half of the "
		"program's own code, are a return address: just behind a call. So a function returned, and the return address on "
		"its stack had been overwritten, 4 bytes of it, while it ran.\n"
		"Evidence: the signal or exception with that pc; the word just below SP, unless it has been used again; the call "
		"before the repaired address; the frame pointer, which must fit the frame of the repaired caller; and the frames "
		"above, which must lead, call by call, to the goroutine's entry.\n"
		"The function that crashed did nothing wrong, nor did the one that it returned to. On Windows the exception is "
		"0xc0000005 with the code 8 (execute, DEP); on Linux SIGSEGV, and the runtime says \"unexpected fault address\".\n"
		"Known cause: on Windows, Go 1.26.0 and 1.26.1 (golang/go#77975): see late-kernel-write. Otherwise: C code or "
		"package unsafe that keeps the address of a Go variable.",
	.corruption = true,
	.rank = 120,
	.supersedes = supersedes,
	.run = run,
};
