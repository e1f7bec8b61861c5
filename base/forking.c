/* forking.c: see forking.h. Not pthread_atfork(3): glibc before 2.36 holds a lock while it calls these, which a library that dlopen(3) loads under
 * our lock may want, to add its own. */
#include "base/forking.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void forking_lock(void)
{
	pthread_mutex_lock(&lock);
}

void forking_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

pid_t forking_fork(void)
{
	pid_t child;

	fflush(NULL);
	forking_lock();
	child = fork();
	forking_unlock(); /* in both: each has its own by now */
	return child;
}
