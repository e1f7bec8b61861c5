/* exposures.c: goroutines that wait for a kernel operation which was told to write to their stack. */
#include "analyzer/instructions/outparams.h"
#include "report/text/text.h"

#include <inttypes.h>
#include <string.h>

enum { GOROUTINES_SHOWN = 5, PARAMETERS_SHOWN = 16 };

/* "5, 9, …": those that wait with the same parameter in flight. */
static const char *goroutines_of(const struct text *text, const struct outparam *outparam, size_t *count)
{
	const char *list = "";

	*count = 0;
	for (size_t i = 0; i < text->diagnosis->exposures.count; i++) {
		const struct exposure *exposure = &text->diagnosis->exposures.items[i];

		if (exposure->outparam != outparam)
			continue;
		if (*count < GOROUTINES_SHOWN)
			list = arena_printf(text->arena, "%s%s%" PRIu64, list, *list ? ", " : "",
					    text->analysis->runtime->goroutines.items[exposure->goroutine].id);
		else if (*count == GOROUTINES_SHOWN)
			list = arena_printf(text->arena, "%s, …", list);
		++*count;
	}
	return list;
}

static bool is_first(const struct diagnosis *diagnosis, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (diagnosis->exposures.items[i].outparam == diagnosis->exposures.items[index].outparam)
			return false;
	return true;
}

void text_exposures(const struct text *text)
{
	size_t shown = 0;

	if (!text->diagnosis->exposures.count)
		return;
	page_heading(&text->page, "Exposed: the kernel will write to a stack that has moved on (nothing has happened yet)");
	for (size_t i = 0; i < text->diagnosis->exposures.count && shown < PARAMETERS_SHOWN; i++) {
		const struct outparam *outparam = text->diagnosis->exposures.items[i].outparam;
		const char *list;
		size_t count;

		if (!is_first(text->diagnosis, i))
			continue;
		shown++;
		list = goroutines_of(text, outparam, &count);
		page_wrap(&text->page, "  * ", 0, STYLE_PLAIN,
			  arena_printf(text->arena, "%s of %s, passed by %s: goroutine%s %s%s", outparam->parameter, outparam->api,
				       outparam->closure, count == 1 ? "" : "s", list,
				       outparam->stores == STORES_LENGTH ? "" : " (no crash is known to come from this one)"));
	}
}
