/* dumps.c: the page that says how to get a dump. */
#include "cli/cli.h"
#include "cli/output.h"

/* docs/dumps.md, line by line. */
static const char *const page[] = {
#include "docs/dumps.inc"
};

int print_dumps(void)
{
	struct output output;

	output_open(NULL, NULL, &output);
	output_page(&output);
	for (size_t i = 0; i < sizeof page / sizeof *page; i++)
		fprintf(output.file, "%s\n", page[i]);
	return output_keep(&output) ? EXIT_OK : EXIT_FAILED;
}
