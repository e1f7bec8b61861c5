/* slices.c: see slices.h. */
#include "base/slices.h"

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

enum { SLICES = 8 };

struct slice {
	pthread_t thread;
	bool running;
	void (*work)(void *context, size_t from, size_t to);
	void *context;
	size_t from, to;
};

static void *run(void *object)
{
	const struct slice *slice = object;

	slice->work(slice->context, slice->from, slice->to);
	return NULL;
}

static size_t slices_of(size_t count, size_t least)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t slices = cpus < 1 ? 1 : cpus > SLICES ? SLICES : (size_t)cpus;

	if (least && count / least < slices)
		slices = count / least;
	return slices ? slices : 1;
}

void slices_run(size_t count, size_t least, void (*work)(void *context, size_t from, size_t to), void *context)
{
	struct slice slices[SLICES];
	const size_t number = slices_of(count, least);

	for (size_t i = 0; i < number; i++) {
		slices[i] = (struct slice){.work = work, .context = context, .from = count / number * i,
					   .to = i + 1 == number ? count : count / number * (i + 1)};
		slices[i].running = i + 1 < number && !pthread_create(&slices[i].thread, NULL, run, &slices[i]);
		if (!slices[i].running)
			run(&slices[i]);
	}
	for (size_t i = 0; i < number; i++)
		if (slices[i].running)
			pthread_join(slices[i].thread, NULL);
}
