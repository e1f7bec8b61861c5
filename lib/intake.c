/* intake.c: see intake.h. */
#include "lib/intake.h"

#include "base/files.h"
#include "base/isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TAKEN = ISOLATION_TOLD };

static const char output_name[] = "output";

/* What the child tells. */
struct taken {
	struct core_intake intake;
	int32_t error; /* 0: it was taken */
};

struct taking {
	int output;
	uint64_t room;
	struct taken taken;
};

static void take(struct taking *taking, int output)
{
	if (output < 0 || !core_intake(STDIN_FILENO, output, taking->room, &taking->taken.intake))
		taking->taken.error = errno ? errno : ENODATA;
}

/* ---- the child ---- */

static void work(void *context)
{
	struct taking *taking = context;

	take(taking, file_open(NULL, output_name));
	broker_tell(TAKEN, &taking->taken, sizeof taking->taken);
}

/* ---- the parent ---- */

static int open_output(void *context, const char *path)
{
	if (!strcmp(path, output_name))
		return fcntl(((const struct taking *)context)->output, F_DUPFD_CLOEXEC, 0);
	errno = EACCES;
	return -1;
}

static bool is_none(void *context, const char *path)
{
	(void)context;
	(void)path;
	return false;
}

static bool told(void *context, const struct broker_message *message)
{
	struct taking *taking = context;

	if (message->kind != TAKEN || message->size != sizeof taking->taken)
		return false;
	memcpy(&taking->taken, message->data, sizeof taking->taken);
	return true;
}

static bool confine(struct taking *taking, const struct cancel *cancel, char *why, size_t size)
{
	const struct isolation isolation = {.size = taking->room, .file_size = INT64_MAX, .input = true, .body = work, .open = open_output,
					    .is_file = is_none, .told = told, .cancel = *cancel, .context = taking};
	const struct isolation_result result = isolation_run(&isolation);

	if (result.end == ISOLATION_NONE)
		take(taking, taking->output);
	else if (result.end == ISOLATION_CANCELLED)
		snprintf(why, size, "time was up while the core was read");
	else if (result.end != ISOLATION_DONE)
		isolation_describe(&result, "taking the core", "reading it", why, size);
	return !*why;
}

bool intake_run(int output, uint64_t room, bool isolated, const struct cancel *cancel, struct core_intake *ret, char *why, size_t size)
{
	struct taking taking = {.output = output, .room = room};

	*why = 0;
	errno = 0;
	if (!isolated)
		take(&taking, output);
	else if (!confine(&taking, cancel, why, size))
		return false;
	*ret = taking.taken.intake;
	if (taking.taken.error)
		snprintf(why, size, "the core could not be read or kept: %s", strerror(taking.taken.error));
	return !taking.taken.error;
}
