/* refused_call.c: the system refused the Go runtime a system call that it cannot do without, for another reason than a limit: mostly a
 * filter of system calls. The runtime then ends the process: it throws, or writes to an address where nothing is mapped, on purpose. */
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/ends/recorded_end.h"
#include "heuristics/faults/fault_evidence.h"
#include "heuristics/faults/memory_access.h"
#include "heuristics/limits/resource_limit.h"

#include "analyzer/last_words/errnos.h"
#include "formats/cpu/system_calls.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

extern const struct detector detector_refused_call;

enum { ERRNO_MAX = 4095 /* linux/err.h MAX_ERRNO */ };

struct refused {
	const char *call;
	uint64_t error;      /* its number; 0: not known */
	const char *said;    /* the line that has it; NULL: none */
	uint64_t said_at;    /* of runtime/cgo's, in a core: where the stack has it; else 0 */
	bool by_c;           /* runtime/cgo said it, and aborted */
	const char *by;      /* runtime function that died of it on purpose; NULL: it threw, or C aborted */
	uint8_t reg;         /* REG_NONE, or the register that has the error or, with `error` 0, the call's number */
	uint64_t value;      /* … and what it has */
	int32_t thread;
};

static const struct {
	const char *function, *call;
	uint64_t address;
	const char *line, *words;
} faults[] = {
#define REFUSED_FAULT(function, call, address, line, words) {function, call, address, line, words},
#include "heuristics/limits/refused_calls.def"
};

static const struct {
	const char *error, *call, *line, *words;
} throws[] = {
#define REFUSED_THROW(error, call, line, words) {error, call, line, words},
#include "heuristics/limits/refused_calls.def"
};

static const struct {
	const char *words, *call;
} in_c[] = {
#define REFUSED_C(words, call) {words, call},
#include "heuristics/limits/refused_calls.def"
};

static bool is_error(uint64_t value)
{
	return -value - 1 < ERRNO_MAX;
}

static bool is_call(const struct arch *arch, uint64_t number, const char *call)
{
	const char *name = number <= UINT32_MAX ? system_call_name(arch, (uint32_t)number) : NULL;

	return name && !strcmp(name, call);
}

/* The number behind `words`, in the last line that was printed with `line` in it. */
static void read_line(const struct go_runtime *runtime, const char *line, const char *words, struct refused *ret)
{
	for (size_t i = 0; i < runtime->fatal_lines.count; i++) {
		const char *at = strstr(runtime->fatal_lines.items[i], line);
		const char *number = at ? strstr(at, words) : NULL;
		const unsigned long error = number ? strtoul(number + strlen(words), NULL, 10) : 0;

		if (!error || error > ERRNO_MAX)
			continue;
		ret->error = error;
		ret->said = runtime->fatal_lines.items[i];
	}
}

/* What registers say of the call: its error, or, where that is gone, its number. False: they speak against it. */
static bool read_registers(struct analysis *analysis, bool answered, struct refused *ret)
{
	const struct arch *arch = analysis->image->arch;
	const uint8_t reg = answered ? arch->system_call_result : arch->system_call;
	uint64_t value;

	if (!register_at_fault(analysis, reg, &value))
		return true;
	ret->reg = reg;
	ret->value = value;
	if (!answered)
		return is_call(arch, value, ret->call);
	ret->error = -value;
	return is_error(value);
}

/* A fault in such a function at just that address. */
static bool find_fault(struct analysis *analysis, struct refused *ret)
{
	const struct fault *fault = &analysis->fault;
	const struct pc_info *info = fault->known && fault->has_pc && fault->has_address ? go_pc(analysis->runtime, fault->pc, true) : NULL;

	for (size_t i = 0; info && info->func && i < sizeof faults / sizeof *faults; i++) {
		if (faults[i].address != fault->address || strcmp(go_func_name(info), faults[i].function))
			continue;
		*ret = (struct refused){.call = faults[i].call, .by = faults[i].function, .reg = REG_NONE, .thread = fault->thread};
		if (!faults[i].line)
			return read_registers(analysis, faults[i].address != 0, ret);
		read_line(analysis->runtime, faults[i].line, faults[i].words, ret);
		return true;
	}
	return false;
}

static bool find_throw(struct analysis *analysis, struct refused *ret)
{
	const char *text = go_fatal_text(analysis->messages.line);

	if (analysis->dying_thread < 0 || !text)
		return false;
	for (size_t i = 0; i < sizeof throws / sizeof *throws; i++) {
		if (strcmp(text, throws[i].error))
			continue;
		*ret = (struct refused){.call = throws[i].call, .reg = REG_NONE, .thread = analysis->dying_thread};
		read_line(analysis->runtime, throws[i].line, throws[i].words, ret);
		return ret->error != 0;
	}
	return false;
}

static bool read_c(const char *line, struct refused *ret)
{
	for (size_t i = 0; i < sizeof in_c / sizeof *in_c; i++) {
		const size_t length = strlen(in_c[i].words);
		const uint64_t error = !strncmp(line, in_c[i].words, length) ? errno_by_text(line + length) : 0;

		if (!error)
			continue;
		ret->call = in_c[i].call;
		ret->error = error;
		ret->said = line;
		return true;
	}
	return false;
}

static bool find_c(struct analysis *analysis, struct refused *ret)
{
	size_t thread;

	*ret = (struct refused){.reg = REG_NONE, .by_c = true};
	if (!pthread_failure_find(analysis, &thread, &ret->said, &ret->said_at) || !ret->said)
		return false;
	ret->thread = (int32_t)thread;
	return read_c(ret->said, ret);
}

static bool find(struct analysis *analysis, struct refused *ret)
{
	if (find_fault(analysis, ret))
		return true;
	return analysis->messages.line ? find_throw(analysis, ret) : find_c(analysis, ret);
}

/* "operation not permitted (EPERM)" */
static const char *error_words(const struct diagnosis *diagnosis, uint64_t error)
{
	return errno_name(error) ? arena_printf(diagnosis->arena, "%s (%s)", errno_text(error), errno_name(error))
				 : arena_printf(diagnosis->arena, "error %" PRIu64, error);
}

/* The write, and the error in the register: a program that came to the same address by a bad pointer would have none there. */
static void fault_witnesses(struct diagnosis *diagnosis, struct finding *finding, const struct refused *refused)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct memory_access access;
	struct evidence *evidence;
	uint64_t value;

	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false, "%s, accessing 0x%" PRIx64 ", in %s",
				fault_text(diagnosis), fault->address, refused->by);
	evidence->address = fault->pc;
	if (memory_access_at(analysis, fault->pc, &access) && access.store) {
		evidence = evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, false,
					"the instruction writes to 0x%" PRIx64 ", where nothing is ever mapped: %s does that to end the process when the "
					"system call %s fails", fault->address, refused->by, refused->call);
		evidence->address = fault->pc;
		if (refused->reg == REG_NONE && register_at_fault(analysis, access.reg, &value) && value == fault->address)
			evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, false, "%s was 0x%" PRIx64
				     ", which the code has as a constant", access.base, value);
	}
	if (refused->reg == REG_NONE)
		return;
	evidence = evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, false, "%s has %s",
				analysis->image->arch->reg_names[refused->reg], refused->error ?
				arena_printf(diagnosis->arena, "what the kernel answered: %s", error_words(diagnosis, refused->error)) :
				"the number of that call");
	evidence->observed = hex_text(diagnosis->arena, refused->value);
}

static void walk_witness(struct diagnosis *diagnosis, struct finding *finding)
{
	struct stack stack = {0};

	if (diagnosis->analysis->runtime->recorded)
		recorded_stop_evidence(diagnosis, finding);
	else if (is_whole_stack(diagnosis->analysis, finding, &stack))
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false, "the stack of %s is whole: no jump led there",
			     thread_text(diagnosis->analysis, finding->thread));
}

/* The runtime function that threw; NULL: not known. */
static const char *thrower(struct analysis *analysis)
{
	struct stack stack = {0};
	const size_t frame = thrower_find(analysis, &stack);

	return frame == SIZE_MAX ? NULL : go_func_name(stack.frames.items[frame].info);
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	struct refused refused;
	struct refusal limit;
	struct finding *finding;

	if (!find(analysis, &refused) || refusal_find(analysis, &limit))
		return;
	finding = finding_add(diagnosis, &detector_refused_call);
	finding->thread = refused.thread;
	finding->goroutine = refused.thread < 0 ? -1 : analysis->thread_goroutine[refused.thread];
	finding->refused_call = refused.call;
	finding->title = arena_printf(diagnosis->arena, "the system refused Go's runtime the call %s%s%s", refused.call,
				      refused.error ? ": " : "", refused.error ? error_words(diagnosis, refused.error) : "");
	if (refused.by) {
		finding->has_pc = true;
		finding->pc = analysis->fault.pc;
		finding->function = refused.by;
		fault_witnesses(diagnosis, finding, &refused);
		walk_witness(diagnosis, finding);
	} else if (analysis->messages.line) {
		finding->function = thrower(analysis);
		thrown_evidence(diagnosis, finding);
	}
	if (refused.by_c)
		pthread_failure_evidence(diagnosis, finding, refused.said, refused.said_at);
	else if (refused.said)
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "the runtime printed: \"%s\"",
			     one_line(diagnosis->arena, refused.said));
}

static const char *const supersedes[] = {"go-fatal", "unknown-fault", "bad-pointer", "nil-deref", "cgo-fault", "external-signal", NULL};

const struct detector detector_refused_call = {
	.id = "refused-call",
	.title = "the system refused Go's runtime a system call",
	.explanation =
		"Go's runtime makes system calls that it cannot do without: to start a thread, to wait, to set up signals. If the system "
		"refuses one, it ends the process: by a fatal error, or by writing to an address where nothing is ever mapped (0xf1, "
		"0x1006, on arm64 0), which looks like a bad or nil pointer and is none. Evidence: the line that "
		"was printed, or the instruction and the register with the kernel's answer or the call's number; the stack that made the "
		"call.\n"
		"What to do: the number of the error says why. EPERM and ENOSYS come of a filter of system calls (a container's seccomp "
		"profile, a systemd unit, a sandbox), EBADF of code that closed a descriptor of the runtime's.",
	.rank = 56,
	.supersedes = supersedes,
	.run = run,
};
