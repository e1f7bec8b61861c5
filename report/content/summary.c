/* summary.c: see summary.h. */
#include "report/content/summary.h"

#include "base/count.h"
#include "formats/dump/live_record.h"
#include "report/target.h"

#include <inttypes.h>

const struct finding *verdict_finding(const struct diagnosis *diagnosis)
{
	const struct verdict *verdict = &diagnosis->verdict;

	return verdict->kind == VERDICT_FOUND ? &diagnosis->findings.items[verdict->finding] : NULL;
}

const char *verdict_word(const struct diagnosis *diagnosis)
{
	static const char *const words[] = {
		[CERTAINTY_POSSIBLE] = "POSSIBLE", [CERTAINTY_LIKELY] = "LIKELY", [CERTAINTY_CERTAIN] = "CERTAIN"};
	const struct finding *finding = verdict_finding(diagnosis);

	if (finding)
		return words[finding->certainty];
	return diagnosis->verdict.kind == VERDICT_HEALTHY ? "HEALTHY" : "UNKNOWN";
}

enum verdict_tone verdict_tone(const struct diagnosis *diagnosis)
{
	const struct finding *finding = verdict_finding(diagnosis);

	if (!finding)
		return diagnosis->verdict.kind == VERDICT_HEALTHY ? TONE_GOOD : TONE_DOUBT;
	return finding->certainty == CERTAINTY_POSSIBLE ? TONE_DOUBT : TONE_BAD;
}

static const char *identity_text(const struct go_runtime *runtime)
{
	switch (runtime->identity) {
	case IDENTITY_SAME:
		return "the same build";
	case IDENTITY_EQUIVALENT:
		return "equal wherever it can be compared";
	case IDENTITY_UNVERIFIED:
		return "not verified to be the same build";
	case IDENTITY_MISMATCH:
		return "ANOTHER BUILD";
	default:
		return "";
	}
}

static void warn(struct warning *warnings, size_t *count, bool grave, const char *text)
{
	warnings[(*count)++] = (struct warning){text, grave};
}

size_t dump_warnings(struct arena *arena, const struct analysis *analysis, struct warning ret[static WARNINGS_MOST])
{
	const struct go_runtime *runtime = analysis->runtime;
	size_t count = 0;

	if (analysis->image->altered)
		warn(ret, &count, true, arena_printf(arena, "This is not the bundle that was made: %s.", analysis->image->altered));
	if (runtime->identity == IDENTITY_MISMATCH)
		warn(ret, &count, true,
		     arena_printf(arena,
				  "The executable %s is NOT the one that was running (%s): function names, lines and "
				  "frames below may be wrong. Give the right one with --exe.",
				  runtime->exe->name, runtime->identity_because));
	if (runtime->identity == IDENTITY_UNVERIFIED && runtime->identity_because)
		warn(ret, &count, false,
		     arena_printf(arena, "The executable %s may not be the one that was running: %s.", runtime->exe->name,
				  runtime->identity_because));
	if (runtime->exe_source == EXE_NONE && !runtime->recorded)
		warn(ret, &count, false, "The executable was not found: most stacks and checks need it. Give it with --exe.");
	if (analysis->image->truncated)
		warn(ret, &count, false, analysis->image->record ? "The log does not hold all of the crash: its beginning or its end is missing."
								 : "The dump was cut short: part of the memory is missing.");
	return count;
}

static const char *joined(struct arena *arena, const char *list, const char *item)
{
	return *list ? arena_printf(arena, "%s, %s", list, item) : item;
}

static const char *target_text(struct arena *arena, const struct image *image)
{
	const char *os = target_os(image);
	const char *arch = target_arch(image);
	const char *what = image->record ? "a log of " : "";

	if (!os && !arch)
		return image->record ? "a log" : "?";
	return arena_printf(arena, "%s%s%s%s", what, os ? os : "", os && arch ? "/" : "", arch ? arch : "");
}

/* Where neither a signal nor the runtime ended it. */
static const char *ended_text(struct arena *arena, const struct image *image)
{
	if (image->live)
		return arena_printf(arena, "alive, stopped for %s", live_pause_text(arena, image->live));
	if (image->record)
		return "it does not say that the process ended";
	return image->snapshot ? "a snapshot of a live process" : "how it ended is not known";
}

const char *dump_summary(struct arena *arena, const struct analysis *analysis)
{
	static const char *const presence[] = {
		[PRESENCE_NONE] = "no Go program", [PRESENCE_UNKNOWN] = "perhaps no Go program", [PRESENCE_GCCGO] = "gccgo",
		[PRESENCE_TINYGO] = "TinyGo", [PRESENCE_OLD_GO] = NULL,
	};
	const struct image *image = analysis->image;
	const struct go_runtime *runtime = analysis->runtime;
	const char *line = arena_printf(arena, "%s: %s", image->name, target_text(arena, analysis->image));

	if (presence[runtime->presence])
		line = joined(arena, line, presence[runtime->presence]);
	if (runtime->version.text)
		line = joined(arena, line, runtime->version.text);
	else if (runtime->least_minor || runtime->most_minor)
		line = joined(arena, line, go_releases_text(runtime, arena));
	if (runtime->main_module)
		line = joined(arena, line, arena_printf(arena, "module %s", runtime->main_module));
	if (image->pid)
		line = joined(arena, line, arena_printf(arena, "pid %" PRId64, image->pid));
	if (image->stop.known)
		line = joined(arena, line,
			      arena_printf(arena, "stopped by %s%s", image->stop.name,
					   image->stop.thread ? arena_printf(arena, " on thread %" PRId64,
									     image->stop.thread)
							      : ""));
	else if (analysis->dying_thread >= 0)
		line = joined(arena, line,
			      arena_printf(arena, "ended by the Go runtime%s",
					   image->record ? "" : arena_printf(arena, " on %s", thread_text(analysis, analysis->dying_thread))));
	else
		line = joined(arena, line, ended_text(arena, image));
	if (!image->record)
		line = joined(arena, line, counted_text(arena, image->threads.count, "thread"));
	if (runtime->presence == PRESENCE_GO)
		line = joined(arena, line, counted_text(arena, runtime->goroutines.count, "goroutine"));
	if (runtime->exe)
		line = arena_printf(arena, "%s; executable %s: %s", line, runtime->exe->name,
				    identity_text(runtime));
	else if (runtime->exe_source == EXE_MEMORY)
		line = arena_printf(arena, "%s; code and tables from the dump's own memory", line);
	return line;
}
