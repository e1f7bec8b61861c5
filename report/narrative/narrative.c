/* narrative.c: chooses the narrator of the verdict's rule, and says how sure it is. */
#include "report/narrative/telling.h"

#include "golang/recorded.h"
#include "heuristics/faults/account.h"
#include "heuristics/verdict/rank.h"

#include <inttypes.h>
#include <string.h>

static const struct {
	const char *rule;
	void (*tell)(struct telling *telling);
} narrators[] = {
#define NARRATOR(rule, function) {rule, function},
#include "report/narrative/narrators.def"
#undef NARRATOR
};

/* For a rule without a narrator: its title, then what is known of the place. */
static void tell_generic(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const struct evidence *strongest = NULL;

	tell_headline(telling, "%s.", finding->title);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "%s.", capital(telling->arena, finding->title));
	for (size_t i = 0; i < finding->evidence.count; i++) {
		const struct evidence *evidence = &finding->evidence.items[i];

		if (!evidence->against && (!strongest || evidence->weight > strongest->weight))
			strongest = evidence;
	}
	if (strongest) {
		tell_paragraph(telling, finding->has_pc ? EXHIBIT_INSTRUCTIONS : EXHIBIT_LAST_WORDS);
		tell(telling, "The strongest evidence: %s.", strongest->text);
	}
	tell_known_bugs(telling);
	tell_action(telling, "`tornstack explain %s` says what this rule means and what else to look at.",
		    finding->detector->id);
}

static void tell_healthy(struct telling *telling)
{
	const struct account *account = telling->diagnosis->account;

	tell_headline(telling,
		      "The process was alive when this dump was taken; nothing is damaged that could be checked.");
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling,
	     "The dump names no signal and no exception that ended the process, and the Go runtime had printed no "
	     "last words.");
	tell(telling, "No stack that could be walked is torn.");
	if (account && account->states)
		tell(telling, "It had %s.", account->states);
	tell_action(
		telling,
		"If it seemed to hang, see what its goroutines wait for; `--goroutines=all` prints the stack of every "
		"one.");
}

/* Of a log in which no goroutine is: what the runtime says of the stack that it could not walk, if it does. */
static void tell_unwalked(struct telling *telling)
{
	const struct log_record *record = telling->diagnosis->analysis->runtime->recorded->record;
	const char *callee = record->bad_callee ? arena_printf(telling->arena, ", in which %s was called from nowhere", record->bad_callee) : "";

	if (record->complained)
		tell_headline(telling, "The log does not say what ended the process; the Go runtime could not walk the stack of goroutine %" PRIu64 "%s.",
			      record->complained, callee);
	else if (record->bad_callee)
		tell_headline(telling, "The log does not say what ended the process; the Go runtime could not walk a stack%s.", callee);
	else
		tell_headline(telling, "The log holds no stack of a goroutine, so nothing can be said about why the process ended.");
}

static void tell_unknown(struct telling *telling)
{
	const struct analysis *analysis = telling->diagnosis->analysis;
	const struct account *account = telling->diagnosis->account;
	const char *states = account->states ? arena_printf(telling->arena, " %s.", account->states) : "";

	if (account->what)
		tell_headline(telling, "Why the process ended could not be established: %s.%s", account->what, states);
	if (analysis->runtime->recorded && !analysis->runtime->goroutines.count)
		tell_unwalked(telling);
	if (!analysis->runtime->goroutines.count)
		tell_headline(telling,
			      "No Go goroutine was found in this dump, so nothing can be said about why it ended.");
	if (analysis->image->snapshot && analysis->runtime->recorded)
		tell_headline(telling, "The log holds stacks, and nothing that says the process ended.%s", states);
	if (analysis->image->snapshot)
		tell_headline(telling, "No signal ended the process, but too little of it could be checked to call it healthy.%s",
			      states);
	tell_headline(telling, "Why the process ended could not be established.%s", states);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	for (size_t i = 0; i < account->facts.count; i++)
		tell(telling, "%s.", capital(telling->arena, account->facts.items[i]));
	tell(telling, "No rule of this program fits what the %s holds.", analysis->runtime->recorded ? "log" : "dump");
	if (analysis->runtime->exe_source == EXE_NONE && !analysis->runtime->recorded)
		tell(telling, "The executable was not found, and without it most checks are impossible.");
	if (analysis->image->truncated && !analysis->runtime->recorded)
		tell(telling, "The dump was cut short, so part of the memory is missing.");
	else if (analysis->image->snapshot && !analysis->runtime->recorded && !image_is_whole(analysis->image))
		tell(telling, "Memory that the process could write is not in the dump, so what was stuck or damaged may not be seen.");
	if (analysis->image->truncated && !analysis->runtime->recorded)
		tell_action(telling, "Get a whole dump: check the limits of whoever saved it (ulimit -c, disk space).");
	if (analysis->dying_thread >= 0 || !analysis->runtime->recorded)
		tell_action(telling, "Read the stack of the thread that died, and the notes: they name what could not be seen. "
			     "-v shows every thread.");
}

/* What would make any report better comes before what this one asks for. */
static void ask_for_executable(struct telling *telling)
{
	const struct go_runtime *runtime = telling->diagnosis->analysis->runtime;

	if (runtime->presence != PRESENCE_GO && runtime->presence != PRESENCE_UNKNOWN)
		return;
	if (runtime->identity == IDENTITY_MISMATCH)
		tell_action(
			telling,
			"Give the executable of exactly this build, with --exe: the one that was used is another, and "
			"all of this report is doubtful.");
	else if (runtime->exe_source == EXE_NONE && !runtime->recorded)
		tell_action(telling,
			    "Give the executable of exactly this build, with --exe: without it most checks are "
			    "impossible.");
}

static void tell_finding(struct telling *telling)
{
	const char *rule = telling->finding->detector->id;

	for (size_t i = 0; !telling->finding->told && i < sizeof narrators / sizeof *narrators; i++)
		if (!strcmp(narrators[i].rule, rule)) {
			narrators[i].tell(telling);
			return;
		}
	tell_generic(telling);
}

/* "the program's code …; words in memory …": of the classes whose bits are set; NULL: of none. */
static const char *class_list(const struct telling *telling, unsigned bits)
{
	const char *list = NULL;

	for (unsigned bit = CLASS_MACHINE; bit <= CLASS_WALK; bit <<= 1)
		if (bits & bit)
			list = list ? arena_printf(telling->arena, "%s; %s", list, evidence_class_source(bit))
				    : evidence_class_source(bit);
	return list;
}

/* What the reading itself could not be sure of, which no evidence makes up for; NULL: nothing. */
static const char *doubt(const struct telling *telling)
{
	const char *why;

	certainty_cap(telling->diagnosis->analysis->runtime, &why);
	return !why && telling->finding->detector->symptom ? "this is a consequence, and its cause was not found" : why;
}

/* Of an end that is no riddle one line is enough. */
static void tell_how_sure_of_end(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const struct evidence *objection = strong_objection(finding);
	const char *missing = class_list(telling, (CLASS_MACHINE | CLASS_MEMORY | CLASS_WALK) & ~strong_classes(finding));
	const char *but = doubt(telling) ? doubt(telling) : objection ? objection->text : NULL;

	tell_paragraph(telling, EXHIBIT_NONE);
	if (finding->certainty == CERTAINTY_CERTAIN)
		tell(telling, "How sure is this? Certain: what the process said or met, its memory and its stack agree.");
	else if (but || !missing)
		tell(telling, "How sure is this? It is %s, and no more%s%s.", certainty_name(finding->certainty), but ? ": " : "",
		     but ? but : "");
	else
		tell(telling, "How sure is this? It is %s, and no more: strong evidence is missing from %s.",
		     certainty_name(finding->certainty), missing);
}

static void tell_how_sure(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const unsigned strong = strong_classes(finding);
	const struct evidence *objection = strong_objection(finding);
	const char *missing = class_list(telling, (CLASS_MACHINE | CLASS_MEMORY | CLASS_WALK) & ~strong);

	tell_paragraph(telling, EXHIBIT_NONE);
	if (finding->certainty == CERTAINTY_CERTAIN) {
		tell(telling, "How sure is this? It is certain: three kinds of evidence agree, which no single accident can forge "
			      "together (%s), and nothing of weight speaks against it.",
		     class_list(telling, strong));
		return;
	}
	tell(telling, "How sure is this? It is %s, and no more.", certainty_name(finding->certainty));
	if (strong)
		tell(telling, "Strong evidence for it comes from: %s.", class_list(telling, strong));
	if (missing)
		tell(telling, "Strong evidence is missing from: %s.", missing);
	if (objection)
		tell(telling, "Against it speaks: %s.", objection->text);
	if (doubt(telling))
		tell(telling, "And %s.", doubt(telling));
}

static void drop_empty(struct narrative *narrative)
{
	struct paragraph *items = narrative->paragraphs.items;
	size_t kept = 0;

	for (size_t i = 0; i < narrative->paragraphs.count; i++) {
		if (items[i].text)
			items[kept++] = items[i];
		else if (kept && items[kept - 1].exhibit == EXHIBIT_NONE)
			items[kept - 1].exhibit = items[i].exhibit;
	}
	narrative->paragraphs.count = kept;
}

const struct narrative *narrative_of(const struct diagnosis *diagnosis)
{
	const struct verdict *verdict = &diagnosis->verdict;
	struct narrative *narrative = arena_alloc(diagnosis->arena, sizeof *narrative);
	struct telling telling = {.diagnosis = diagnosis, .narrative = narrative, .arena = diagnosis->arena};

	telling.claims = claims_of(diagnosis);
	ask_for_executable(&telling);
	if (verdict->kind == VERDICT_FOUND) {
		telling.finding = &diagnosis->findings.items[verdict->finding];
		tell_finding(&telling);
		(telling.finding->detector->corruption ? tell_how_sure : tell_how_sure_of_end)(&telling);
		tell_headline(&telling, "%s.", telling.finding->title);
		tell_headline(&telling, "%s.", telling.finding->detector->title);
	} else if (diagnosis->analysis->runtime->presence != PRESENCE_GO) {
		tell_program(&telling);
	} else if (verdict->kind == VERDICT_HEALTHY) {
		tell_healthy(&telling);
	} else {
		tell_unknown(&telling);
	}
	if (verdict->kind != VERDICT_HEALTHY)
		tell_lacks(&telling);
	if (!narrative->headline)
		narrative->headline =
			"Something is wrong that this report cannot put in one sentence: see the evidence.";
	drop_empty(narrative);
	return narrative;
}
