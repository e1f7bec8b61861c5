/* document.h: what the forms of a report that people read in other programs are made of, and where they go. */
#ifndef REPORT_CONTENT_DOCUMENT_H
#define REPORT_CONTENT_DOCUMENT_H

#include "report/report.h"

struct narrative;
struct selection;

struct document {
	FILE *out;
	struct arena *arena;
	const struct diagnosis *diagnosis;
	struct analysis *analysis;
	const struct report_options *options;
	const struct narrative *narrative;
	const struct finding *finding; /* the verdict's, NULL: none */
	const struct selection *selection;
};

struct document document_of(const struct diagnosis *diagnosis, const struct report_options *options, const struct narrative *narrative,
			    FILE *out);

/* Prints a stack; `creator`: NULL where nothing made it, or that is not known. */
typedef void document_stack(const struct document *document, const char *title, const struct stack *stack, const char *creator);

/* Has the stacks of the verdict printed: the goroutine's, then the thread's; those that there are. */
void document_stacks(const struct document *document, document_stack *print);

#endif
