/* document.c: see document.h. */
#include "report/content/document.h"

#include "report/content/frames.h"
#include "report/content/goroutines.h"
#include "report/content/summary.h"
#include "report/selection.h"

struct document document_of(const struct diagnosis *diagnosis, const struct report_options *options, const struct narrative *narrative,
			    FILE *out)
{
	return (struct document){.out = out,
				 .arena = diagnosis->arena,
				 .diagnosis = diagnosis,
				 .analysis = diagnosis->analysis,
				 .options = options,
				 .narrative = narrative,
				 .finding = verdict_finding(diagnosis),
				 .selection = selection_make(diagnosis, NULL)};
}

void document_stacks(const struct document *document, document_stack *print)
{
	const struct verdict_stacks shown = verdict_stacks(document->diagnosis);
	struct analysis *analysis = document->analysis;
	struct stack stack = {0};

	if (shown.goroutine >= 0) {
		goroutine_stack(analysis, (size_t)shown.goroutine, &stack);
		print(document, goroutine_heading(document->arena, analysis, (size_t)shown.goroutine, &stack), &stack,
		      goroutine_creator(document->arena, analysis->runtime, &analysis->runtime->goroutines.items[shown.goroutine]));
	}
	if (shown.thread >= 0) {
		thread_stack(analysis, (size_t)shown.thread, &stack);
		print(document, thread_heading(document->arena, analysis, (size_t)shown.thread), &stack, NULL);
	}
}
