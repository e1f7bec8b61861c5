/* folded.c: a line for each group of equal stacks, "main.main;main.f;main.g 12", as flamegraph.pl, inferno and speedscope read it. What
 * a name holds cannot end a frame or a line. */
#include "report/profile/stacks.h"

#include "base/count.h"
#include "report/content/lines.h"
#include "report/escape.h"

#include <inttypes.h>

struct folded {
	FILE *out;
	const struct diagnosis *diagnosis;
};

static void print_name(struct arena *arena, const char *name, FILE *out)
{
	for (name = escape_line(arena, name); *name; name++)
		fputc(*name == ';' ? ',' : *name, out);
}

static void print_frame(const struct folded *folded, struct arena *scratch, const struct stack *stack, size_t index, bool first)
{
	struct frame_line lines[INLINE_LIMIT];
	size_t count = frame_lines(folded->diagnosis->analysis->image, stack, index, lines);

	while (count--) {
		if (!first)
			fputc(';', folded->out);
		first = false;
		print_name(scratch, lines[count].function ? line_function(scratch, &lines[count])
							  : frame_address_text(scratch, lines[count].frame), folded->out);
	}
}

static void print_group(void *context, struct arena *scratch, const struct selected_group *group, const struct stack *stack)
{
	const struct folded *folded = context;
	const size_t count = shown_frames(stack);

	for (size_t i = count; i--;) {
		print_frame(folded, scratch, stack, i, i + 1 == count);
		if (stack->elided && i == stack->elided_at)
			fprintf(folded->out, ";[%s frames more]", count_text(scratch, stack->elided));
	}
	fprintf(folded->out, "%s %zu\n", count ? "" : "[no frames]", group->count);
}

void report_folded(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	struct folded folded = {out, diagnosis};

	groups_read(&(struct group_reader){.diagnosis = diagnosis,
					   .options = options,
					   .selection = selection_make(diagnosis, options->filter),
					   .out = out,
					   .read = print_group,
					   .context = &folded});
}
