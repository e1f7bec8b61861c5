/* telling.c: what narrators share; see telling.h. */
#include "report/narrative/telling.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *format_text(struct arena *arena, const char *format, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return "";
	text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

void tell_headline(struct telling *telling, const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = format_text(telling->arena, format, args);
	va_end(args);
	if (!telling->narrative->headline && claims_backed(telling->claims, text))
		telling->narrative->headline = text;
}

void tell_paragraph(struct telling *telling, enum exhibit exhibit)
{
	vec_push(telling->arena, &telling->narrative->paragraphs, (struct paragraph){.exhibit = exhibit});
}

bool tell(struct telling *telling, const char *format, ...)
{
	struct narrative *narrative = telling->narrative;
	struct paragraph *paragraph = &narrative->paragraphs.items[narrative->paragraphs.count - 1];
	va_list args;
	const char *text;

	va_start(args, format);
	text = format_text(telling->arena, format, args);
	va_end(args);
	if (!claims_backed(telling->claims, text))
		return false;
	paragraph->text = paragraph->text ? arena_printf(telling->arena, "%s %s", paragraph->text, text) : text;
	return true;
}

void tell_confirm(struct telling *telling, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vec_push(telling->arena, &telling->narrative->confirmations, format_text(telling->arena, format, args));
	va_end(args);
}

void tell_action(struct telling *telling, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vec_push(telling->arena, &telling->narrative->actions, format_text(telling->arena, format, args));
	va_end(args);
}

void tell_for_good(struct telling *telling, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vec_push(telling->arena, &telling->narrative->remedies, format_text(telling->arena, format, args));
	va_end(args);
}

const char *capital(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	*copy = (char)toupper((unsigned char)*copy);
	return copy;
}

const char *finding_goroutine(const struct telling *telling, const struct finding *finding)
{
	const struct go_runtime *runtime = telling->diagnosis->analysis->runtime;

	if (finding->goroutine < 0)
		return "an unknown goroutine";
	return arena_printf(telling->arena, "goroutine %" PRIu64, runtime->goroutines.items[finding->goroutine].id);
}

const char *finding_thread(const struct telling *telling, const struct finding *finding)
{
	if (finding->thread < 0)
		return "another thread";
	return thread_text(telling->diagnosis->analysis, finding->thread);
}

const struct finding *finding_of_rule(const struct diagnosis *diagnosis, const char *rule, const struct finding *by)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];
		const struct finding *cause =
			finding->explained_by < 0 ? NULL : &diagnosis->findings.items[finding->explained_by];

		if (!strcmp(finding->detector->id, rule) && cause == by)
			return finding;
	}
	return NULL;
}

bool tell_bug(struct telling *telling)
{
	const char *version = telling->diagnosis->analysis->runtime->version.text;

	for (size_t i = 0; i < telling->finding->bugs.count; i++) {
		const struct cited_bug *cited = &telling->finding->bugs.items[i];

		if (cited->affects > 0 && version && !cited->bug->unverified)
			return tell(telling, "It fits %s, a bug that %s has.", cited->bug->id, version);
	}
	return false;
}

void tell_fixes(struct telling *telling)
{
	const char *version = telling->diagnosis->analysis->runtime->version.text;

	for (size_t i = 0; i < telling->finding->bugs.count; i++) {
		const struct cited_bug *cited = &telling->finding->bugs.items[i];
		const char *releases = known_bug_fixes(telling->arena, cited->bug);

		if (cited->affects != 0 && releases && !cited->bug->unverified)
			tell_for_good(telling, "Rebuild with a Go release that fixes %s: %s or later in its line%s%s%s.",
				    cited->bug->id, releases, version ? " (this binary: " : "", version ? version : "",
				    version ? ")" : "");
	}
}

void tell_known_bugs(struct telling *telling)
{
	for (size_t i = 0; i < telling->finding->bugs.count; i++) {
		const struct cited_bug *cited = &telling->finding->bugs.items[i];

		if (cited->bug->unverified)
			tell_confirm(telling, "Compare with %s (%s). The dump fits it; not verified: %s.", cited->bug->id,
				     cited->bug->title, cited->bug->unverified);
		else if (cited->affects != 0 && cited->bug->workaround)
			tell_action(telling, "Work around %s: %s.", cited->bug->id, cited->bug->workaround);
	}
	tell_fixes(telling);
}
