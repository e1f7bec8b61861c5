/* exposures.c: goroutines that wait for a kernel operation which was told to write to their stack. */
#include "report/content/evidence.h"
#include "report/text/text.h"

void text_exposures(const struct text *text)
{
	struct exposure_lines lines;

	exposure_list(text->arena, text->diagnosis, &lines);
	text_list(text, EXPOSURES_HEADING, lines.items.items, lines.items.count);
}
