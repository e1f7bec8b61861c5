/* workers.c: see workers.h. */
#include "lib/workers.h"

#include "base/sandbox.h"
#include "base/slices.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { WORKERS_MOST = 64 };

struct pool {
	void (*work)(void *context, size_t index);
	void *context;
	size_t count;
	atomic_size_t next;
};

static void *run(void *context)
{
	struct pool *pool = context;
	size_t index;

	while ((index = atomic_fetch_add(&pool->next, 1)) < pool->count)
		pool->work(pool->context, index);
	return NULL;
}

/* SIGBUS is of mapped files: base/mapping.h. What cannot be started is not missed. */
static bool start(struct pool *pool, pthread_t *ret)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = !pthread_create(ret, NULL, run, pool);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

void workers_run(unsigned workers, bool forks, size_t count, void (*work)(void *context, size_t index), void *context)
{
	struct pool pool = {.work = work, .context = context, .count = count};
	pthread_t threads[WORKERS_MOST];
	size_t wanted = forks && SANDBOX_FORKS_ALONE ? 1 : workers ? workers : cpus_usable(), started = 0;

	wanted = wanted < count ? wanted : count;
	wanted = wanted < WORKERS_MOST ? wanted : WORKERS_MOST;
	for (size_t i = 1; i < wanted; i++)
		started += start(&pool, &threads[started]);
	run(&pool);
	while (started)
		pthread_join(threads[--started], NULL);
}
