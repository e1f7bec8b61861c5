/* temporary.c: see temporary.h. */
#include "base/temporary.h"

#include "base/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* For file systems without O_TMPFILE. Signals wait: one that ends the process must not come while the file has a name. */
static int open_and_unlink(const char *folder)
{
	char path[PATH_MAX];
	sigset_t all, before;
	int descriptor;
	int length = snprintf(path, sizeof path, "%s/tornstack-XXXXXX", folder);

	if (length < 0 || (size_t)length >= sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	descriptor = mkostemp(path, O_CLOEXEC);
	if (descriptor >= 0)
		unlink(path);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return descriptor;
}

static int ask(void)
{
	struct broker_answer answer;
	int descriptor;

	if (!broker_ask(BROKER_TEMPORARY, "", 0, &answer, &descriptor))
		errno = EPIPE;
	else if (answer.error)
		errno = answer.error;
	return descriptor;
}

int temporary_open(void)
{
	const char *folder = getenv("TMPDIR");
	int descriptor;

	if (broker_joined())
		return ask();
	if (!folder || !*folder)
		folder = "/tmp";
	descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	return descriptor >= 0 ? descriptor : open_and_unlink(folder);
}
