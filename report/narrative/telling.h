/* telling.h: how a narrator, one per rule, tells its finding. Sentences go through claims.h: one that no evidence
 * backs is silently left out, so a narrator says what it would like to say, and most important sentences first. */
#ifndef REPORT_NARRATIVE_TELLING_H
#define REPORT_NARRATIVE_TELLING_H

#include "report/narrative/claims.h"
#include "report/narrative/narrative.h"

struct telling {
	const struct diagnosis *diagnosis;
	const struct finding *finding; /* the verdict's; NULL for healthy and unknown */
	const struct claims *claims;
	struct narrative *narrative;
	struct arena *arena;
};

/* Proposes a headline; the first that is backed stays. */
void tell_headline(struct telling *telling, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Begins a paragraph. One without a sentence disappears; its exhibit then goes to the paragraph before it. */
void tell_paragraph(struct telling *telling, enum exhibit exhibit);

/* Adds a sentence to the paragraph. True when it was backed. */
bool tell(struct telling *telling, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds what would settle it: what to look at, and what would speak for or against. It may name what the evidence does
 * not: commands, the next dump. */
void tell_confirm(struct telling *telling, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds something to do in the next hour; and a remedy for good. Both may name what the evidence does not: releases,
 * options, commands. */
void tell_action(struct telling *telling, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tell_for_good(struct telling *telling, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The narrators: one for each line of narrators.def. */
#define NARRATOR(rule, function) void function(struct telling *telling);
#include "report/narrative/narrators.def"
#undef NARRATOR

/* Of a dump that Go's rules are not asked of. */
void tell_program(struct telling *telling);

/* The part of bit-flip's that is about a word of the scheduler's state. */
void tell_flipped_state(struct telling *telling);

/* lacks.c: what the input lacks that a surer verdict needs, and what would have kept it. */
void tell_lacks(struct telling *telling);

/* What narrators have in common. */

/* "goroutine 7", "thread 4711 (goroutine 7)", "an unknown goroutine": of a finding. */
const char *finding_goroutine(const struct telling *telling, const struct finding *finding);
const char *finding_thread(const struct telling *telling, const struct finding *finding);

/* The first line of the last words, as much of it as a headline bears; NULL: there are none. The message without "panic: " or
 * "fatal error: ". "goroutine 7" or, when it is not known, "the process". Where the finding is: "It happened in main.f, at …". */
const char *last_line(const struct telling *telling);
const char *message_body(const char *line);
const char *subject(const struct telling *telling);
void tell_place(struct telling *telling, const char *verb);

/* Says that no deferred function of the panic could run, and what to do about it; false: it was not so. */
bool tell_broken_off(struct telling *telling);

/* That a race is known to end in such a panic, and whether another goroutine was at the same value (heuristics/ends/race_signs.h). */
void tell_race(struct telling *telling);

/* The same text with a capital letter, to begin a sentence. */
const char *capital(struct arena *arena, const char *text);

/* The first finding of a rule that `by` explains (NULL: that nothing explains); NULL: none. */
const struct finding *finding_of_rule(const struct diagnosis *diagnosis, const char *rule, const struct finding *by);

/* Says which verified bug, that the release has, the finding fits; false when there is none. */
bool tell_bug(struct telling *telling);

/* Appends the releases that fix the known bugs of the verdict (for good); tell_known_bugs also their workarounds (now). */
void tell_fixes(struct telling *telling);
void tell_known_bugs(struct telling *telling);

#endif
