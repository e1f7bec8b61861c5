/* causes.h: of which cause a group of incidents is, as texts: groups that have one in common may be one cluster, others never are. */
#ifndef FLEET_CAUSES_H
#define FLEET_CAUSES_H

#include "fleet/clusters.h"

enum { CAUSE_PLACES = 2 };

struct cause {
	const char *words;                /* program, rule, what was said */
	const char *places[CAUSE_PLACES]; /* … and the functions that it died in (`died_in`): these are of one cause however alike their stacks are.
					   * One by what is known of what was said, one by the key of it: a log does not tell whether a text is
					   * the program's own, a dump does. NULL: there is none, or the program is not known:
					   * functions of package main may be those of many */
};

/* What a group is of; texts are on the arena. */
struct cause cause_of(struct arena *arena, const struct group *group);

/* Sets `belongs` of all groups: their program; of those that do not name one, as logs, the only one that has crashes of the same cause in the
 * same functions and has those that called them, if there is just one. */
void causes_settle(struct fleet *fleet, struct arena *arena);

#endif
