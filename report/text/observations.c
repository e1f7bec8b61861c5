/* observations.c: what the dump shows beside the verdict. */
#include "report/observations.h"
#include "report/text/text.h"

void text_observations(const struct text *text)
{
	const struct observations *observations = observations_of(text->diagnosis, text->selection);

	if (!observations->items.count)
		return;
	page_heading(&text->page, "Observed besides (the verdict does not rest on it)");
	for (size_t i = 0; i < observations->items.count; i++)
		page_wrap(&text->page, "  * ", 0, STYLE_PLAIN, observations->items.items[i].text);
}
