/* files.c: see files.h. */
#include "base/files.h"

#include "base/broker.h"
#include "base/root.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool ask(enum broker_kind kind, const char *path, int *descriptor)
{
	struct broker_answer answer;

	if (!broker_ask(kind, path, &answer, descriptor)) {
		errno = EPIPE;
		return false;
	}
	errno = answer.error;
	return !answer.error;
}

int file_open(const char *root, const char *path)
{
	const char *name = root_below(root, path);
	int descriptor;

	if (broker_joined())
		return ask(BROKER_OPEN, path, &descriptor) ? descriptor : -1;
	return name ? root_open(root, name, O_RDONLY | O_CLOEXEC) : open(path, O_RDONLY | O_CLOEXEC);
}

bool file_is_regular(const char *root, const char *path)
{
	const char *name = root_below(root, path);
	struct stat status;
	int held;
	bool ret;

	if (broker_joined())
		return ask(BROKER_IS_FILE, path, &held);
	held = name ? root_open(root, name, O_PATH | O_CLOEXEC) : open(path, O_PATH | O_CLOEXEC);
	ret = held >= 0 && !fstat(held, &status) && S_ISREG(status.st_mode);
	if (held >= 0)
		close(held);
	return ret;
}
