/* workers.c: see workers.h. */
#include "base/workers.h"

#include "base/sandbox.h"
#include "base/slices.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

struct pool {
	workers_work *work;
	void *context;
	size_t count;
	atomic_size_t next;
};

struct worker {
	pthread_t thread;
	struct pool *pool;
	size_t number;
};

static void *run(void *object)
{
	const struct worker *worker = object;
	struct pool *pool = worker->pool;
	size_t index;

	while ((index = atomic_fetch_add(&pool->next, 1)) < pool->count)
		pool->work(pool->context, worker->number, index);
	return NULL;
}

/* SIGBUS is of mapped files: base/mapping.h. What cannot be started is not missed. */
static bool start(struct worker *worker)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = !pthread_create(&worker->thread, NULL, run, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

void workers_run(unsigned workers, bool forks, size_t count, workers_work *work, void *context)
{
	struct pool pool = {.work = work, .context = context, .count = count};
	struct worker each[WORKERS_MOST];
	size_t wanted = forks && SANDBOX_FORKS_ALONE ? 1 : workers ? workers : cpus_usable(), started = 1;

	wanted = wanted < count ? wanted : count;
	wanted = wanted < WORKERS_MOST ? wanted : WORKERS_MOST;
	for (size_t i = 0; i < WORKERS_MOST; i++)
		each[i] = (struct worker){.pool = &pool, .number = i};
	for (size_t i = 1; i < wanted; i++)
		started += start(&each[started]);
	run(&each[0]);
	while (started > 1)
		pthread_join(each[--started].thread, NULL);
}
