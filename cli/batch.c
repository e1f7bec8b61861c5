/* batch.c: see batch.h. */
#include "cli/batch.h"

#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool batch_writes(enum ts_format format)
{
	return format == TS_TEXT || format == TS_BRIEF || format == TS_JSON;
}

/* As fopencookie(3) wants it. JSON has line ends between its tokens only: without them it is one line. */
static ssize_t without_line_ends(void *cookie, const char *bytes, size_t size)
{
	FILE *out = cookie;

	for (size_t at = 0; at < size;) {
		const char *end = memchr(bytes + at, '\n', size - at);
		const size_t part = end ? (size_t)(end - bytes) - at : size - at;

		if (fwrite(bytes + at, 1, part, out) != part)
			return 0; /* it failed */
		at += part + 1;
	}
	return (ssize_t)size;
}

static bool is_done(const struct ts_result *result)
{
	return result->outcome == TS_ANALYSED || result->outcome == TS_ANALYSED_CORRUPTION;
}

/* The report of one dump, through a stream that changes it on its way to `out`. */
static struct ts_result analyze_into(const char *dump, const struct ts_options *options, FILE *stream)
{
	struct ts_result result = {.outcome = TS_FAILED, .error_code = "io"};

	if (stream) {
		result = ts_analyze(dump, options, stream);
		fclose(stream);
	} else {
		snprintf(result.error, sizeof result.error, "%s: %s", dump, strerror(errno));
	}
	return result;
}

static FILE *one_line(FILE *out)
{
	return fopencookie(out, "w", (cookie_io_functions_t){.write = without_line_ends});
}

static struct ts_result write_json(const char *dump, const struct ts_options *options, FILE *out)
{
	const struct ts_result result = analyze_into(dump, options, one_line(out));

	if (is_done(&result) || result.begun)
		putc('\n', out);
	return result;
}

/* Of a log that holds several crashes there may be a line for each. */
static void write_named(const char *dump, const char *lines, FILE *out)
{
	while (*lines) {
		const size_t size = strcspn(lines, "\n");

		fprintf(out, "%s: %.*s\n", dump, (int)size, lines);
		lines += size + (lines[size] != 0);
	}
}

static struct ts_result write_text(const char *dump, const struct ts_options *options, FILE *out)
{
	struct ts_options brief = *options;
	struct ts_result result;
	char *text = NULL;
	size_t size;

	brief.quiet = true;
	result = analyze_into(dump, &brief, open_memstream(&text, &size));
	if (is_done(&result) && text)
		write_named(dump, text, out);
	free(text);
	return result;
}

static void write_json_failure(const char *dump, const struct ts_result *result, FILE *out)
{
	FILE *line = one_line(out);

	if (!line)
		return;
	ts_failure(dump, result, line);
	fclose(line);
	putc('\n', out);
}

static void write_failure(const char *dump, const struct ts_options *options, const struct ts_result *result, FILE *out)
{
	if (options->format == TS_JSON)
		write_json_failure(dump, result, out);
	else
		fprintf(out, "%s: not analysed (%s)\n", dump, result->error_code);
	cli_complain("%s", result->error);
}

struct batch_sum batch_run(const char *const *dumps, bool folder, const struct ts_options *options, FILE *out)
{
	struct batch_sum sum = {0};

	for (; *dumps && !ferror(out); dumps++) {
		const struct ts_result result = (options->format == TS_JSON ? write_json : write_text)(*dumps, options, out);

		if (is_done(&result)) {
			if (*result.remark && !options->quiet)
				cli_complain("%s: %s", *dumps, result.remark);
			sum.analysed++;
			sum.damaged += result.outcome == TS_ANALYSED_CORRUPTION;
		} else if (folder && !strcmp(result.error_code, "no-dump")) {
			sum.others++;
		} else {
			sum.failed++;
			write_failure(*dumps, options, &result, out);
		}
	}
	return sum;
}
