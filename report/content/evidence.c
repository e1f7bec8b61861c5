/* evidence.c: see evidence.h. */
#include "report/content/evidence.h"

#include "analyzer/instructions/outparams.h"
#include "report/content/summary.h"

#include <inttypes.h>
#include <string.h>

bool evidence_shown(const struct evidence *evidence, bool verbose)
{
	return verbose || evidence->against || evidence->weight > WEIGHT_WEAK;
}

const char *evidence_line(struct arena *arena, const struct evidence *evidence)
{
	const char *address = evidence->address ? hex_text(arena, evidence->address) : "";
	const bool named = !*address || strstr(evidence->text, address);

	return named ? evidence->text : arena_printf(arena, "[%s] %s", address, evidence->text);
}

const char *finding_relation(struct arena *arena, const struct diagnosis *diagnosis, size_t index)
{
	const struct finding *finding = &diagnosis->findings.items[index];

	if (finding->explained_by >= 0)
		return arena_printf(arena, "; explained by %s",
				    &diagnosis->findings.items[finding->explained_by] == verdict_finding(diagnosis)
					    ? "the verdict"
					    : diagnosis->findings.items[finding->explained_by].detector->id);
	for (size_t i = 0; i < diagnosis->verdict.runners_up.count; i++)
		if (diagnosis->verdict.runners_up.items[i].finding == index)
			return arena_printf(arena, "; not the verdict: %s",
					    diagnosis->verdict.runners_up.items[i].separated_by);
	return "";
}

/* What the release of the dump has to do with a bug, as " This binary: …." */
static const char *release_text(struct arena *arena, const struct go_runtime *runtime, const struct cited_bug *cited)
{
	const struct go_version *version = &runtime->version;
	const char *releases = version->text ? version->text : go_releases_text(runtime, arena);
	const char *affects = cited->affects > 0    ? "affected"
			      : cited->affects == 0 ? "not in the affected range"
						    : "unknown";

	if (!cited->bug->affected[0].minor_first)
		return "It does not depend on Go's release.";
	return arena_printf(arena, "This binary: %s%s, %s.", releases ? releases : "Go version unknown",
			    version->prerelease ? " (a development version)"
			    : version->vendor	? " (a vendor's build, which may carry fixes)"
						: "",
			    affects);
}

const char *bug_line(struct arena *arena, const struct diagnosis *diagnosis, const struct cited_bug *cited)
{
	const struct known_bug *bug = cited->bug;
	const char *fixes = known_bug_fixes(arena, bug);

	return arena_printf(arena, "%s: %s%s%s. %s%s%s%s%s%s", bug->id, bug->title, fixes ? "; fixed in Go " : "",
			       fixes ? fixes : "", release_text(arena, diagnosis->analysis->runtime, cited), bug->unverified ? " A hint only. Not verified: " : "",
			       bug->unverified ? bug->unverified : "", bug->unverified ? "." : "", bug->caveat ? " " : "",
			       bug->caveat ? bug->caveat : "");
}

enum { GOROUTINES_SHOWN = 5, PARAMETERS_SHOWN = 16 };

/* "5, 9, …": those that wait with the same parameter in flight. */
static const char *goroutines_of(struct arena *arena, const struct diagnosis *diagnosis, const struct outparam *outparam, size_t *count)
{
	const char *list = "";

	*count = 0;
	for (size_t i = 0; i < diagnosis->exposures.count; i++) {
		const struct exposure *exposure = &diagnosis->exposures.items[i];

		if (exposure->outparam != outparam)
			continue;
		if (*count < GOROUTINES_SHOWN)
			list = arena_printf(arena, "%s%s%" PRIu64, list, *list ? ", " : "",
					    diagnosis->analysis->runtime->goroutines.items[exposure->goroutine].id);
		else if (*count == GOROUTINES_SHOWN)
			list = arena_printf(arena, "%s, …", list);
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

static const char *exposure_line(struct arena *arena, const struct diagnosis *diagnosis, const struct outparam *outparam)
{
	size_t count;
	const char *list = goroutines_of(arena, diagnosis, outparam, &count);

	return arena_printf(arena, "%s of %s, passed by %s: goroutine%s %s%s", outparam->parameter, outparam->api, outparam->closure,
			    count == 1 ? "" : "s", list,
			    outparam->stores == STORES_LENGTH ? "" : " (no crash is known to come from this one)");
}

void exposure_list(struct arena *arena, const struct diagnosis *diagnosis, struct exposure_lines *ret)
{
	*ret = (struct exposure_lines){0};
	for (size_t i = 0; i < diagnosis->exposures.count && ret->items.count < PARAMETERS_SHOWN; i++)
		if (is_first(diagnosis, i))
			vec_push(arena, &ret->items, exposure_line(arena, diagnosis, diagnosis->exposures.items[i].outparam));
}
