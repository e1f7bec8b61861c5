/* text.h: the parts of the text report, for text.c. */
#ifndef REPORT_TEXT_TEXT_H
#define REPORT_TEXT_TEXT_H

#include "report/content/frames.h"
#include "report/narrative/narrative.h"
#include "report/text/page.h"
#include "report/quantity.h"
#include "report/report.h"
#include "report/selection.h"

struct text {
	struct page page;
	struct arena *arena;
	const struct diagnosis *diagnosis;
	struct analysis *analysis;
	const struct report_options *options;
	const struct narrative *narrative;
	const struct selection *selection; /* the goroutines to list */
	const struct finding *finding;   /* the verdict's, NULL: none */
	struct pointed_frame pointed;    /* that it is about */
	struct stack_texts *stack_texts; /* where many stacks are printed (stack_texts.h); NULL: nothing is kept */
};

/* dump.c: what every report says of its dump, at the top and at the end. */
void text_dump(const struct text *text);
void text_notes(const struct text *text);
void text_build(const struct text *text); /* with -v: the machine, and how the program was built */
void text_list(const struct text *text, const char *heading, const char *const *items, size_t count);

/* exhibit.c: what backs a paragraph, and the picture of a torn stack. */
void text_exhibit(const struct text *text, enum exhibit exhibit, unsigned margin);
void text_torn_words(const struct text *text);

/* evidence.c: the evidence of the verdict, and the other findings. */
void text_evidence(const struct text *text);
void text_other_findings(const struct text *text);
void text_known_bugs(const struct text *text);

/* stack.c */
void text_stacks(const struct text *text); /* those that the verdict is about */
void text_stack(const struct text *text, const struct stack *stack, unsigned margin);
/* One with its heading; `stack` is scratch, so that many can share its memory. */
void text_goroutine(const struct text *text, size_t index, struct stack *stack);
void text_thread(const struct text *text, size_t index, struct stack *stack);

/* goroutines.c */
void text_goroutines(const struct text *text); /* groups or all */
void text_threads(const struct text *text);

/* observations.c: what the dump shows beside the verdict. */
void text_observations(const struct text *text);

/* exposures.c: goroutines that wait for the kernel to write to their stacks. */
void text_exposures(const struct text *text);

/* selection.c: the goroutines that were asked for. */
void text_selection(const struct text *text);
void text_each_group(const struct text *text); /* with its stack */
void text_each_goroutine(const struct text *text); /* one after the other */

#endif
