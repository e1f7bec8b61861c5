/* test_workers.c: each piece of work is done once, however many threads there are, and the work knows by which. */
#include "base/workers.h"

#include "base/sandbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 10000 };

struct counts {
	pthread_t caller;
	atomic_uchar done[MOST];
	atomic_bool busy[WORKERS_MOST];
	atomic_bool shared;  /* a number was that of two threads at once */
	atomic_bool unknown; /* … or none */
	atomic_bool heard;   /* a thread of its own would take SIGTERM */
	atomic_bool others;  /* somebody but the caller worked */
};

static bool hears(int signal)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	return !sigismember(&blocked, signal);
}

static void count(void *context, size_t worker, size_t index)
{
	struct counts *counts = context;
	const bool other = !pthread_equal(pthread_self(), counts->caller);

	if (worker >= WORKERS_MOST || (worker == 0) == other) {
		counts->unknown = true;
		return;
	}
	if (atomic_exchange(&counts->busy[worker], true))
		counts->shared = true;
	counts->done[index]++;
	if (other) {
		counts->others = true;
		if (hears(SIGTERM) || !hears(SIGBUS))
			counts->heard = true;
	}
	counts->busy[worker] = false;
}

static struct counts *run(unsigned workers, bool forks, size_t size)
{
	static struct counts counts;

	memset(&counts, 0, sizeof counts);
	counts.caller = pthread_self();
	workers_run(workers, forks, size, count, &counts);
	for (size_t i = 0; i < MOST; i++)
		assert_int_equal(counts.done[i], i < size);
	assert_false(counts.shared || counts.unknown || counts.heard);
	return &counts;
}

static void test_each_once(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 65, MOST};
	static const unsigned workers[] = {0, 1, 2, 3, WORKERS_MOST, 100};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t k = 0; k < sizeof workers / sizeof *workers; k++)
			run(workers[k], false, sizes[i]);
	assert_true(hears(SIGTERM));
}

static void test_alone(void **state)
{
	(void)state;
	assert_false(run(1, false, MOST)->others);
	if (SANDBOX_FORKS_ALONE)
		assert_false(run(8, true, MOST)->others);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_once), cmocka_unit_test(test_alone)};

	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
