/* narrative.c: chooses the narrator of the verdict's rule, and what all narrators share. */
#include "report/narrative/telling.h"

#include "heuristics/verdict/rank.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *rule;
	void (*tell)(struct telling *telling);
} narrators[] = {
	{"split-sp", tell_split_sp},
	{"torn-pc", tell_torn_pc},
	{"torn-return", tell_torn_return},
	{"smashed-return", tell_smashed_return},
	{"bit-flip", tell_bit_flip},
	{"g-state", tell_g_state},
	{"sp-out-of-bounds", tell_sp_out_of_bounds},
	{"unwinder-crash", tell_unwinder_crash},
	{"concurrent-map", tell_concurrent_map},
	{"go-panic", tell_go_panic},
	{"go-fatal", tell_go_fatal},
	{"deadlock", tell_deadlock},
	{"nil-deref", tell_nil_deref},
	{"torn-value", tell_torn_value},
	{"cgo-fault", tell_cgo_fault},
	{"unknown-fault", tell_unknown_fault},
	{"external-signal", tell_external_signal},
	{"bp-chain", tell_bp_chain},
	{"pdata-unsorted", tell_pdata_unsorted},
	{"stack-overflow", tell_stack_overflow},
	{"out-of-memory", tell_out_of_memory},
};

static const char *format_text(struct arena *arena, const char *format, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return "";
	text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

void tell_headline(struct telling *telling, const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = format_text(telling->arena, format, args);
	va_end(args);
	if (!telling->narrative->headline && claims_backed(telling->claims, text))
		telling->narrative->headline = text;
}

void tell_paragraph(struct telling *telling, enum exhibit exhibit)
{
	vec_push(telling->arena, &telling->narrative->paragraphs, (struct paragraph){.exhibit = exhibit});
}

bool tell(struct telling *telling, const char *format, ...)
{
	struct narrative *narrative = telling->narrative;
	struct paragraph *paragraph = &narrative->paragraphs.items[narrative->paragraphs.count - 1];
	va_list args;
	const char *text;

	va_start(args, format);
	text = format_text(telling->arena, format, args);
	va_end(args);
	if (!claims_backed(telling->claims, text))
		return false;
	paragraph->text = paragraph->text ? arena_printf(telling->arena, "%s %s", paragraph->text, text) : text;
	return true;
}

void tell_confirm(struct telling *telling, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vec_push(telling->arena, &telling->narrative->confirmations, format_text(telling->arena, format, args));
	va_end(args);
}

void tell_action(struct telling *telling, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vec_push(telling->arena, &telling->narrative->actions, format_text(telling->arena, format, args));
	va_end(args);
}

void tell_for_good(struct telling *telling, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vec_push(telling->arena, &telling->narrative->remedies, format_text(telling->arena, format, args));
	va_end(args);
}

const char *capital(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	*copy = (char)toupper((unsigned char)*copy);
	return copy;
}

const char *finding_goroutine(const struct telling *telling, const struct finding *finding)
{
	const struct go_runtime *runtime = telling->diagnosis->analysis->runtime;

	if (finding->goroutine < 0)
		return "an unknown goroutine";
	return arena_printf(telling->arena, "goroutine %" PRIu64, runtime->goroutines.items[finding->goroutine].id);
}

const char *finding_thread(const struct telling *telling, const struct finding *finding)
{
	const struct image *image = telling->diagnosis->analysis->image;

	if (finding->thread < 0)
		return "another thread";
	return arena_printf(telling->arena, "thread %" PRId64, image->threads.items[finding->thread].id);
}

const struct finding *finding_of_rule(const struct diagnosis *diagnosis, const char *rule, const struct finding *by)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];
		const struct finding *cause =
			finding->explained_by < 0 ? NULL : &diagnosis->findings.items[finding->explained_by];

		if (!strcmp(finding->detector->id, rule) && cause == by)
			return finding;
	}
	return NULL;
}

bool tell_bug(struct telling *telling)
{
	const char *version = telling->diagnosis->analysis->runtime->version.text;

	for (size_t i = 0; i < telling->finding->bugs.count; i++) {
		const struct cited_bug *cited = &telling->finding->bugs.items[i];

		if (cited->affects > 0 && version && !cited->bug->unverified)
			return tell(telling, "It fits %s, a bug that %s has.", cited->bug->id, version);
	}
	return false;
}

void tell_fixes(struct telling *telling)
{
	const char *version = telling->diagnosis->analysis->runtime->version.text;

	for (size_t i = 0; i < telling->finding->bugs.count; i++) {
		const struct cited_bug *cited = &telling->finding->bugs.items[i];
		const char *releases = known_bug_fixes(telling->arena, cited->bug);

		if (cited->affects != 0 && releases && !cited->bug->unverified)
			tell_for_good(telling, "Rebuild with a Go release that fixes %s: %s or later in its line%s%s%s.",
				    cited->bug->id, releases, version ? " (this binary: " : "", version ? version : "",
				    version ? ")" : "");
	}
}

void tell_known_bugs(struct telling *telling)
{
	for (size_t i = 0; i < telling->finding->bugs.count; i++) {
		const struct cited_bug *cited = &telling->finding->bugs.items[i];

		if (cited->bug->unverified)
			tell_confirm(telling, "Compare with %s (%s). The dump fits it; not verified: %s.", cited->bug->id,
				     cited->bug->title, cited->bug->unverified);
		else if (cited->affects != 0 && cited->bug->workaround)
			tell_action(telling, "Work around %s: %s.", cited->bug->id, cited->bug->workaround);
	}
	tell_fixes(telling);
}

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
	tell_headline(telling,
		      "The process was alive when this dump was taken; nothing is damaged that could be checked.");
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling,
	     "The dump names no signal and no exception that ended the process, and the Go runtime had printed no "
	     "last words.");
	tell(telling, "No stack that could be walked is torn.");
	tell_action(
		telling,
		"If it seemed to hang, see what its goroutines wait for; `--goroutines=all` prints the stack of every "
		"one.");
}

static void tell_unknown(struct telling *telling)
{
	const struct analysis *analysis = telling->diagnosis->analysis;

	if (!analysis->runtime->goroutines.count)
		tell_headline(telling,
			      "No Go goroutine was found in this dump, so nothing can be said about why it ended.");
	tell_headline(telling, "Why the process ended could not be established.");
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "No rule of this program fits what the dump holds.");
	if (analysis->runtime->exe_source == EXE_NONE)
		tell(telling, "The executable was not found, and without it most checks are impossible.");
	if (analysis->image->truncated)
		tell(telling, "The dump was cut short, so part of the memory is missing.");
	if (analysis->image->truncated)
		tell_action(telling, "Get a whole dump: check the limits of whoever saved it (ulimit -c, disk space).");
	tell_action(telling, "Read the stack of the thread that died, and the notes: they name what could not be seen. "
			     "-v shows every thread.");
}

/* What would make any report better comes before what this one asks for. */
static void ask_for_executable(struct telling *telling)
{
	const struct go_runtime *runtime = telling->diagnosis->analysis->runtime;

	if (runtime->identity == IDENTITY_MISMATCH)
		tell_action(
			telling,
			"Give the executable of exactly this build, with --exe: the one that was used is another, and "
			"all of this report is doubtful.");
	else if (runtime->exe_source == EXE_NONE)
		tell_action(telling,
			    "Give the executable of exactly this build, with --exe: without it most checks are "
			    "impossible.");
}

static void tell_finding(struct telling *telling)
{
	const char *rule = telling->finding->detector->id;

	for (size_t i = 0; i < sizeof narrators / sizeof *narrators; i++)
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
		tell_how_sure(&telling);
		tell_headline(&telling, "%s.", telling.finding->title);
		tell_headline(&telling, "%s.", telling.finding->detector->title);
	} else if (verdict->kind == VERDICT_HEALTHY) {
		tell_healthy(&telling);
	} else {
		tell_unknown(&telling);
	}
	if (!narrative->headline)
		narrative->headline =
			"Something is wrong that this report cannot put in one sentence: see the evidence.";
	drop_empty(narrative);
	return narrative;
}
