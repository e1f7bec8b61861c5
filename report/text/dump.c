/* dump.c: what every report says of its dump: what it is, warnings, notes. */
#include "report/text/text.h"

#include "base/steps.h"
#include "report/fingerprint/fingerprint.h"
#include "report/target.h"

#include <inttypes.h>

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

/* Before anything else is read: what makes everything else doubtful. */
static void warnings(const struct text *text)
{
	const struct go_runtime *runtime = text->analysis->runtime;

	if (runtime->identity == IDENTITY_MISMATCH)
		page_wrap(&text->page, "! ", 0, STYLE_RED,
			  arena_printf(text->arena,
				       "The executable %s is NOT the one that was running (%s): function names, lines and "
				       "frames below may be wrong. Give the right one with --exe.",
				       runtime->exe->name, runtime->identity_because));
	if (runtime->identity == IDENTITY_UNVERIFIED && runtime->identity_because)
		page_wrap(&text->page, "! ", 0, STYLE_YELLOW,
			  arena_printf(text->arena, "The executable %s may not be the one that was running: %s.", runtime->exe->name,
				       runtime->identity_because));
	if (runtime->exe_source == EXE_NONE && !runtime->recorded)
		page_wrap(&text->page, "! ", 0, STYLE_YELLOW,
			  "The executable was not found: most stacks and checks need it. Give it with --exe.");
	if (text->analysis->image->truncated)
		page_wrap(&text->page, "! ", 0, STYLE_YELLOW, text->analysis->image->record ? "The log does not hold all of the crash: its beginning or its end is missing."
						      : "The dump was cut short: part of the memory is missing.");
}

static const char *joined(const struct text *text, const char *list, const char *item)
{
	return *list ? arena_printf(text->arena, "%s, %s", list, item) : item;
}

static const char *target_text(const struct text *text)
{
	const struct image *image = text->analysis->image;
	const char *os = target_os(image);
	const char *arch = target_arch(image);
	const char *what = image->record ? "a log of " : "";

	if (!os && !arch)
		return image->record ? "a log" : "?";
	return arena_printf(text->arena, "%s%s%s%s", what, os ? os : "", os && arch ? "/" : "", arch ? arch : "");
}

/* "Go 1.22 or later", of a log. */
static const char *releases_text(const struct text *text)
{
	const struct go_runtime *runtime = text->analysis->runtime;

	if (runtime->least_minor == runtime->most_minor)
		return arena_printf(text->arena, "Go 1.%d", runtime->least_minor);
	if (!runtime->most_minor)
		return arena_printf(text->arena, "Go 1.%d or later", runtime->least_minor);
	return runtime->least_minor ? arena_printf(text->arena, "Go 1.%d to 1.%d", runtime->least_minor, runtime->most_minor)
				    : arena_printf(text->arena, "Go 1.%d or earlier", runtime->most_minor);
}

/* One line that says which dump this is. */
static void dump_line(const struct text *text)
{
	static const char *const presence[] = {
		[PRESENCE_NONE] = "no Go program", [PRESENCE_UNKNOWN] = "perhaps no Go program", [PRESENCE_GCCGO] = "gccgo",
		[PRESENCE_TINYGO] = "TinyGo", [PRESENCE_OLD_GO] = NULL,
	};
	const struct image *image = text->analysis->image;
	const struct go_runtime *runtime = text->analysis->runtime;
	const char *line = arena_printf(text->arena, "%s: %s", image->name, target_text(text));

	if (presence[runtime->presence])
		line = joined(text, line, presence[runtime->presence]);
	if (runtime->version.text)
		line = joined(text, line, runtime->version.text);
	else if (runtime->least_minor || runtime->most_minor)
		line = joined(text, line, releases_text(text));
	if (runtime->main_module)
		line = joined(text, line, arena_printf(text->arena, "module %s", runtime->main_module));
	if (image->pid)
		line = joined(text, line, arena_printf(text->arena, "pid %" PRId64, image->pid));
	if (image->stop.known)
		line = joined(text, line,
			      arena_printf(text->arena, "stopped by %s%s", image->stop.name,
					   image->stop.thread ? arena_printf(text->arena, " on thread %" PRId64,
									     image->stop.thread)
							      : ""));
	else if (text->analysis->dying_thread >= 0)
		line = joined(text, line,
			      arena_printf(text->arena, "ended by the Go runtime%s",
					   image->record ? "" : arena_printf(text->arena, " on %s", thread_text(text->analysis, text->analysis->dying_thread))));
	else
		line = joined(text, line, image->record ? "it does not say that the process ended" : image->snapshot ? "a snapshot of a live process" : "how it ended is not known");
	if (!image->record)
		line = joined(text, line, counted_text(text->arena, image->threads.count, "thread"));
	if (runtime->presence == PRESENCE_GO)
		line = joined(text, line, counted_text(text->arena, runtime->goroutines.count, "goroutine"));
	if (runtime->exe)
		line = arena_printf(text->arena, "%s; executable %s: %s", line, runtime->exe->name,
				    identity_text(runtime));
	else if (runtime->exe_source == EXE_MEMORY)
		line = arena_printf(text->arena, "%s; code and tables from the dump's own memory", line);
	page_wrap(&text->page, "", 2, STYLE_FAINT, line);
}

/* To find this crash again, and the program that ran. */
static void fingerprint_lines(const struct text *text)
{
	const char *build_id = text->analysis->runtime->build_id;
	const struct fingerprint fingerprint = fingerprint_of(text->diagnosis);

	page_wrap(&text->page, "", 2, STYLE_FAINT,
		  arena_printf(text->arena, "fingerprint %s, of this build %s; tornstack %s", fingerprint.across, fingerprint.exact,
			       text->options->version));
	if (build_id)
		page_wrap(&text->page, "", 2, STYLE_FAINT, arena_printf(text->arena, "build-id %s", build_id));
}

void text_dump(const struct text *text)
{
	warnings(text);
	dump_line(text);
	fingerprint_lines(text);
}

void text_list(const struct text *text, const char *heading, const char *const *items, size_t count)
{
	if (!count)
		return;
	page_heading(&text->page, heading);
	for (size_t i = 0; i < count; i++)
		page_wrap(&text->page, "  * ", 0, STYLE_PLAIN, items[i]);
}

void text_notes(const struct text *text)
{
	struct notes *notes = text->analysis->notes;

	steps_note(notes);
	if (notes)
		text_list(text, "Notes: what could not be seen", notes->items, notes->count);
}
