/* subject.c: see subject.h. */
#include "report/fingerprint/subject.h"

#include "analyzer/instructions/outparams.h"
#include "analyzer/state/state.h"
#include "analyzer/unwind/unwind.h"
#include "base/prefix.h"
#include "golang/recorded.h"
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/ends/sent_signal.h"
#include "heuristics/faults/c_frames.h"
#include "heuristics/ends/go_caller.h"
#include "heuristics/heap/part.h"
#include "heuristics/limits/resource_limit.h"
#include "report/fingerprint/crowd_keys.h"
#include "report/fingerprint/function_key.h"
#include "report/fingerprint/stack_keys.h"
#include "report/place.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES = 8, FIRST_PAGE = 0x1000, TURNS = 8, CYCLE_FUNCTIONS = 256 };

enum subject_kind { SUBJECT_STACK, SUBJECT_PANIC, SUBJECT_MESSAGE, SUBJECT_CROWD, SUBJECT_CYCLE, SUBJECT_NOTHING };

static const struct {
	const char *rule;
	enum subject_kind kind;
} kinds[] = {
#define SUBJECT(rule, kind) {rule, kind},
#define DIED_IN(rule, functions)
#include "report/fingerprint/subjects.def"
#undef SUBJECT
#undef DIED_IN
};

static const struct {
	const char *rule;
	size_t functions;
} died_in[] = {
#define SUBJECT(rule, kind)
#define DIED_IN(rule, functions) {rule, functions},
#include "report/fingerprint/subjects.def"
#undef SUBJECT
#undef DIED_IN
};

struct teller {
	const struct diagnosis *diagnosis;
	struct analysis *analysis;
	struct arena *arena;
	struct subject *subject;
	size_t functions; /* of a stack */
};

static void say(const struct teller *teller, const char *word)
{
	if (word)
		vec_push(teller->arena, &teller->subject->words, word);
}

static enum subject_kind kind_of(const struct diagnosis *diagnosis, const struct finding *finding)
{
	struct sent_signal signal;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(finding->detector->id, kinds[i].rule)) {
			if (kinds[i].kind == SUBJECT_CROWD && sent_signal_find(diagnosis->analysis, &signal) && signal.own)
				return SUBJECT_STACK; /* who sent it is on that stack */
			return kinds[i].kind;
		}
	return SUBJECT_STACK;
}

static size_t innermost_of(const char *rule)
{
	for (size_t i = 0; i < sizeof died_in / sizeof *died_in; i++)
		if (!strcmp(rule, died_in[i].rule))
			return died_in[i].functions;
	return 0;
}

/* Of a panic: the runtime's own text, with any numbers; a text that was built into the program; of what was put together at run time
 * nothing; and where that is not known, what in it is no value. */
static void say_panic(const struct teller *teller)
{
	static const char *const own[] = {"runtime error: "};
	static const char *const begun[] = {"interface conversion: "};
	const struct panic_value *panic = oldest_panic(&teller->analysis->messages);
	struct subject *subject = teller->subject;

	if (!panic || !panic->text)
		return;
	subject->said = without_values(teller->arena, panic->text);
	if (prefix_of(panic->text, own, 1) || prefix_of(panic->text, begun, 1))
		subject->innermost = 1;
	if (panic->constant)
		say(teller, panic->text);
	else if (prefix_of(panic->text, own, 1))
		say(teller, without_numbers(teller->arena, panic->text));
	else if (prefix_of(panic->text, begun, 1))
		say(teller, prefix_of(panic->text, begun, 1));
	else if (panic->unsettled)
		say(teller, subject->unsettled = subject->said);
}

static void say_message(const struct teller *teller)
{
	const char *line = teller->analysis->messages.line;

	if (line)
		say(teller, without_numbers(teller->arena, arena_strndup(teller->arena, line, strcspn(line, "\n"))));
}

/* How C died: the signal, whether by a nil pointer, and what the C library said of it. */
static void say_signal(const struct teller *teller, size_t thread)
{
	const struct analysis *analysis = teller->analysis;
	const struct fault *fault = &analysis->fault;
	const struct context *stopped = &analysis->walks[thread].stopped;
	struct c_frames frames = {0};

	say(teller, fault->known ? fault->name : analysis->image->stop.known ? analysis->image->stop.name : NULL);
	if (fault->known && fault->has_address && fault->address < FIRST_PAGE)
		say(teller, "nil");
	if (stopped->known && c_frames_find(teller->analysis, thread, stopped->pc, &frames))
		say(teller, frames.reason);
}

static void say_keys(const struct teller *teller, struct stack_keys *keys)
{
	stack_keys_end(keys);
	teller->subject->innermost = keys->within;
	for (size_t i = 0; i < keys->keys.count; i++)
		say(teller, keys->keys.items[i]);
}

static void place(const struct teller *teller, const struct stack *stack, size_t from)
{
	for (size_t i = from; i < stack->frames.count && teller->subject->places.count < PLACES; i++)
		vec_push(teller->arena, &teller->subject->places,
			 stack_place(teller->analysis, teller->arena, &stack->frames.items[i]));
}

/* A stack from a frame on; of a thread's also that of its goroutine, behind it. */
static void say_stack(const struct teller *teller, const struct stack *stack, size_t from, int32_t thread)
{
	const int32_t goroutine = thread >= 0 ? teller->analysis->thread_goroutine[thread] : -1;
	struct stack_keys keys = {.analysis = teller->analysis, .arena = teller->arena, .most = teller->functions,
				  .innermost = teller->subject->innermost};
	struct stack outer = {0};
	struct go_caller caller = {0};

	if (goroutine >= 0 && go_caller_find(teller->analysis, (size_t)goroutine, &caller))
		keys.c_called = caller.c_function;
	stack_keys_add(&keys, stack, from);
	place(teller, stack, from);
	if (goroutine >= 0) {
		goroutine_stack(teller->analysis, (size_t)goroutine, &outer);
		stack_keys_add(&keys, &outer, 0);
		place(teller, &outer, 0);
	}
	say_keys(teller, &keys);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Functions that are on the inner end of a stack again and again. Which of them it was that had no room left is chance. */
static void say_cycle(const struct teller *teller, const struct stack *stack)
{
	struct stack_keys all = {.analysis = teller->analysis, .arena = teller->arena, .most = CYCLE_FUNCTIONS};
	struct stack end = *stack;
	const size_t first = teller->subject->words.count;

	if (end.elided)
		end.frames.count = end.elided_at;
	stack_keys_add(&all, &end, 0);
	for (size_t i = 0; i < all.keys.count; i++)
		if (all.met.items[i] >= TURNS)
			say(teller, all.keys.items[i]);
	if (teller->subject->words.count > first)
		qsort(teller->subject->words.items + first, teller->subject->words.count - first, sizeof(char *), by_text);
}

/* Whether that stack is the thread's. Of a goroutine in C, findings name both; a log has no stack of C, and says that it was there. */
static bool is_of_thread(const struct analysis *analysis, const struct finding *finding, const struct stack *stack, size_t frame)
{
	const struct recorded_program *recorded = analysis->runtime->recorded;

	if (recorded && recorded->record->signal.in_c && analysis->image->stop.known && !analysis->fault.late)
		return true;
	return finding->goroutine < 0 || (frame < stack->frames.count && !stack->frames.items[frame].info->func);
}

/* What follows is about where, not about what. */
static void end_causes(const struct teller *teller)
{
	teller->subject->causes = teller->subject->words.count;
}

static void say_finding(const struct teller *teller, const struct finding *finding)
{
	const enum subject_kind kind = kind_of(teller->diagnosis, finding);
	struct stack stack;
	const size_t frame = place_stack(teller->diagnosis, finding, &stack);
	const int32_t thread = is_of_thread(teller->analysis, finding, &stack, frame) ? finding->thread : -1;

	teller->subject->innermost = innermost_of(finding->detector->id);
	say(teller, finding->detector->id);
	say(teller, finding->heap_part ? finding->heap_part->what : NULL);
	say(teller, finding->state ? state_word_name(finding->state) : NULL);
	say(teller, finding->resource ? finding->resource->refused : NULL);
	say(teller, finding->refused_call);
	if (finding->outparam) {
		say(teller, finding->outparam->api);
		say(teller, finding->outparam->parameter);
	}
	if (thread >= 0 && kind == SUBJECT_STACK)
		say_signal(teller, (size_t)thread);
	if (kind == SUBJECT_PANIC)
		say_panic(teller);
	if (kind == SUBJECT_MESSAGE)
		say_message(teller);
	end_causes(teller);
	if (kind == SUBJECT_CROWD)
		crowd_keys(teller->diagnosis, teller->subject);
	else if (kind == SUBJECT_CYCLE)
		say_cycle(teller, &stack);
	else if (kind != SUBJECT_NOTHING)
		say_stack(teller, &stack, frame, thread);
	if (kind == SUBJECT_CYCLE || kind == SUBJECT_NOTHING)
		place(teller, &stack, frame);
}

/* No rule tells the end: what was said, the signal, and where the thread stood. */
static void say_unknown(const struct teller *teller)
{
	const int32_t thread = teller->analysis->dying_thread;
	struct stack stack = {0};

	say(teller, "unknown");
	say_message(teller);
	if (thread < 0) {
		end_causes(teller);
		crowd_keys(teller->diagnosis, teller->subject);
		return;
	}
	say_signal(teller, (size_t)thread);
	end_causes(teller);
	thread_stack(teller->analysis, (size_t)thread, &stack);
	say_stack(teller, &stack, 0, thread);
}

/* What is analysed: the main package's module; of a program that is not Go's, or has none, its name. */
static const char *program_of(const struct analysis *analysis)
{
	return analysis->runtime->main_module ? analysis->runtime->main_module : analysis->image->program;
}

struct subject subject_of(const struct diagnosis *diagnosis, size_t functions)
{
	struct subject subject = {0};
	const struct teller teller = {diagnosis, diagnosis->analysis, diagnosis->arena, &subject, functions};

	say(&teller, program_of(diagnosis->analysis));
	switch (diagnosis->verdict.kind) {
	case VERDICT_FOUND:
		say_finding(&teller, &diagnosis->findings.items[diagnosis->verdict.finding]);
		break;
	case VERDICT_HEALTHY:
		say(&teller, "healthy");
		end_causes(&teller);
		crowd_keys(diagnosis, &subject);
		break;
	default:
		say_unknown(&teller);
	}
	return subject;
}
