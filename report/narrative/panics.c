/* panics.c: tells of panics, and of maps that were used by two goroutines at once. */
#include "report/narrative/advice.h"
#include "report/narrative/telling.h"

#include "heuristics/ends/map_user.h"
#include "heuristics/ends/test_timeout.h"
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/verdict/rank.h"

#include <inttypes.h>
#include <string.h>

enum { TOLD_LIMIT = 8 };

/* Whether the panic began as a fault of an instruction that can be shown. */
static bool has_fault(const struct telling *telling)
{
	const struct fault *fault = &telling->diagnosis->analysis->fault;

	return fault->known && fault->has_pc && fault->goroutine == telling->finding->goroutine;
}

/* ": order 42: sold out", or nothing. */
static const char *said(struct arena *arena, const struct panic_value *panic)
{
	return panic->text ? arena_printf(arena, ": %s", one_line(arena, panic->text)) : "";
}

/* "main.ship, at 0x4a8293,"; NULL: unknown. */
static const char *place_of(struct telling *telling, const struct stack *stack, const struct panic_value *panic)
{
	const size_t frame = panic_frame(stack, panic);

	if (frame == SIZE_MAX)
		return NULL;
	return arena_printf(telling->arena, "%s, at %s,", program_function(telling->diagnosis->analysis, stack, frame),
			    frame_address_text(telling->arena, &stack->frames.items[frame]));
}

static void tell_first(struct telling *telling, const struct stack *stack, const struct panic_value *panic)
{
	const char *who = capital(telling->arena, subject(telling));
	const char *place = place_of(telling, stack, panic);

	if (panic->goexit) {
		tell(telling, "%s called runtime.Goexit, and its deferred functions ran.", who);
		return;
	}
	if (!place || !tell(telling, "%s panicked in %s %s%s.", who, place, panic->text ? "and said" : "with a value that is not read",
			    said(telling->arena, panic)))
		tell(telling, "%s panicked%s.", who, said(telling->arena, panic));
	if (panic->origin_proved)
		tell(telling, "The value was a %s.", panic->origin);
}

/* A panic that a deferred function made while an older one, or a Goexit, ran it. */
static void tell_next(struct telling *telling, const struct stack *stack, const struct panic_value *older,
		      const struct panic_value *panic)
{
	const char *place = place_of(telling, stack, panic);
	const char *who = place ? place : "one of them";

	if (panic->goexit)
		tell(telling, "A deferred function then called runtime.Goexit.");
	else if (older->repanicked)
		tell(telling, "The deferred function %s recovered that and panicked again with the same value.", who);
	else if (older->recovered)
		tell(telling, "The deferred function %s recovered that and then panicked itself%s.", who,
		     said(telling->arena, panic));
	else
		tell(telling, "While the deferred functions ran, %s panicked too%s.", who, said(telling->arena, panic));
}

static void tell_chain(struct telling *telling)
{
	struct analysis *analysis = telling->diagnosis->analysis;
	const struct messages *messages = &analysis->messages;
	struct stack stack = {0};

	if (messages->goroutine >= 0)
		goroutine_stack(analysis, (size_t)messages->goroutine, &stack);
	for (size_t told = 0; told < messages->panics.count && told < TOLD_LIMIT; told++) {
		const struct panic_value *panic = &messages->panics.items[messages->panics.count - 1 - told];

		if (!told) {
			tell_first(telling, &stack, panic);
			continue;
		}
		tell_next(telling, &stack, panic + 1, panic);
	}
	if (messages->panics.count > TOLD_LIMIT)
		tell(telling, "Further panics followed.");
}

static void advise_panic(struct telling *telling, const char *who)
{
	const struct panic_value *oldest = oldest_panic(&telling->diagnosis->analysis->messages);

	advise(telling, oldest ? oldest->text : NULL);
	tell_action(telling, "Read the stack of %s from the top: the first function of your own code is where to look.", who);
	if (telling->diagnosis->analysis->messages.panics.count > 1)
		tell_action(telling, "Begin with the oldest panic, which is printed first: the others came of it.");
	if (telling->diagnosis->analysis->messages.broken_off || telling->diagnosis->analysis->runtime->recorded)
		return;
	tell_confirm(telling, "The log of the service has to show the same lines before the stack of %s; if it shows others, it is "
			      "the log of another crash.", who);
	tell_for_good(telling, "If one request must not end the whole service, recover in the function that serves it, and log "
			       "what was recovered, with its stack.");
}

/* What the runtime says of a panic that it could not carry out is the message that it threw. */
static const char *how_it_ended(const struct telling *telling)
{
	const struct messages *messages = &telling->diagnosis->analysis->messages;
	const struct panic_value *oldest = oldest_panic(messages);

	if (oldest && (oldest->recovered || oldest->repanicked))
		return "what recovered it panicked again";
	return messages->broken_off ? "nothing could recover it" : "nothing recovered it";
}

/* The evidence that says something; how much of it there is. */
static size_t tell_evidence(struct telling *telling, const char *said)
{
	size_t told = 0;

	for (size_t i = 0; i < telling->finding->evidence.count; i++) {
		const char *text = telling->finding->evidence.items[i].text;

		if (strstr(text, said))
			told += tell(telling, "%s.", capital(telling->arena, text));
	}
	return told;
}

/* The goroutine that panicked did nothing but watch the clock. */
static void tell_timeout(struct telling *telling, const struct test_timeout *timeout)
{
	const struct finding *finding = telling->finding;

	tell_headline(telling, "%s.", finding->title);
	tell_headline(telling, "the tests ran longer than -timeout allows, %s.", timeout->after);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "The tests ran longer than -timeout allows, %s, and package testing panicked for that.", timeout->after);
	tell_evidence(telling, "runs the test ");
	tell_action(telling, "Look at the stacks of the goroutines that run tests, and of those that they started: what they wait for did "
			     "not come.");
	tell_action(telling, "If nothing hangs and the tests are only slow, run them with a longer -timeout.");
}

void tell_go_panic(struct telling *telling)
{
	const struct messages *messages = &telling->diagnosis->analysis->messages;
	const struct finding *finding = telling->finding;
	const char *line = last_line(telling);
	const char *who = subject(telling);
	const bool chain = messages->panics.count > 1;
	struct test_timeout timeout;

	if (test_timeout_of(telling->arena, messages, &timeout)) {
		tell_timeout(telling, &timeout);
		return;
	}
	if (line && finding->function)
		tell_headline(telling, "%s panicked in %s and %s: %s", who, finding->function, how_it_ended(telling),
			      message_body(line));
	if (line)
		tell_headline(telling, "%s panicked and %s: %s", who, how_it_ended(telling), message_body(line));
	if (finding->function)
		tell_headline(telling, "%s panicked in %s, and nothing recovered it.", who, finding->function);
	tell_headline(telling, "%s panicked, and nothing recovered it.", who);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell_chain(telling);
	tell_paragraph(telling, has_fault(telling) ? EXHIBIT_INSTRUCTIONS : EXHIBIT_NONE);
	if (!tell_broken_off(telling))
		tell(telling, chain ? "Nothing recovered the last of these, so the Go runtime ended the process."
				    : "No deferred function of that goroutine called recover, so the Go runtime ended the process.");
	tell(telling, "A panic is how Go reports a defect of the program itself%s.",
	     telling->diagnosis->analysis->tears.count ? "" : "; no stack in this dump is torn");
	tell_race(telling);
	advise_panic(telling, who);
}

/* Whether there is strong evidence of the other user of the map. */
static bool shows_other(const struct finding *finding)
{
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].weight >= WEIGHT_STRONG && strstr(finding->evidence.items[i].text, "the same map"))
			return true;
	return false;
}

/* Where nobody saw the other use (map_states.def), it is what most likely was, and not what was. */
static void tell_other_use(struct telling *telling, const char *who, bool seen)
{
	tell(telling, seen ? "%s used a map while another goroutine was writing to it, or wrote while another used it."
			   : "%s used a map that contradicts itself, most likely since another goroutine was writing to it at the same time.",
	     capital(telling->arena, who));
	tell_place(telling, "did so");
	tell(telling, "Go's maps may be read by many at once, but not while one writes; the runtime noticed %s and ended the process%s.",
	     seen ? "it" : "the damage", seen ? ", because the map may be damaged" : "");
	tell_paragraph(telling, EXHIBIT_NONE);
	if (!tell_evidence(telling, shows_other(telling->finding) ? "the same map" : "it may be the other user"))
		tell(telling, "%s is not to be seen at that map any more: it runs on for a moment while the runtime brings the process down.",
		     seen ? "The other goroutine" : "Another goroutine");
}

void tell_concurrent_map(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const char *who = subject(telling);
	const bool seen = !strong_objection(finding);

	tell_headline(telling, "%s.", finding->title);
	tell_headline(telling, seen ? "%s and another goroutine used one map at the same time."
				    : "%s found its map damaged, as another use of it at the same time leaves it.", who);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell_other_use(telling, who, seen);
	tell(telling, "The runtime notices this only now and then, and blames the goroutine that happens to notice: either may be the "
		      "one that lacks the lock.");
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "Such an error is no panic: no deferred function runs, and recover cannot catch it.");
	tell_action(telling, "Find all uses of the map that this function uses, and the lock that should guard them: one of them does "
			     "not take it.");
	tell_action(telling, "Look through the goroutines for others in functions that use that map: `tornstack goroutines` lists them.");
	tell_confirm(telling, "Run the tests, or one instance of the service, built with -race: it names both places at their first "
			      "meeting.");
	tell_for_good(telling, "Guard the map with a sync.Mutex in the structure that holds it, or use sync.Map, and run the tests "
			       "with -race.");
}
