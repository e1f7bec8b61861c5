/* bundle.c: ts_bundle: first the slim dump, of the dump, log or process; then, of nothing but that, each report. So no report tells what the
 * slim dump does not, and whoever reads the bundle gets the same reports. */
#include "lib/tornstack.h"

#include "base/mapping.h"
#include "base/temporary.h"
#include "formats/bundle/bundle.h"
#include "lib/options.h"
#include "lib/result.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUDGET = 16 << 20, LINE = 1024, PATH = 32 };

static const struct report {
	const char *name;
	enum ts_format format;
} reports[] = {
	{"report.txt", TS_TEXT}, {"report.md", TS_MARKDOWN}, {"report.json", TS_JSON}, {"report.html", TS_HTML}, {"goroutines.txt", TS_TRACEBACK},
};

enum { REPORTS = sizeof reports / sizeof *reports };

struct bundling {
	struct arena *arena;
	const char *dump;
	const struct ts_options *options;
	int64_t time;
	FILE *out;
	int files[REPORTS + 1]; /* without names; the last is of the slim dump; -1: none */
	char told[LINE];        /* the verdict of the slim dump, in a line */
	struct ts_result result;
};

static bool succeeded(const struct ts_result *result)
{
	return result->outcome == TS_ANALYSED || result->outcome == TS_ANALYSED_CORRUPTION;
}

/* Runs an analysis whose report goes to a stream; false: the result says why not. */
static bool analyse(struct bundling *bundling, const char *dump, const struct ts_options *options, FILE *out)
{
	struct ts_result *result = &bundling->result;
	char exposed[sizeof result->exposed];

	memcpy(exposed, result->exposed, sizeof exposed);
	*result = ts_analyze(dump, options, out);
	result->begun = false; /* of the bundle */
	if (!*result->exposed)
		memcpy(result->exposed, exposed, sizeof exposed);
	return succeeded(result);
}

/* Into a file of its own. */
static bool make_member(struct bundling *bundling, size_t index, const char *dump, const struct ts_options *options)
{
	const int descriptor = bundling->files[index] = temporary_open();
	const int copy = descriptor < 0 ? -1 : dup(descriptor);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	bool made;

	if (!out) {
		if (copy >= 0)
			close(copy);
		result_fail(&bundling->result, ERR_IO, "no temporary file can be made");
		return false;
	}
	made = analyse(bundling, dump, options, out);
	if (!fclose(out) || !made)
		return made;
	result_fail(&bundling->result, ERR_IO, "there is no room for temporary files");
	return false;
}

static bool make_slim(struct bundling *bundling)
{
	struct ts_options options = *bundling->options;

	options.format = TS_SLIM;
	options.tables = true;
	options.compressed = options.listed = false;
	options.filter = NULL;
	return make_member(bundling, REPORTS, bundling->dump, &options);
}

/* What is asked of the slim dump, without anything of this machine. */
static struct ts_options alone(const struct bundling *bundling, enum ts_format format, const char *title)
{
	const struct ts_options *given = bundling->options;

	return (struct ts_options){.max_size = given->max_size, .title = title, .workers = given->workers, .format = format,
				   .goroutines = format == TS_TRACEBACK ? TS_GOROUTINES_ALL : TS_GOROUTINES_GROUPS, .alone = true,
				   .isolated = given->isolated, .cancelled = given->cancelled, .progress = given->progress,
				   .context = given->context};
}

static const char *path_of(const struct bundling *bundling, char ret[static PATH])
{
	snprintf(ret, PATH, "/proc/self/fd/%d", bundling->files[REPORTS]);
	return ret;
}

static struct span map_file(struct bundling *bundling, size_t index)
{
	struct stat status;
	struct span ret = {0};

	if (fstat(bundling->files[index], &status) ||
	    mapping_new(bundling->arena, "a temporary file", bundling->files[index], (uint64_t)status.st_size, &ret))
		result_fail(&bundling->result, ERR_IO, "a temporary file cannot be read");
	return ret;
}

/* ---- whether the dump itself says the same ---- */

/* "fingerprint certainty rule …": certainty and rule. */
static void shorten(char line[static LINE])
{
	char *first = strchr(line, ' ');
	size_t size;

	if (!first)
		return;
	first += strspn(first, " ");
	size = strcspn(first, " ");
	size += strspn(first + size, " ");
	size += strcspn(first + size, " \n");
	memmove(line, first, size);
	line[size] = 0;
}

static bool read_verdict(struct bundling *bundling, const char *dump, const struct ts_options *options, char ret[static LINE])
{
	FILE *out = fmemopen(ret, LINE, "w");
	const bool read = out && analyse(bundling, dump, options, out);

	if (out)
		fclose(out);
	ret[LINE - 1] = 0;
	shorten(ret);
	return read;
}

/* Of what can be read twice. */
static bool can_compare(const struct bundling *bundling)
{
	struct stat status;

	return !bundling->options->pid && !stat(bundling->dump, &status) && S_ISREG(status.st_mode);
}

static bool compare(struct bundling *bundling, const char *evidence)
{
	struct ts_options options = *bundling->options;
	struct ts_options of_slim = alone(bundling, TS_BRIEF, evidence);
	char path[PATH], whole[LINE] = "";

	options.format = TS_BRIEF;
	options.goroutines = TS_GOROUTINES_GROUPS;
	options.filter = NULL;
	if (!read_verdict(bundling, path_of(bundling, path), &of_slim, bundling->told))
		return false;
	if (can_compare(bundling) && !read_verdict(bundling, bundling->dump, &options, whole))
		return false;
	if (*whole && strcmp(whole, bundling->told) != 0)
		snprintf(bundling->result.remark, sizeof bundling->result.remark,
			 "the dump, read on the machine where this was made, says \"%.150s\"; without what else it had there, and what was taken out, it is "
			 "\"%.150s\"", whole, bundling->told);
	return true;
}

/* ---- the archive ---- */

static const char *left_out(const struct bundling *bundling, const char *evidence)
{
	if (bundling->options->unredacted)
		return "Nothing that the analysis read was taken out: it may hold secrets.";
	if (!strcmp(evidence, BUNDLE_LOG))
		return "Left out: whatever the runtime did not print; values of panics, labels, folders of files; words of arguments, registers and "
		       "memory that are neither small numbers nor may be addresses.";
	return "Left out: memory that the analysis did not read; of what it read, texts, and words that are neither addresses, small numbers, fields "
	       "of the runtime's structures nor evidence; values of panics, arguments, the environment, folders of files, names of data files, "
	       "vector registers.";
}

static const char *exceptions(const struct bundling *bundling)
{
	const bool kept = bundling->options->keeps, renamed = bundling->options->pseudonyms;

	return kept && renamed ? "\nValues of panics stay that were to be kept. Names of the program are pseudonyms (--names)."
	       : kept	       ? "\nValues of panics stay that were to be kept."
	       : renamed       ? "\nNames of the program are pseudonyms (--names)."
			       : "";
}

static const char *remarks(const struct bundling *bundling, const char *evidence)
{
	const char *remark = bundling->result.remark;

	return arena_printf(bundling->arena,
			    "tornstack " TORNSTACK_VERSION " made this bundle; `tornstack FILE` reads it, `sha256sum -c " BUNDLE_MANIFEST "` checks it.\n"
			    "Verdict: %s\nAll reports were made of %s alone.\n%s%s%s%s",
			    bundling->told, evidence, left_out(bundling, evidence), exceptions(bundling), *remark ? "\nDiffers: " : "", remark);
}

static void write_archive(struct bundling *bundling, const char *evidence)
{
	struct tar_member members[REPORTS + 1];
	const struct err *err;

	for (size_t i = 0; i < REPORTS; i++)
		members[i] = (struct tar_member){reports[i].name, map_file(bundling, i)};
	members[REPORTS] = (struct tar_member){evidence, map_file(bundling, REPORTS)};
	if (bundling->result.outcome == TS_FAILED)
		return;
	bundling->result.begun = true;
	err = bundle_write(bundling->arena, members, REPORTS + 1, remarks(bundling, evidence), bundling->time, bundling->out);
	if (err)
		result_fail(&bundling->result, err->code, err->text);
}

static void run(void *context)
{
	struct bundling *bundling = context;
	const char *evidence;
	char path[PATH];

	if (!make_slim(bundling))
		return;
	evidence = bundle_evidence(map_file(bundling, REPORTS));
	if (bundling->result.outcome == TS_FAILED || !compare(bundling, evidence))
		return;
	for (size_t i = 0; i < REPORTS; i++) {
		const struct ts_options options = alone(bundling, reports[i].format, evidence);
		char remark[sizeof bundling->result.remark];

		memcpy(remark, bundling->result.remark, sizeof remark);
		if (!make_member(bundling, i, path_of(bundling, path), &options))
			return;
		memcpy(bundling->result.remark, remark, sizeof remark);
	}
	write_archive(bundling, evidence);
}

struct ts_result ts_bundle_sized(const char *dump, const struct ts_options *given, size_t size, int64_t time, FILE *out)
{
	struct ts_options options;
	struct bundling bundling = {.arena = arena_new(BUDGET), .dump = dump, .options = &options, .time = time, .out = out};

	if (!options_take(given, size, &options, sizeof options, &bundling.result)) {
		arena_free(bundling.arena);
		return bundling.result;
	}
	for (size_t i = 0; i <= REPORTS; i++)
		bundling.files[i] = -1;
	result_fail(&bundling.result, ERR_LIMIT, "no memory");
	if (bundling.arena && !arena_run(bundling.arena, run, &bundling))
		result_fail(&bundling.result, ERR_LIMIT, "no memory for the bundle");
	for (size_t i = 0; i <= REPORTS; i++)
		if (bundling.files[i] >= 0)
			close(bundling.files[i]);
	arena_free(bundling.arena);
	return bundling.result;
}
