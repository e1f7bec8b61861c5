/* clusters.c: see clusters.h. Each group, in the order of time, joins the cluster in whose functions it died, else the cluster with the group
 * that it is most like; where none is alike enough, it begins one. So a cluster keeps its id, and its groups, whatever comes later. */
#include "fleet/clusters.h"

#include "fleet/causes.h"
#include "fleet/similarity.h"

#include <stdlib.h>

enum { COMPARED = 64 /* groups of a cluster that a new one is held against */ };

const char *aspect_name(enum aspect aspect)
{
	static const char *const names[] = {
		[ASPECT_BUILD] = "build",   [ASPECT_RELEASE] = "Go release", [ASPECT_HOST] = "host", [ASPECT_TARGET] = "target",
		[ASPECT_SYSTEM] = "system", [ASPECT_CPU] = "CPU",	     [ASPECT_FORMAT] = "format",
	};

	return names[aspect];
}

static int rank_of(const char *certainty)
{
	static const char *const names[] = {"unknown", "healthy", "possible", "likely", "certain"};

	for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
		if (!strcmp(names[i], certainty))
			return i;
	return 0;
}

/* ---- incidents to groups ---- */

struct fleet *fleet_new(struct arena *arena)
{
	struct fleet *fleet = arena_alloc(arena, sizeof *fleet);

	fleet->arena = arena;
	fleet->texts.arena = fleet->fingerprints.arena = fleet->programs.arena = fleet->contents.arena = arena;
	return fleet;
}

static void keep_texts(struct fleet *fleet, struct incident_texts *texts, const struct incident_texts *from)
{
	texts->count = from->count;
	for (size_t i = 0; i < from->count; i++)
		texts->items[i] = texts_keep(&fleet->texts, from->items[i]);
}

static struct group *group_of(struct fleet *fleet, const struct incident *incident)
{
	struct text_slot *slot = texts_slot(&fleet->fingerprints, incident->fingerprint);
	struct group *group = slot->value;

	if (!group) {
		slot->value = group = arena_alloc(fleet->arena, sizeof *group);
		group->fingerprint = slot->text;
		vec_push(fleet->arena, &fleet->groups, group);
	}
	return group;
}

/* Of one fingerprint, what comes past the functions that it is made of may differ: the longest stays; of these the first by text. */
static bool is_preferred(const struct incident_texts *texts, const struct incident_texts *than)
{
	if (texts->count != than->count)
		return texts->count > than->count;
	for (size_t i = 0; i < texts->count; i++) {
		const int order = strcmp(texts->items[i], than->items[i]);

		if (order)
			return order < 0;
	}
	return false;
}

static bool is_better(const struct sample *sample, const struct sample *than)
{
	if (!than->path || sample->rank != than->rank)
		return !than->path || sample->rank > than->rank;
	if (sample->seen != than->seen)
		return sample->seen < than->seen;
	if (strcmp(sample->path, than->path) != 0)
		return strcmp(sample->path, than->path) < 0;
	return sample->number < than->number;
}

static void take_sample(struct fleet *fleet, struct group *group, const struct incident *incident)
{
	const struct sample sample = {.path = incident->path ? incident->path : "", .number = incident->number, .total = incident->total,
				      .rank = rank_of(incident->certainty), .seen = incident->seen};

	if (!is_better(&sample, &group->sample))
		return;
	group->sample = (struct sample){
		.path = arena_strdup(fleet->arena, sample.path),
		.number = sample.number,
		.total = sample.total,
		.headline = texts_keep(&fleet->texts, incident->headline),
		.place = texts_keep(&fleet->texts, incident->place),
		.rule = texts_keep(&fleet->texts, incident->rule),
		.certainty = texts_keep(&fleet->texts, incident->certainty),
		.rank = sample.rank,
		.seen = sample.seen,
	};
}

static const char *target_name(struct arena *arena, const struct incident *incident)
{
	return incident->os && incident->arch ? arena_printf(arena, "%s/%s", incident->os, incident->arch) : NULL;
}

/* A copy counts as met: where it lay says something, how often it was kept nothing. */
static void count_aspects(struct fleet *fleet, struct group *group, const struct incident *incident, bool copy)
{
	struct arena *arena = fleet->arena;
	const char *texts[ASPECTS] = {
		[ASPECT_BUILD] = incident_build_name(arena, incident), [ASPECT_RELEASE] = incident->go_version, [ASPECT_HOST] = incident->host,
		[ASPECT_TARGET] = target_name(arena, incident), [ASPECT_SYSTEM] = incident->system, [ASPECT_CPU] = incident->cpu,
		[ASPECT_FORMAT] = incident->format,
	};
	struct text_slot *slot;

	for (size_t i = 0; i < ASPECTS; i++)
		tally_add(arena, &group->aspects[i], texts_keep(&fleet->texts, texts[i]), i == ASPECT_HOST || !copy, incident->seen);
	if (!incident->program)
		return;
	slot = texts_slot(&fleet->programs, incident->program);
	if (!slot->value)
		slot->value = arena_alloc(arena, sizeof(struct tally));
	tally_add(arena, slot->value, texts_keep(&fleet->texts, texts[ASPECT_BUILD]), !copy, incident->seen);
}

static bool is_copy(struct fleet *fleet, const struct incident *incident)
{
	char text[INCIDENT_CONTENT];
	const char *content = incident_content(incident, text);
	struct text_slot *slot = content ? texts_slot(&fleet->contents, content) : NULL;
	const bool known = slot && slot->value;

	if (slot)
		slot->value = fleet;
	return known;
}

static void keep_cause(struct fleet *fleet, struct group *group, const struct incident *incident)
{
	if (is_preferred(&incident->cause, &group->cause))
		keep_texts(fleet, &group->cause, &incident->cause);
	if (is_preferred(&incident->functions, &group->functions))
		keep_texts(fleet, &group->functions, &incident->functions);
	if (incident->said && (!group->said || strcmp(incident->said, group->said) < 0))
		group->said = texts_keep(&fleet->texts, incident->said);
	if (incident->program)
		group->program = texts_keep(&fleet->texts, incident->program);
	group->died_in = incident->died_in > group->died_in ? incident->died_in : group->died_in;
}

static void add_crash(struct fleet *fleet, const struct incident *incident)
{
	struct group *group = group_of(fleet, incident);
	const bool copy = is_copy(fleet, incident);

	*(incident->other ? &fleet->more : &fleet->analysed) += 1;
	*(incident->other ? &fleet->more_copies : &fleet->copies) += copy;
	group->count += !copy;
	group->first = incident->seen < group->first || !group->sample.path ? incident->seen : group->first;
	group->last = incident->seen > group->last || !group->sample.path ? incident->seen : group->last;
	keep_cause(fleet, group, incident);
	take_sample(fleet, group, incident);
	count_aspects(fleet, group, incident, copy);
}

void fleet_add(struct fleet *fleet, const struct incident *incident)
{
	fleet->inputs += !incident->other;
	if (!incident->error_code)
		add_crash(fleet, incident);
	else if (!strcmp(incident->error_code, "no-dump"))
		fleet->others++;
	else
		fleet->failed++;
}

void fleet_assign(struct fleet *fleet, const char *fingerprint, const char *cluster)
{
	struct text_slot *slot = texts_slot(&fleet->fingerprints, fingerprint);

	if (slot->value)
		((struct group *)slot->value)->cluster = texts_keep(&fleet->texts, cluster);
}

/* ---- groups to clusters ---- */

struct sorting {
	struct arena *arena;
	struct clusters *clusters;
	struct texts by_id, by_cause; /* values: the index of a cluster; struct candidates */
};

struct candidates {
	VEC(size_t) items; /* clusters of one cause */
};

static int by_time(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;

	if (!x->cluster != !y->cluster)
		return x->cluster ? -1 : 1; /* those that are settled come first */
	return x->first != y->first ? (x->first < y->first ? -1 : 1) : strcmp(x->fingerprint, y->fingerprint);
}

static double likeness(const struct group *group, const struct cluster *cluster)
{
	double best = 0;

	for (size_t i = 0; i < cluster->groups.count && i < COMPARED; i++) {
		const struct group *other = cluster->groups.items[i];
		const double alike = stacks_alike(group->functions.items, group->functions.count, other->functions.items,
						  other->functions.count);

		best = alike > best ? alike : best;
	}
	return best;
}

static struct candidates *candidates_of(struct sorting *sorting, const char *cause)
{
	struct text_slot *slot = texts_slot(&sorting->by_cause, cause);

	if (!slot->value)
		slot->value = arena_alloc(sorting->arena, sizeof(struct candidates));
	return slot->value;
}

static void add_candidate(struct sorting *sorting, const char *cause, size_t index)
{
	struct candidates *candidates = cause ? candidates_of(sorting, cause) : NULL;

	for (size_t i = 0; candidates && i < candidates->items.count; i++)
		if (candidates->items.items[i] == index)
			return;
	if (candidates)
		vec_push(sorting->arena, &candidates->items, index);
}

/* The cluster of an id, which may be new. */
static size_t cluster_named(struct sorting *sorting, const struct group *group, const char *id)
{
	struct arena *arena = sorting->arena;
	struct text_slot *slot = texts_slot(&sorting->by_id, id);
	size_t *index = slot->value;

	if (!index) {
		slot->value = index = arena_alloc(arena, sizeof *index);
		*index = sorting->clusters->items.count;
		vec_push(arena, &sorting->clusters->items, (struct cluster){.id = slot->text, .alike = 1, .first = group->first, .last = group->last});
	}
	return *index;
}

struct likest {
	size_t index; /* SIZE_MAX: none */
	double alike; /* at least so much */
};

static void find_likest(struct sorting *sorting, const struct group *group, const char *cause, struct likest *likest)
{
	const struct candidates *candidates = cause ? candidates_of(sorting, cause) : NULL;

	for (size_t i = 0; candidates && i < candidates->items.count; i++) {
		const size_t index = candidates->items.items[i];
		const double alike = likeness(group, &sorting->clusters->items.items[index]);

		if (alike >= likest->alike && (likest->index == SIZE_MAX || alike > likest->alike))
			*likest = (struct likest){index, alike};
	}
}

/* As it was decided before; else where it died in the same functions; else where it is alike enough. */
static size_t cluster_for(struct sorting *sorting, const struct group *group, const struct cause *cause)
{
	struct likest likest = {SIZE_MAX, 0};

	if (group->cluster)
		return cluster_named(sorting, group, group->cluster);
	for (size_t i = 0; i < CAUSE_PLACES; i++)
		find_likest(sorting, group, cause->places[i], &likest);
	if (likest.index != SIZE_MAX)
		return likest.index;
	likest.alike = stacks_alike_enough();
	find_likest(sorting, group, cause->words, &likest);
	return likest.index != SIZE_MAX ? likest.index : cluster_named(sorting, group, group->fingerprint);
}

static void keep_common(struct cluster *cluster, const struct group *group)
{
	size_t kept = 0;

	if (!cluster->groups.count) {
		cluster->common = group->functions;
		return;
	}
	for (size_t i = 0; i < cluster->common.count; i++)
		for (size_t k = 0; k < group->functions.count; k++)
			if (!strcmp(cluster->common.items[i], group->functions.items[k])) {
				cluster->common.items[kept++] = cluster->common.items[i];
				break;
			}
	cluster->common.count = kept;
}

static void join(struct arena *arena, struct cluster *cluster, struct group *group)
{
	const double alike = cluster->groups.count ? likeness(group, cluster) : 1;

	cluster->alike = alike < cluster->alike ? alike : cluster->alike;
	keep_common(cluster, group);
	vec_push(arena, &cluster->groups, group);
	cluster->count += group->count;
	cluster->first = group->first < cluster->first ? group->first : cluster->first;
	cluster->last = group->last > cluster->last ? group->last : cluster->last;
	if (is_better(&group->sample, &cluster->sample))
		cluster->sample = group->sample;
	for (size_t i = 0; i < ASPECTS; i++)
		tally_merge(arena, &cluster->aspects[i], &group->aspects[i]);
}

/* ---- builds ---- */

static void tell_builds(struct fleet *fleet, struct cluster *cluster)
{
	const char *program = cluster->groups.items[0]->belongs;
	const struct tally *all = program ? texts_slot(&fleet->programs, program)->value : NULL;
	const struct tally *own = &cluster->aspects[ASPECT_BUILD];
	const struct tally_row *earliest = tally_earliest(own), *first = earliest ? tally_find(all, earliest->text) : NULL;

	for (size_t i = 0; first && i < all->rows.count; i++) {
		const struct tally_row *row = &all->rows.items[i];

		if (row->first < first->first)
			cluster->new_in = earliest->text;
		if (row->first > cluster->last && !tally_find(own, row->text) && (!cluster->gone_in || row->first < cluster->gone_since)) {
			cluster->gone_in = row->text;
			cluster->gone_since = row->first;
		}
	}
}

static int most_first(const void *a, const void *b)
{
	const struct cluster *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->last != y->last ? (x->last > y->last ? -1 : 1) : strcmp(x->id, y->id);
}

static void sort_group(struct sorting *sorting, struct group *group)
{
	const struct cause cause = cause_of(sorting->arena, group);
	const size_t index = cluster_for(sorting, group, &cause);

	join(sorting->arena, &sorting->clusters->items.items[index], group);
	add_candidate(sorting, cause.words, index);
	for (size_t i = 0; i < CAUSE_PLACES; i++)
		add_candidate(sorting, cause.places[i], index);
}

struct clusters *fleet_clusters(struct fleet *fleet, struct arena *arena)
{
	struct clusters *clusters = arena_alloc(arena, sizeof *clusters);
	struct sorting sorting = {.arena = arena, .clusters = clusters};

	sorting.by_id.arena = sorting.by_cause.arena = arena;
	if (fleet->groups.count)
		qsort(fleet->groups.items, fleet->groups.count, sizeof(struct group *), by_time);
	causes_settle(fleet, arena);
	for (size_t i = 0; i < fleet->groups.count; i++)
		sort_group(&sorting, fleet->groups.items[i]);
	for (size_t i = 0; i < clusters->items.count; i++)
		tell_builds(fleet, &clusters->items.items[i]);
	if (clusters->items.count)
		qsort(clusters->items.items, clusters->items.count, sizeof *clusters->items.items, most_first);
	return clusters;
}
