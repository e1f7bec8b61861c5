/* ends.c: tells of the ordinary ends of a Go process that its runtime tells of itself: panics, fatal errors. */
#include "report/narrative/advice.h"
#include "report/narrative/telling.h"

#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>
#include <string.h>

enum { HEADLINE_MESSAGE = 160 };

/* The first line of the last words, as much of it as a headline bears; NULL: there are none. */
const char *last_line(const struct telling *telling)
{
	const char *line = telling->diagnosis->analysis->messages.line;
	size_t length = line ? strcspn(line, "\n") : 0;
	size_t cut = length;

	if (length > HEADLINE_MESSAGE)
		for (cut = HEADLINE_MESSAGE; cut && line[cut] != ' ';)
			cut--;
	if (!cut)
		return NULL;
	return arena_printf(telling->arena, "%.*s%s", (int)cut, line, cut < length ? " …" : "");
}

/* The message without "panic: " or "fatal error: ". */
const char *message_body(const char *line)
{
	const char *colon = strstr(line, ": ");

	return colon && colon - line < 16 ? colon + 2 : line;
}

/* "goroutine 7" or, when it is not known, "the process". */
const char *subject(const struct telling *telling)
{
	const struct finding *finding = telling->finding;

	if (finding->goroutine >= 0)
		return finding_goroutine(telling, finding);
	return finding->thread >= 0 ? finding_thread(telling, finding) : "the process";
}

void tell_place(struct telling *telling, const char *verb)
{
	const struct finding *finding = telling->finding;

	if (!finding->function)
		return;
	if (!finding->has_pc ||
	    !tell(telling, "It %s in %s, at %s.", verb, finding->function, hex_text(telling->arena, finding->pc)))
		tell(telling, "It %s in %s.", verb, finding->function);
}

/* Who called throw, whether it blames the program or itself, and what the goroutine had met before. */
static void tell_thrower(struct telling *telling)
{
	struct analysis *analysis = telling->diagnosis->analysis;
	const struct panic_value *panic = oldest_panic(&analysis->messages);
	const char *value = panic ? (panic->says ? panic->says : panic->text) : NULL;
	struct stack stack = {0};
	size_t frame;

	if (analysis->dying_thread < 0)
		return;
	frame = thrower_find(analysis, &stack);
	if (frame != SIZE_MAX)
		tell(telling, "The error was raised by %s, on %s.", go_func_name(stack.frames.items[frame].info),
		     finding_thread(telling, telling->finding));
	if (throw_blames(telling->diagnosis->analysis) == THROW_USER)
		tell(telling, "The runtime holds it for a mistake of the program, not for a defect of its own (m.throwing is 1).");
	if (panic)
		tell(telling, "The goroutine had panicked before that, and its deferred functions were running%s%s.",
		     value ? ": " : "", value ? one_line(telling->arena, value) : "");
}

void tell_go_fatal(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const char *line = last_line(telling);
	const char *who = subject(telling);

	tell_headline(telling, "%s", finding->title);
	if (line)
		tell_headline(telling, "the Go runtime ended the process: %s", line);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "On %s, the Go runtime met a %s that it cannot go on from, and ended the process.", who,
	     message_names_fault(telling->diagnosis->analysis) ? "fault of the CPU" : "condition");
	tell_place(telling, "happened");
	tell_thrower(telling);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "Such an error is no panic: no deferred function runs, and recover cannot catch it.");
	tell_known_bugs(telling);
	tell_confirm(telling, "The log of the service has to show the same message; what it shows just before it may say more than "
			      "the dump has kept, which is the last 512 bytes.");
	advise(telling, line);
}

static const char *access_verb(enum fault_access access)
{
	switch (access) {
	case ACCESS_READ:
		return "read";
	case ACCESS_WRITE:
		return "wrote to";
	case ACCESS_EXECUTE:
		return "jumped to";
	default:
		return "touched";
	}
}

static void tell_access(struct telling *telling, const char *who)
{
	const struct fault *fault = &telling->diagnosis->analysis->fault;

	if (fault->known && fault->has_address &&
	    tell(telling, "%s %s address %s, which it may not.", capital(telling->arena, who),
		 access_verb(fault->access), hex_text(telling->arena, fault->address)))
		return;
	tell(telling, "%s touched memory that it may not.", capital(telling->arena, who));
}

bool tell_broken_off(struct telling *telling)
{
	const char *thrown = telling->diagnosis->analysis->messages.broken_off;

	if (!thrown)
		return false;
	tell(telling, "No deferred function ran, and nothing could recover it: the Go runtime looks for them along the stack, on which "
		      "code lies that the process had generated, and which the runtime cannot walk through. It threw \"%s\".",
	     message_body(thrown));
	tell_action(telling, "Recover panics in the Go functions that generated code calls, and hand them on as errors.");
	tell_for_good(telling, "Let generated code return before Go is called (as wazero does), or register it with the runtime.");
	return true;
}

void tell_nil_deref(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const char *who = subject(telling);

	tell_headline(telling, "%s.", finding->title);
	if (finding->function)
		tell_headline(telling, "%s used a nil pointer in %s.", who, finding->function);
	tell_headline(telling, "%s used a nil pointer.", who);
	tell_paragraph(telling, EXHIBIT_INSTRUCTIONS);
	tell_access(telling, who);
	tell_place(telling, "did so");
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling,
	     "So small an address is what a nil pointer gives: nil itself, or the offset of a field in the structure "
	     "that it should point to.");
	if (telling->diagnosis->analysis->messages.broken_off)
		tell_broken_off(telling);
	else if (telling->diagnosis->analysis->messages.panicked)
		tell(telling, "The Go runtime made a panic of it, nothing recovered that, and the process ended.");
	else
		tell(telling, "The dump was taken at the fault itself, before the Go runtime made a panic of it: whether the program "
			      "recovered that is not known.");
	tell_race(telling);
	tell_action(telling,
		    "Look at the source line of the frame that the stack points at: a pointer, map value or interface "
		    "used there is nil.");
	tell_action(telling, "The callers in that stack show who passed it, or who did not check an error before.");
	tell_confirm(telling, "In a debugger, the instruction shown has to be what that source line does; if the line uses no "
			      "pointer, the executable is not the one that crashed.");
	tell_for_good(telling, "Check errors and results before what came with them is used, and let a test call that "
			       "function with what was nil here.");
}
