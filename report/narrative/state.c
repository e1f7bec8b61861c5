/* state.c: tells of words of the scheduler's state that were changed, and of stack pointers off their stack: g-state,
 * sp-out-of-bounds, and bit-flip where it is such a word. */
#include "heuristics/damage/state_word.h"
#include "report/narrative/telling.h"

static const char *hex(const struct telling *telling, uint64_t value)
{
	return hex_text(telling->arena, value);
}

/* "goroutine 7", "thread 4711", or who is left. */
static const char *owner(const struct telling *telling)
{
	const struct finding *finding = telling->finding;

	return finding->goroutine >= 0 ? finding_goroutine(telling, finding)
	       : finding->thread >= 0  ? finding_thread(telling, finding)
				       : "the runtime";
}

static void tell_word(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const struct state_word *word = finding->state;

	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "The Go scheduler keeps who runs a goroutine, where it stands and where its stack lies in memory of its own, and "
		      "most of it more than once.");
	tell(telling, "Of %s, %s holds %s.", owner(telling), state_word_name(word), hex(telling, word->observed));
	tell(telling, "It %s.", state_word_text(word));
	if (word->has_expected)
		tell(telling, "It must be %s.", hex(telling, word->expected));
	tell_paragraph(telling, EXHIBIT_NONE);
	if (word->walked)
		tell(telling, "From that value every frame fits the next, to the start of the goroutine; from the one that was found "
			      "they do not.");
	else if (word->witness)
		tell(telling, "What contradicts it lies at %s; the runtime never leaves the two like this, not for a moment either.",
		     hex(telling, word->witness));
	tell(telling, "Nothing but the runtime writes there: somebody wrote to memory that was not his, or the memory changed by itself.");
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "Nothing in this dump names who wrote, and nothing shows that the process died of it.");
}

static void suggest_writers(struct telling *telling)
{
	tell_confirm(telling, "Read the word again in a debugger (evidence, below), and compare other dumps of this program: the same word "
			      "changed in several speaks for one writer.");
	tell_confirm(telling, "Run the tests with -race, with GOEXPERIMENT=cgocheck2 where there is cgo, and C code under "
			      "AddressSanitizer: a report of theirs would name the writer.");
	tell_action(telling, "Keep this dump: look at what lies around the word for more that was changed, such as text or a length.");
	tell_for_good(telling, "Look for C code and package unsafe that write past the end of their memory, or after it was freed or "
			       "moved.");
}

void tell_g_state(struct telling *telling)
{
	tell_headline(telling, "%s.", telling->finding->title);
	tell_word(telling);
	suggest_writers(telling);
}

static void tell_register(struct telling *telling)
{
	const struct finding *finding = telling->finding;

	tell_paragraph(telling, EXHIBIT_INSTRUCTIONS);
	tell(telling, "%s was running %s for %s.", capital(telling->arena, finding_thread(telling, finding)), finding->function,
	     finding_goroutine(telling, finding));
	tell(telling, "Compiled Go code has its frames on the stack of its goroutine, and nowhere else; SP was %s, which is not on it.",
	     hex(telling, finding->observed));
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "Whatever it read from its frame or wrote there since was somebody else's memory.");
	tell_confirm(telling, "Disassemble the function and its callers: assembly among them that changes SP and does not restore it on "
			      "every path settles it.");
	tell_action(telling, "If a debugger, profiler or anti-virus program attaches to this service, switch it off: it may set registers.");
	tell_for_good(telling, "Look through the program's assembly, and C code that calls back into Go, for ways out that leave SP "
			       "changed.");
}

void tell_sp_out_of_bounds(struct telling *telling)
{
	tell_headline(telling, "%s.", telling->finding->title);
	if (!telling->finding->state) {
		tell_register(telling);
		return;
	}
	tell_word(telling);
	suggest_writers(telling);
}

void tell_flipped_state(struct telling *telling)
{
	const struct state_word *word = telling->finding->state;

	tell_headline(telling, "one bit of %s of %s is another than it must be: %s instead of %s.", state_word_name(word), owner(telling),
		      hex(telling, word->observed), hex(telling, word->expected));
	tell_word(telling);
}
