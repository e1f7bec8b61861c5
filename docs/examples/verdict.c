/* verdict.c: what happened, on which goroutine, and why tornstack believes so.
 * cc verdict.c $(pkg-config --cflags --libs tornstack) -o verdict && ./verdict core ./service */
#include <inttypes.h>
#include <stdio.h>
#include <tornstack.h>

static void print_stack(const struct ts_stack *stack)
{
	for (size_t i = 0; i < stack->frame_count; i++) {
		const struct ts_frame *frame = stack->frames[i];

		printf("  0x%" PRIx64 "  %s\n", frame->pc.value, frame->function ? frame->function : "?");
	}
	printf("  (%s)\n", stack->end);
}

static void print_finding(const struct ts_report *report, const struct ts_finding *finding)
{
	for (size_t i = 0; i < finding->evidence_count; i++)
		printf("%s %s\n", finding->evidence[i]->speaks_for ? "+" : "-", finding->evidence[i]->text);
	for (size_t i = 0; i < report->goroutine_count; i++)
		if (report->goroutines[i]->id == finding->goroutine)
			print_stack(&report->goroutines[i]->stack);
}

int main(int argc, char **argv)
{
	const char *executables[] = {argc > 2 ? argv[2] : NULL, NULL};
	/* What is not set is 0, which is the default. Dumps come from anywhere: isolated. */
	const struct ts_options options = {.executables = argc > 2 ? executables : NULL, .isolated = true};
	struct ts_handle *handle;
	struct ts_result result;
	const struct ts_report *report;

	if (argc < 2) {
		fprintf(stderr, "usage: verdict DUMP [EXE]\n");
		return 2;
	}
	result = ts_open(argv[1], &options, &handle);
	if (!handle) {
		fprintf(stderr, "%s: %s\n", result.error_code, result.error);
		return 1;
	}
	report = ts_report_of(handle);
	printf("%s: %s\n", ts_certainty_name(report->verdict->certainty), report->verdict->headline);
	if (report->verdict->finding >= 0)
		print_finding(report, report->findings[report->verdict->finding]);
	ts_close(handle);
	return 0;
}
