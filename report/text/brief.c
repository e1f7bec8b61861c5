/* brief.c: a dump in one line, for tables of many: fingerprint, certainty, rule, dump, place; "-" where there is none. The fingerprint
 * comes first, so that `sort | uniq -c -w16` counts dumps of one defect. */
#include "report/content/frames.h"
#include "report/content/summary.h"
#include "report/escape.h"
#include "report/fingerprint/fingerprint.h"
#include "report/report.h"

#include <string.h>

enum { NAME_LONGEST = 200 };

/* Without blanks at its ends, and not longer than a line bears. */
static const char *short_text(struct arena *arena, const char *text)
{
	size_t cut = NAME_LONGEST;

	text = escape_line(arena, text);
	if (strlen(text) <= NAME_LONGEST)
		return text;
	while (cut && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--;
	return arena_printf(arena, "%.*s…", (int)cut, text);
}

void report_brief(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	struct arena *arena = diagnosis->arena;
	const struct finding *finding = verdict_finding(diagnosis);
	const char *place = verdict_place(arena, diagnosis), *name = short_text(arena, diagnosis->analysis->image->name);

	if (options->crash_number)
		name = arena_printf(arena, "%s#%zu", name, options->crash_number);
	fprintf(out, "%s  %-8s  %s  %s  %s\n", fingerprint_of(diagnosis).across, verdict_word(diagnosis), finding ? finding->detector->id : "-",
		name, place ? short_text(arena, place) : "-");
}
