/* torn_value.c: a string, slice or interface whose words cannot belong together. Go stores them one after another: who reads
 * such a variable while another goroutine writes it gets the pointer of one value with the length, or type, of another; package
 * unsafe makes such values as well. What is read through them is anything: mostly a small address, which looks like nil. */
#include "analyzer/origins/stores.h"
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/values/holders.h"
#include "heuristics/values/variable_name.h"
#include "heuristics/values/word_trouble.h"

#include <inttypes.h>

extern const struct detector detector_torn_value;

enum { WORD = 8, STORERS_TOLD = 4, STANDING_TOLD = 4, GROUP_LIMIT = 4096 };

struct subject {
	struct diagnosis *diagnosis;
	const struct stack *stack;
	const struct two_words *words;
	const struct word_judgement *judgement;
	const struct origin *variable;
	const char *name;     /* of the variable */
	const char *function; /* that read it */
};

/* With its article. */
static const char *kind_text(const struct two_words *words)
{
	if (words->kind == WORDS_INTERFACE)
		return "an interface";
	return words->unit > 1 ? "a slice" : "a string or slice";
}

/* What is wrong with it, after its name. */
static const char *trouble_text(const struct subject *subject)
{
	const struct word_judgement *judgement = subject->judgement;
	struct arena *arena = subject->diagnosis->arena;

	switch (judgement->trouble) {
	case TROUBLE_NIL_DATA:
		return arena_printf(arena, "its length is %" PRIu64 " and its data pointer is nil", judgement->other);
	case TROUBLE_PAST_OBJECT:
		return arena_printf(arena, "its length is %" PRIu64 ", and its data pointer leads into an object of %" PRIu64
				    " bytes", judgement->other, judgement->size);
	case TROUBLE_PAST_MEMORY:
		return arena_printf(arena, "its length is %" PRIu64 ", and the memory that its data pointer leads into ends before",
				    judgement->other);
	case TROUBLE_CAPACITY:
		return arena_printf(arena, "its length is %" PRIu64 " and its capacity only %" PRIu64, judgement->other,
				    judgement->capacity);
	case TROUBLE_NIL_TYPE:
		return "it has data and no type";
	case TROUBLE_TYPE:
		return arena_printf(arena, "a %s takes %" PRIu64 " bytes%s, and its data points into an object of %" PRIu64
				    " bytes%s", judgement->type ? judgement->type : "value of its type", judgement->need,
				    judgement->noscan ? ", pointers among them" : "", judgement->size,
				    judgement->noscan ? " that may hold none" : "");
	default:
		return arena_printf(arena, "0x%" PRIx64 " was read as one of its elements, and none is that now",
				    subject->words->element);
	}
}

/* How the code used it. */
static const char *use_text(const struct subject *subject)
{
	const struct two_words *words = subject->words;
	struct arena *arena = subject->diagnosis->arena;

	if (words->kind == WORDS_PASSED)
		return arena_printf(arena, "passes its data pointer and its length to %s", words->callee);
	if (words->kind == WORDS_INTERFACE)
		return "uses its data by its type";
	return words->has_element ? arena_printf(arena, "loads an element of it, which was 0x%" PRIx64, words->element)
				  : "indexes it";
}

static void word_evidence(const struct subject *subject, struct finding *finding)
{
	const struct word_judgement *judgement = subject->judgement;
	const bool changed = judgement->trouble == TROUBLE_CHANGED, interface = subject->words->kind == WORDS_INTERFACE;
	const uint64_t data = judgement->in_variable || changed ? judgement->variable : subject->words->data->address;
	const uint64_t other = judgement->in_variable || changed ? judgement->variable + (uint64_t)(interface ? -WORD : WORD)
								 : subject->words->other->address;
	const char *where = judgement->in_variable || changed ? subject->name
							      : arena_printf(subject->diagnosis->arena, "the copy of %s that %s keeps",
									     subject->name, subject->function);

	evidence_word(subject->diagnosis, finding, WEIGHT_STRONG, false, data, NULL, "the data pointer of %s%s", where,
		      is_global(subject->diagnosis->analysis, data)
			      ? arena_printf(subject->diagnosis->arena, ", 0x%" PRIx64 " bytes into the program's data",
					     offset_in_data(subject->diagnosis->analysis, data))
			      : "");
	evidence_word(subject->diagnosis, finding, WEIGHT_STRONG, false, other, NULL, "the %s of %s: %s",
		      interface ? "type or table" : "length", where, trouble_text(subject));
	if (judgement->trouble == TROUBLE_CAPACITY)
		evidence_word(subject->diagnosis, finding, WEIGHT_FAIR, false, judgement->variable + 2 * WORD, NULL,
			      "the capacity of %s, less than its length", where);
}

static void fault_evidence(const struct subject *subject, struct finding *finding)
{
	struct diagnosis *diagnosis = subject->diagnosis;
	const struct fault *fault = &diagnosis->analysis->fault;
	struct evidence *evidence;

	if (fault->has_address)
		evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_FAIR, false,
					"%s at pc 0x%" PRIx64 ", accessing 0x%" PRIx64, fault->name, fault->pc, fault->address);
	else
		evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_FAIR, false, "%s at pc 0x%" PRIx64,
					fault->name, fault->pc);
	evidence->address = fault->pc;
	evidence = evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, false,
				"by its code, %s loads %s, %s, and at 0x%" PRIx64 " %s", subject->function,
				kind_text(subject->words), subject->name, subject->words->pc, use_text(subject));
	evidence->address = subject->words->pc;
}

/* Goroutines other than the one that faulted, in functions that store to the variable. Those with equal stacks are asked once. */
static void standing_evidence(const struct subject *subject, struct finding *finding, const struct storers *storers)
{
	struct diagnosis *diagnosis = subject->diagnosis;
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0};
	size_t told = 0;

	for (size_t i = 0; i < analysis->groups.count && i < GROUP_LIMIT && told < STANDING_TOLD; i++) {
		const size_t goroutine = analysis->groups.items[i].first;
		size_t frame;

		if ((int32_t)goroutine == finding->goroutine)
			continue;
		goroutine_stack(analysis, goroutine, &stack);
		frame = storers_frame(storers, &stack);
		if (frame == SIZE_MAX)
			continue;
		told++;
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_FAIR, false,
			     "goroutine %" PRIu64 " stands in %s, which stores to %s, at 0x%" PRIx64,
			     analysis->runtime->goroutines.items[goroutine].id, go_func_name(stack.frames.items[frame].info),
			     subject->name, stack.frames.items[frame].pc);
	}
	if (!told)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_WEAK, true,
			     "no other goroutine stands in a function that stores to %s by name: its writer has gone on, or had its "
			     "address", subject->name);
}

static void writer_evidence(const struct subject *subject, struct finding *finding)
{
	struct diagnosis *diagnosis = subject->diagnosis;
	const uint64_t first = subject->judgement->variable - (subject->words->kind == WORDS_INTERFACE ? WORD : 0);
	struct storers storers;

	if (!is_global(diagnosis->analysis, first)) {
		holder_evidence(diagnosis, finding, first, subject->name);
		return;
	}
	storers_find(diagnosis->analysis, first, 2 * WORD, &storers);
	for (size_t i = 0; i < storers.count && i < STORERS_TOLD; i++)
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_FAIR, false, "%s stores to %s, at 0x%" PRIx64,
			     go_func_name(storers.items[i].at), subject->name, storers.items[i].at->pc)
			->address = storers.items[i].at->pc;
	if (storers.count)
		standing_evidence(subject, finding, &storers);
}

static void report(const struct subject *subject, size_t at)
{
	struct diagnosis *diagnosis = subject->diagnosis;
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct finding *finding = finding_add(diagnosis, &detector_torn_value);
	const size_t program = first_program_frame(subject->stack, at);

	finding->goroutine = fault->goroutine;
	finding->thread = fault->thread;
	point_at(analysis, finding, subject->stack, subject->words->frame < program ? program : subject->words->frame);
	finding->has_slot = subject->judgement->variable != 0;
	finding->slot = subject->judgement->variable;
	finding->title = arena_printf(diagnosis->arena, "goroutine %" PRIu64 " used %s whose words cannot belong together, %s, in %s: %s",
				      analysis->runtime->goroutines.items[fault->goroutine].id, kind_text(subject->words),
				      subject->name, subject->function, trouble_text(subject));
	fault_evidence(subject, finding);
	word_evidence(subject, finding);
	/* Memory may have been unmapped under a sound value. */
	if (subject->judgement->in_variable && subject->judgement->explains)
		evidence_add(diagnosis, finding, EVIDENCE_CALL_SITE, WEIGHT_STRONG, false,
			     "the stack of goroutine %" PRIu64 " leads from the fault at 0x%" PRIx64 " to that use by %s, at 0x%" PRIx64,
			     analysis->runtime->goroutines.items[fault->goroutine].id, fault->pc, subject->function,
			     subject->words->pc);
	writer_evidence(subject, finding);
}

/* The frame that the fault interrupted. */
static size_t fault_frame(const struct stack *stack, uint64_t pc)
{
	for (size_t i = 0; i < stack->frames.count; i++)
		if (stack->frames.items[i].exact && stack->frames.items[i].pc == pc)
			return i;
	return SIZE_MAX;
}

static bool judge(struct diagnosis *diagnosis, struct origins *origins, const struct stack *stack, size_t at,
		  const struct two_words *words)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	const struct word_judgement judgement =
		word_trouble_of(analysis, origins, words, fault->has_address ? &fault->address : NULL);
	struct subject subject = {diagnosis, stack, words, &judgement, origin_variable(words->data), NULL, NULL};

	if (judgement.trouble == TROUBLE_NONE)
		return false;
	if (words->kind == WORDS_INTERFACE)
		subject.variable = origin_variable(words->other);
	subject.name = variable_name(diagnosis, stack, subject.variable);
	subject.function = program_function(analysis, stack, words->frame);
	report(&subject, at);
	return true;
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct two_words_list list;
	struct origins *origins;
	struct stack stack = {0};
	size_t at;

	if (!fault->known || !fault->has_pc || fault->goroutine < 0)
		return;
	goroutine_stack(analysis, (size_t)fault->goroutine, &stack);
	at = fault_frame(&stack, fault->pc);
	if (at == SIZE_MAX || !stack.frames.items[at].info->func)
		return;
	origins = origins_of(analysis, &stack);
	two_words_find(analysis, origins, &stack, at, &list);
	for (size_t i = 0; i < list.count; i++)
		if (judge(diagnosis, origins, &stack, at, &list.items[i]))
			return;
}

static const char *const supersedes[] = {"nil-deref", "bad-pointer", "go-panic", "go-fatal", "unknown-fault", NULL};

const struct detector detector_torn_value = {
	.id = "torn-value",
	.title = "a string, slice or interface whose words cannot belong together",
	.explanation =
		"A string is a data pointer and a length, a slice also has a capacity, an interface is a type and a data pointer. Go "
		"stores these words one after another. A goroutine that reads such a variable while another writes it gets one word "
		"of the old value and one of the new: data that is nil with a length, a length that reaches beyond the data, the type "
		"of one value with the data of another. What it then reads is anything, often a small number, so that the crash looks "
		"like a nil dereference. Package unsafe can make such values as well.\n"
		"Evidence: the code at the fault and of its callers, which says from which variable the words were loaded and how they "
		"were used; the two words, in memory or in the frame that keeps a copy; functions that store to the variable, and "
		"goroutines that stand in them. Certain only when the variable itself still holds the two words. Where it is whole "
		"again, but what was read through it is not there any more, it is no more than likely.\n"
		"What to do: guard the variable by a mutex, or publish a pointer to a whole value (atomic.Pointer, atomic.Value); tests "
		"with -race name both places.",
	.corruption = true,
	.rank = 60,
	.supersedes = supersedes,
	.run = run,
};
