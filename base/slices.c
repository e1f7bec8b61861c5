/* slices.c: see slices.h. */
#include "base/slices.h"

#include "base/steps.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <unistd.h>

struct slice {
	pthread_t thread;
	bool running;
	slice_work *work;
	void *context;
	struct steps *steps; /* of the caller's thread */
	size_t number, from, to;
};

static void *run(void *object)
{
	const struct slice *slice = object;

	slice->work(slice->context, slice->number, slice->from, slice->to);
	return NULL;
}

static void *run_thread(void *object)
{
	steps_join(((const struct slice *)object)->steps);
	run(object);
	steps_join(NULL);
	return NULL;
}

unsigned cpus_usable(void)
{
	cpu_set_t set;
	/* It fails where there are more than 1024. */
	const long count = sched_getaffinity(0, sizeof set, &set) ? sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&set);

	return count > 0 ? (unsigned)count : 1;
}

size_t slices_count(unsigned workers, size_t count, size_t least)
{
	const size_t wanted = workers ? workers : cpus_usable();
	size_t slices = wanted < SLICES_MOST ? wanted : SLICES_MOST;

	if (least && count / least < slices)
		slices = count / least;
	return slices ? slices : 1;
}

void slices_run(size_t slices, size_t count, slice_work *work, void *context)
{
	struct slice each[SLICES_MOST];

	for (size_t i = 0; i < slices; i++) {
		each[i] = (struct slice){.work = work, .context = context, .steps = steps_joined(), .number = i, .from = count / slices * i,
					 .to = i + 1 == slices ? count : count / slices * (i + 1)};
		each[i].running = i + 1 < slices && !pthread_create(&each[i].thread, NULL, run_thread, &each[i]);
		if (!each[i].running)
			run(&each[i]);
	}
	for (size_t i = 0; i < slices; i++)
		if (each[i].running)
			pthread_join(each[i].thread, NULL);
}
