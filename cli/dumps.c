/* dumps.c: the page that says how to get a dump. */
#include "cli/cli.h"

/* docs/dumps.md, line by line. */
static const char *const page[] = {
#include "docs/dumps.inc"
};

int print_dumps(void)
{
	for (size_t i = 0; i < sizeof page / sizeof *page; i++)
		puts(page[i]);
	return cli_close(stdout, "standard output") ? EXIT_OK : EXIT_FAILED;
}
