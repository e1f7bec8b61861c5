/* files.c: see files.h. */
#include "base/files.h"

#include "base/broker.h"
#include "base/root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int ask_open(const char *path)
{
	struct broker_answer answer;
	int descriptor;

	if (!broker_ask(BROKER_OPEN, path, strlen(path), &answer, &descriptor))
		errno = EPIPE;
	else if (answer.error)
		errno = answer.error;
	return descriptor;
}

/* As many as go into one question, which they fill, each with its 0. */
static size_t join(const char *const *paths, size_t count, char text[static BROKER_TEXT], size_t *size)
{
	size_t joined = 0;

	*size = 0;
	for (; joined < count && joined < BROKER_PATHS; joined++) {
		const size_t length = strlen(paths[joined]) + 1;

		if (length >= BROKER_TEXT - *size)
			break;
		memcpy(text + *size, paths[joined], length);
		*size += length;
	}
	return joined;
}

static size_t ask_first(const char *const *paths, size_t count)
{
	char text[BROKER_TEXT];
	size_t at = 0;

	while (at < count) {
		struct broker_answer answer;
		size_t size;
		const size_t joined = join(paths + at, count - at, text, &size);
		int none;

		if (joined && broker_ask(BROKER_FIRST_FILE, text, size, &answer, &none) && !answer.error)
			return at + answer.first;
		at += joined ? joined : 1; /* a path that is too long leads nowhere */
	}
	return count;
}

int file_open(const char *root, const char *path)
{
	const char *name = root_below(root, path);

	if (broker_joined())
		return ask_open(path);
	return name ? root_open(root, name, O_RDONLY | O_CLOEXEC) : open(path, O_RDONLY | O_CLOEXEC);
}

static bool is_regular(const char *root, const char *path)
{
	const char *name = root_below(root, path);
	const int held = name ? root_open(root, name, O_PATH | O_CLOEXEC) : open(path, O_PATH | O_CLOEXEC);
	struct stat status;
	const bool ret = held >= 0 && !fstat(held, &status) && S_ISREG(status.st_mode);

	if (held >= 0)
		close(held);
	return ret;
}

size_t file_first(const char *root, const char *const *paths, size_t count)
{
	if (broker_joined())
		return ask_first(paths, count);
	for (size_t i = 0; i < count; i++)
		if (is_regular(root, paths[i]))
			return i;
	return count;
}

bool file_is_regular(const char *root, const char *path)
{
	return !file_first(root, &path, 1);
}
