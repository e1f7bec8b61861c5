/* live.h: an analysis of a process that runs. This process stops it, copies what matters and lets it run on; only then is the copy
 * analysed, as a dump is. docs/architecture.md, "A live process". */
#ifndef LIB_LIVE_H
#define LIB_LIVE_H

#include "base/err.h"
#include "formats/live/process.h"
#include "lib/tornstack.h"

/* As ts_analyze, of process options->pid. */
struct ts_result live_run(const struct ts_options *options, FILE *out);

/* A copy of a process, an ELF core. */
struct live_copy {
	struct live_process process;
	int file;            /* descriptor, open as long as the arena */
	const char *core;    /* a path of it, for this process */
	const char *exe;     /* of its executable, the same */
	const char *sysroot; /* of its root folder; NULL: none */
	char exposed[128];   /* as ts_result has it */
};

/* Copies process options->pid, within a thread of its own. Errors: as live_process_open; UNSUPPORTED: no Go program; LIMIT: copying
 * what is needed would stop it for longer than options->max_pause. */
const struct err *live_copy(struct arena *arena, const struct ts_options *options, struct live_copy *ret);

#endif
