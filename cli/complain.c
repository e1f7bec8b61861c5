/* complain.c: what subcommands say on standard error, and when. */
#include "cli/cli.h"
#include "cli/progress.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void cli_show(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			fprintf(stderr, "\\x%02x", (unsigned char)*text);
		else
			fputc(*text, stderr);
}

void cli_complain(const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	progress_erase();
	fputs("tornstack: ", stderr);
	cli_show(text);
	fputc('\n', stderr);
}

void cli_remedy(const char *code)
{
	static const struct {
		const char *code, *text;
	} remedies[] = {
#define REMEDY(code, text) {code, text},
#include "cli/remedies.def"
#undef REMEDY
	};

	for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
		if (!strcmp(remedies[i].code, code))
			fprintf(stderr, "What to do: %s.\n", remedies[i].text);
}

bool cli_close(FILE *out, const char *name)
{
	bool failed = ferror(out) != 0;

	errno = failed ? errno : 0;
	failed |= fflush(out) != 0;
	failed |= fclose(out) != 0;
	if (failed && errno == EPIPE) /* who reads has enough: head, a pager that was left */
		return true;
	if (failed)
		cli_complain("cannot write %s: %s", name,
			     errno ? strerror(errno) : "the output did not take everything");
	return !failed;
}
