/* slices.c: see slices.h. */
#include "base/slices.h"

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

struct slice {
	pthread_t thread;
	bool running;
	slice_work *work;
	void *context;
	size_t number, from, to;
};

static void *run(void *object)
{
	const struct slice *slice = object;

	slice->work(slice->context, slice->number, slice->from, slice->to);
	return NULL;
}

size_t slices_count(unsigned workers, size_t count, size_t least)
{
	const long cpus = workers ? (long)workers : sysconf(_SC_NPROCESSORS_ONLN);
	size_t slices = cpus < 1 ? 1 : cpus > SLICES_MOST ? SLICES_MOST : (size_t)cpus;

	if (least && count / least < slices)
		slices = count / least;
	return slices ? slices : 1;
}

void slices_run(size_t slices, size_t count, slice_work *work, void *context)
{
	struct slice each[SLICES_MOST];

	for (size_t i = 0; i < slices; i++) {
		each[i] = (struct slice){.work = work, .context = context, .number = i, .from = count / slices * i,
					 .to = i + 1 == slices ? count : count / slices * (i + 1)};
		each[i].running = i + 1 < slices && !pthread_create(&each[i].thread, NULL, run, &each[i]);
		if (!each[i].running)
			run(&each[i]);
	}
	for (size_t i = 0; i < slices; i++)
		if (each[i].running)
			pthread_join(each[i].thread, NULL);
}
