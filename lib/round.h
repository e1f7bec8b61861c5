/* round.h: a round of a triage: the inputs that are there and were not looked at yet, from files to incidents that are counted and kept. */
#ifndef LIB_ROUND_H
#define LIB_ROUND_H

#include "fleet/clusters.h"
#include "fleet/history/history.h"
#include "fleet/inputs.h"
#include "fleet/state.h"
#include "lib/tornstack.h"

#include <pthread.h>
#include <stdatomic.h>

struct triage {
	struct arena *arena;
	const char *const *paths;
	const struct ts_options *analysis; /* of each input */
	const struct ts_triage_options *options;
	FILE *out;
	struct texts done;       /* inputs that are not looked at again; values are not NULL */
	pthread_mutex_t lock;    /* of what follows while a round runs, of `arena`, of `out`, and of what the caller is told */
	struct fleet *fleet;
	struct state *state;     /* NULL: none */
	struct database *database; /* NULL: none */
	const struct err *error;
	const struct err *history_error; /* of reports that could not be kept */
	bool news;               /* see TS_NEWS */
	bool failed;             /* what was named could not all be analysed */
	bool exhausted;          /* memory ran out */
	atomic_bool stopped;     /* nothing more is begun */
	char exposed[128];
};

/* Counts what an earlier run wrote down (state_open calls it). False: it is no line of a triage. */
bool round_recall(void *triage, const char *line, size_t size);

/* Looks for inputs and analyses those that are new; `settled`: only such as nobody has written to for a moment. Returns how many
 * were new. Texts that are needed for this round only are on `arena`. */
size_t round_run(struct triage *triage, struct arena *arena, bool settled);

#endif
