/* citations.c: see citations.h. */
#include "heuristics/verdict/citations.h"

#include "analyzer/instructions/outparams.h"
#include "golang/program.h"
#include "heuristics/detector.h"

static const char *system_name(const struct image *image)
{
	return image->os == OS_LINUX ? "linux" : "windows";
}

/* What the release says of a bug; of what is only a hint, or no matter of releases, nothing. */
static void release_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct cited_bug *cited)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	const struct go_version *version = &runtime->version;
	const char *relation = !cited->affects	 ? "not among the releases affected by"
			       : version->vendor ? "a vendor's build, which may carry fixes, of a release affected by"
						 : "one of the releases affected by";

	if (cited->affects < 0 || cited->bug->unverified || !cited->bug->affected[0].minor_first)
		return;
	evidence_add(diagnosis, finding, EVIDENCE_VERSION, WEIGHT_WEAK, !cited->affects, "%s is %s %s", version->text ? version->text : go_releases_text(runtime, diagnosis->arena),
		     relation, cited->bug->id);
}

static bool is_cited(const struct finding *finding, const struct known_bug *bug)
{
	for (size_t i = 0; i < finding->bugs.count; i++)
		if (finding->bugs.items[i].bug == bug)
			return true;
	return false;
}

static void cite(struct diagnosis *diagnosis, struct finding *finding, const struct known_bug *bug)
{
	const struct cited_bug cited = {bug, program_is_affected(diagnosis->analysis->runtime, bug)};

	if (is_cited(finding, bug))
		return;
	vec_push(diagnosis->arena, &finding->bugs, cited);
	release_evidence(diagnosis, finding, &cited);
}

/* Who wrote a word is a finding of its own; what it cites is said of the word as well. */
static void cite_of_word(struct diagnosis *diagnosis, const struct finding *writer, const struct known_bug *bug)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		struct finding *other = &diagnosis->findings.items[i];

		if (other->damage && other->goroutine == writer->goroutine && other->damage->slot == writer->slot)
			cite(diagnosis, other, bug);
	}
}

static void cite_where_it_fits(struct diagnosis *diagnosis, const struct known_bug *bug)
{
	bool possible = false;

	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		struct finding *finding = &diagnosis->findings.items[i];

		if (!known_bug_concerns(bug, finding->detector->id))
			continue;
		possible = possible || bug_is_possible(diagnosis, bug);
		if (!possible)
			return;
		if (!bug_fits(diagnosis, finding, bug))
			continue;
		cite(diagnosis, finding, bug);
		if (finding->outparam)
			cite_of_word(diagnosis, finding, bug);
	}
}

void citations_find(struct diagnosis *diagnosis)
{
	const struct image *image = diagnosis->analysis->image;
	const struct known_bug *bug;

	for (size_t i = 0; (bug = known_bug_at(i)); i++)
		if (known_bug_is_of(bug, system_name(image), image->arch->name))
			cite_where_it_fits(diagnosis, bug);
}
