/* finding.h: what a detector says, with the evidence for and against it, each with a weight and, where there is one, an
 * address and the value there. Certainty is rank.c's alone to give. */
#ifndef HEURISTICS_FINDING_H
#define HEURISTICS_FINDING_H

#include "analyzer/analysis.h"
#include "golang/known_bugs.h"

enum evidence_kind {
	EVIDENCE_INSTRUCTION, EVIDENCE_MEMORY, EVIDENCE_REGISTER, EVIDENCE_CALL_SITE, EVIDENCE_UNWIND, EVIDENCE_STACK_BOUNDS,
	EVIDENCE_RUNTIME_STATE, EVIDENCE_MESSAGE, EVIDENCE_VERSION, EVIDENCE_PREDICTION, EVIDENCE_EXCEPTION,
};

enum weight { WEIGHT_WEAK, WEIGHT_FAIR, WEIGHT_STRONG, WEIGHT_DECISIVE };

enum certainty { CERTAINTY_POSSIBLE, CERTAINTY_LIKELY, CERTAINTY_CERTAIN };

struct evidence {
	enum evidence_kind kind;
	enum weight weight;
	bool against;
	const char *text;
	uint64_t address;     /* 0: none */
	const char *observed; /* NULL: none. Kind memory: the 8-byte little-endian word at address, "0x…" */
	const char *expected; /* NULL: none */
};

struct cited_bug {
	const struct known_bug *bug;
	int affects; /* as known_bug_affects says of the dump's release */
};

struct wait_graph;

/* Another explanation of the same damage (rivals.h). At least one side is said. */
struct rival {
	const char *cause;
	const char *speaks_for, *speaks_against; /* NULL: nothing */
};

struct stuck; /* heuristics/hangs/stuck.h */
struct resource; /* heuristics/limits/resource_limit.h */
struct outparam; /* analyzer/instructions/outparams.h */
struct overrun;  /* analyzer/unwind/overrun.h */
struct heap_part_text; /* heuristics/heap/part.h */

struct finding {
	const struct detector *detector; /* rule id and title */
	const char *title;   /* one sentence about this dump */
	enum certainty certainty;
	int32_t goroutine;   /* index in runtime->goroutines, -1 */
	int32_t thread;      /* index in image->threads, -1 */
	int64_t frame;       /* of the goroutine's stack, else of the thread's; -1 */
	const char *function; /* NULL */
	bool has_pc, has_slot, has_observed, has_repaired, has_sp_error, has_caller;
	uint64_t pc, slot, observed, repaired;
	int64_t sp_error;
	uint64_t caller_pc, caller_sp;
	uint64_t overwritten_from, overwritten_to; /* memory that what this finding names wrote over; 0: none is known */
	const char *const *supersedes; /* ids that this finding explains; NULL: those of its rule */
	int32_t explained_by; /* index of the finding that explains this one, -1 */
	bool told;            /* no detector found it: it was told of a dump (verdict/told.h) */
	const struct tear *tear; /* split-sp: the tear; NULL otherwise */
	const struct outparam *outparam; /* late-kernel-write: what the kernel was told to write; NULL otherwise */
	const struct wrong_pointer *pointer; /* bp-chain: the word; NULL otherwise */
	const struct stuck *stuck; /* stuck: what is; NULL otherwise */
	const struct resource *resource; /* resource-limit: what was refused; NULL otherwise */
	const char *refused_call; /* refused-call: the system call ("clone"); NULL otherwise */
	const struct wait_graph *waits; /* deadlock: who waits for what; NULL otherwise */
	const struct damage *damage; /* torn-return, torn-pc, smashed-return, bit-flip: the word; NULL otherwise */
	const struct overrun *overrun; /* smashed-return: who wrote it; NULL: not known, or another rule */
	const char *const *advice; /* bad-pointer: what to do about its kind (pointer_kind.h), NULL-terminated; NULL otherwise */
	const struct state_word *state; /* a word of the scheduler's state: the word; NULL otherwise */
	const struct heap_part_text *heap_part; /* heap-damage: the part of the heap that is wrong; NULL otherwise */
	VEC(struct evidence) evidence;
	VEC(struct cited_bug) bugs;
	VEC(struct rival) rivals;
};

struct runner_up {
	size_t finding;
	const char *separated_by;
};

enum verdict_kind { VERDICT_HEALTHY, VERDICT_UNKNOWN, VERDICT_FOUND };

struct verdict {
	enum verdict_kind kind;
	size_t finding; /* meaningful if VERDICT_FOUND */
	VEC(struct runner_up) runners_up;
	VEC(const char *) unexplained;
};

/* An out-parameter on the stack of a goroutine that waits for the kernel to write it (exposure.h). */
struct exposure {
	int32_t goroutine;
	const struct outparam *outparam;
	uint64_t address;
};

struct account; /* faults/account.h */

/* All findings, most certain first, with explained_by set and bugs cited, and the verdict. */
struct diagnosis {
	struct arena *arena;
	struct analysis *analysis;
	VEC(struct finding) findings;
	VEC(struct exposure) exposures; /* by goroutine */
	struct verdict verdict;
	const struct account *account; /* of the end, where no finding tells it; NULL with VERDICT_FOUND */
};

/* Runs every detector of detectors.def and ranks. */
struct diagnosis *diagnose(struct analysis *analysis);

const char *evidence_kind_name(enum evidence_kind kind);
const char *weight_name(enum weight weight);
const char *certainty_name(enum certainty certainty);

/* Appends evidence. text is formatted; observed and expected may be NULL (see also hex_text). */
struct evidence *evidence_add(struct diagnosis *diagnosis, struct finding *finding, enum evidence_kind kind,
			      enum weight weight, bool against, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

/* The word at an address as evidence of kind memory: observed is read from the dump. False when it is not there. */
bool evidence_word(struct diagnosis *diagnosis, struct finding *finding, enum weight weight, bool against, uint64_t address,
		   const char *expected, const char *format, ...) __attribute__((format(printf, 7, 8)));

/* "0x1f" on the arena: how addresses and words are written everywhere. */
const char *hex_text(struct arena *arena, uint64_t value);

#endif
