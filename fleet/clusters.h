/* clusters.h: incidents put together: those of one fingerprint first (groups), then groups whose stacks are alike (clusters), never of
 * different causes (causes.h). What comes of it depends on the incidents alone, not on the order in which they came. */
#ifndef FLEET_CLUSTERS_H
#define FLEET_CLUSTERS_H

#include "fleet/incident.h"
#include "fleet/tally.h"
#include "fleet/texts.h"

/* What may differ among crashes of one cause. */
enum aspect { ASPECT_BUILD, ASPECT_RELEASE, ASPECT_HOST, ASPECT_TARGET, ASPECT_SYSTEM, ASPECT_CPU, ASPECT_FORMAT, ASPECTS };

/* "build", "Go release", "host", … */
const char *aspect_name(enum aspect aspect);

/* One that stands for many. */
struct sample {
	const char *path, *headline, *place, *rule, *certainty;
	size_t number, total; /* of a log with several crashes: which (incident.h) */
	int rank; /* of the certainty: higher is surer */
	int64_t seen;
};

/* Incidents of one fingerprint. */
struct group {
	const char *fingerprint;
	struct incident_texts cause; /* of several, as of dumps and logs, the first in the order of texts; so of `said` */
	const char *said;
	const char *program;
	const char *belongs;   /* the program that it is taken for one of, when clusters are made; NULL: it is not known */
	const char *cluster;   /* the id of its cluster, where that is known already (history); NULL: not yet */
	struct incident_texts functions;
	size_t died_in;        /* of the functions, so many of the innermost belong to the cause; 0: that is not settled */
	uint64_t count;        /* different contents: a copy counts once */
	int64_t first, last;
	struct sample sample;  /* the surest; of these the earliest */
	struct tally aspects[ASPECTS];
};

struct cluster {
	const char *id;        /* the fingerprint of its first group, by time: it stays when others come */
	VEC(const struct group *) groups; /* by the time of their first incident */
	uint64_t count;
	int64_t first, last;
	int64_t earlier;       /* when a history first saw one of it that is not among these; 0: none is known */
	struct sample sample;
	struct tally aspects[ASPECTS];
	struct incident_texts common; /* functions that all its groups have, innermost first */
	double alike;          /* the least likeness by which a group came to it; 1: it is one fingerprint */
	/* Builds of its program, by when crashes of them were first seen. */
	const char *new_in;    /* the first build that it was seen in, where others were seen before; NULL: none was */
	const char *gone_in;   /* the first build seen after its last incident, which it was not seen in; NULL: there is none */
	int64_t gone_since;
};

struct fleet {
	struct arena *arena;
	struct texts texts;
	struct texts fingerprints; /* values: struct group */
	struct texts programs;     /* values: struct tally, of builds */
	struct texts contents;     /* hashes that were counted */
	VEC(struct group *) groups;
	uint64_t inputs, analysed, failed, others, copies; /* copies are analysed, too */
	uint64_t more, more_copies; /* crashes of logs beside the last of each, which is that of the input */
};

/* An empty one on an arena, which keeps texts of incidents once. */
struct fleet *fleet_new(struct arena *arena);

/* Counts an incident. */
void fleet_add(struct fleet *fleet, const struct incident *incident);

/* Says which cluster a fingerprint is in, whatever stacks say. */
void fleet_assign(struct fleet *fleet, const char *fingerprint, const char *cluster);

struct clusters {
	VEC(struct cluster) items; /* most incidents first; of equally many those seen last */
};

/* Puts them together, on an arena; the fleet may grow afterwards, and be asked again. */
struct clusters *fleet_clusters(struct fleet *fleet, struct arena *arena);

#endif
