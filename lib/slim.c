/* slim.c: see slim.h. */
#include "lib/slim.h"

#include "formats/archive/compressed.h"
#include "formats/dump/kept.h"
#include "formats/slim/slim.h"
#include "lib/redacted_log.h"
#include "lib/redaction.h"

#include <inttypes.h>

static ssize_t drop(void *cookie, const char *bytes, size_t size)
{
	(void)cookie;
	(void)bytes;
	return (ssize_t)size;
}

/* What is asked of a report decides what it reads: the most of each. One of them asks for every goroutine; the others read no more of one. */
static const struct report_options most = {.version = TORNSTACK_VERSION, .goroutines = REPORT_GOROUTINES_ALL, .columns = 100,
					   .verbose = true, .unmasked = true};
static const struct report_options grouped = {.version = TORNSTACK_VERSION, .goroutines = REPORT_GOROUTINES_GROUPS, .columns = 100,
					      .verbose = true, .unmasked = true};
static const struct report_options usual = {.version = TORNSTACK_VERSION, .goroutines = REPORT_GOROUTINES_GROUPS, .columns = 100};
static const struct goroutine_filter all;
static const struct report_options listed = {.version = TORNSTACK_VERSION, .goroutines = REPORT_GOROUTINES_GROUPS, .columns = 100,
					     .verbose = true, .unmasked = true, .filter = &all};

static void write_json(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	report_json(diagnosis, options, out);
}

static void write_incident(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	report_incident(diagnosis, options, out);
}

/* It always prints every goroutine. */
static void write_traceback(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	enum { GOROUTINES = 1000 };

	if (diagnosis->analysis->runtime->goroutines.count <= GOROUTINES)
		report_traceback(diagnosis, options, out);
}

/* Every form of a report has its line here, or could not be made of a slim dump. */
static const struct {
	void (*write)(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);
	const struct report_options *options;
} reports[] = {
	{write_json, &most},   {report_text, &grouped},    {report_text, &usual}, {report_goroutines, &listed}, {write_traceback, &most},
	{report_brief, &most}, {report_markdown, &most},   {report_html, &most},  {report_pprof, &most},        {report_folded, &most},
	{write_incident, &most},
};

/* What remains of memory and registers, and what does not. */
static void list_kept(const struct image *image, FILE *out)
{
	const struct kept *kept = image->kept;
	const struct redaction *redaction = kept->redaction;
	uint64_t words = 0;

	for (uint64_t i = 0; i <= kept->words / KEPT_BITS; i++)
		words += (uint64_t)__builtin_popcountll(kept->bits[i]);
	fprintf(out, "%" PRIu64 " words of 8 bytes, of the %" PRIu64 " that the dump holds%s\n", words, kept->words,
		redaction ? ", and why:" : "; nothing is taken out of them");
	for (size_t i = 0; redaction && i < REASONS; i++)
		if (redaction->words[i])
			fprintf(out, "%12" PRIu64 "  %s\n", redaction->words[i], reason_texts[i]);
	if (!redaction)
		return;
	fprintf(out, "Taken out: %" PRIu64 " words that were read, and have none of these reasons; %zu registers that hold neither addresses,\n"
		"small numbers nor evidence; vector registers; arguments; folders of programs and libraries, names of other files.\n",
		redaction->removed, redaction->masked_count);
}

/* Makes every report, for nobody, so that all they read is kept. */
static const struct err *read_all(const struct diagnosis *diagnosis, void (*begin)(void *context), void *context)
{
	const cookie_io_functions_t nowhere = {.write = drop};
	FILE *null = fopencookie(NULL, "w", nowhere);

	if (!null)
		return err_new(diagnosis->analysis->image->arena, ERR_LIMIT, "no memory");
	for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
		begin(context);
		reports[i].write(diagnosis, reports[i].options, null);
	}
	fclose(null);
	return NULL;
}

static const struct err *write_slim(const struct diagnosis *diagnosis, const struct ts_options *options, FILE *out)
{
	struct image *image = diagnosis->analysis->image;

	if (image->record) {
		redacted_log_write(image, options, out);
		return NULL;
	}
	slim_keep_for_debuggers(image);
	if (!options->unredacted)
		redact(diagnosis, options);
	if (!options->listed)
		return slim_write(image, out);
	list_kept(image, out);
	return NULL;
}

const struct err *slim_dump(const struct diagnosis *diagnosis, const struct ts_options *options, void (*begin)(void *context),
			    void *context, FILE *out)
{
	struct image *image = diagnosis->analysis->image;
	FILE *compressed = options->compressed ? compressed_open(out) : NULL;
	const struct err *err = image->record ? NULL : read_all(diagnosis, begin, context);

	if (options->compressed && !compressed)
		err = err_new(image->arena, ERR_LIMIT, "no memory");
	if (!err)
		err = write_slim(diagnosis, options, compressed ? compressed : out);
	if (compressed)
		fclose(compressed);
	return err;
}
