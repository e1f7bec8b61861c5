/* unpacking.c: the child asks its parent for a file to write a member to, by a name that is no path; the parent keeps that file open, too. */
#include "lib/unpacking.h"

#include "base/isolation.h"
#include "base/temporary.h"
#include "base/files.h"
#include "formats/archive/members.h"
#include "report/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_MAX_SIZE (UINT64_C(64) << 30)
#define CHILD_BUDGET ((size_t)1 << 30)

enum unpacking_told { UNPACKED_MEMBER = ISOLATION_TOLD, UNPACKED_FAILED, UNPACKED_END };

static const char spool_name[] = "a file for the next member";

struct unpacking {
	const char *archive;
	const struct ts_options *options;
	void (*visit)(void *context, const struct unpacked *member);
	void *context;
	struct arena *arena; /* the child's while it works; else the parent's */
	int spool;           /* the file of the member that is being written; -1: none */
	size_t count;
	const struct err *error;
};

/* ---- the child ---- */

static bool write_all(int descriptor, struct span bytes)
{
	for (size_t done = 0; done < bytes.size;) {
		const ssize_t written = write(descriptor, bytes.data + done, bytes.size - done);

		if (written <= 0 && errno != EINTR)
			return false;
		done += written > 0 ? (size_t)written : 0;
	}
	return true;
}

static void tell(unsigned kind, const char *text)
{
	broker_tell(kind, text, strnlen(text, BROKER_TEXT - 1));
}

static void tell_failure(void *context, const char *path, const struct err *err)
{
	const struct unpacking *unpacking = context;

	tell(UNPACKED_FAILED, arena_printf(unpacking->arena, "%s: %s", path, err->text));
}

static void hand_over(void *context, const char *path, struct span bytes, bool cut_short)
{
	const int descriptor = file_open(NULL, spool_name);
	const bool written = descriptor >= 0 && write_all(descriptor, bytes);

	(void)context;
	(void)cut_short; /* its own reader says what is missing */
	if (descriptor >= 0)
		close(descriptor);
	tell(written ? UNPACKED_MEMBER : UNPACKED_FAILED, path);
}

/* ELF files that are no cores, and PE files, are programs: not asked for. */
static bool is_wanted(struct span start)
{
	enum { TYPE_AT = 16, CORE = 4 };
	const bool elf = start.size > TYPE_AT + 1 && !memcmp(start.data, "\177ELF", 4);

	if (archive_magic(start) || (start.size >= 2 && !memcmp(start.data, "MZ", 2)))
		return false;
	return !elf || (start.data[TYPE_AT] | start.data[TYPE_AT + 1]) == CORE;
}

static void go_through(void *context)
{
	struct unpacking *unpacking = context;
	const struct archive_search search = {
		.max_size = unpacking->options->max_size ? unpacking->options->max_size : DEFAULT_MAX_SIZE,
		.wanted = is_wanted,
		.visit = hand_over,
		.fail = tell_failure,
		.context = unpacking,
	};
	const struct err *err = archive_visit(unpacking->arena, unpacking->archive, &search);

	if (err)
		tell_failure(unpacking, unpacking->archive, err);
}

static void work(void *context)
{
	struct unpacking *unpacking = context;

	unpacking->arena = arena_new(CHILD_BUDGET);
	if (unpacking->arena && arena_run(unpacking->arena, go_through, unpacking))
		broker_tell(UNPACKED_END, "", 0);
}

/* ---- the parent ---- */

static void close_spool(struct unpacking *unpacking)
{
	if (unpacking->spool >= 0)
		close(unpacking->spool);
	unpacking->spool = -1;
}

static int open_granted(void *context, const char *path)
{
	struct unpacking *unpacking = context;

	if (!strcmp(path, unpacking->archive))
		return open(path, O_RDONLY | O_CLOEXEC);
	errno = EACCES;
	if (strcmp(path, spool_name) != 0)
		return -1;
	close_spool(unpacking);
	unpacking->spool = temporary_open();
	return unpacking->spool < 0 ? -1 : fcntl(unpacking->spool, F_DUPFD_CLOEXEC, 0);
}

static bool no_file(void *context, const char *path)
{
	(void)context, (void)path;
	return false;
}

static void take_member(struct unpacking *unpacking, const char *path)
{
	struct unpacked member = {.path = path, .descriptor = unpacking->spool};
	struct stat status;

	if (unpacking->spool < 0 || fstat(unpacking->spool, &status))
		return;
	member.size = (uint64_t)status.st_size;
	unpacking->count++;
	unpacking->visit(unpacking->context, &member);
	close_spool(unpacking);
}

static bool told(void *context, const struct broker_message *message)
{
	struct unpacking *unpacking = context;
	const char *text = escape_line(unpacking->arena, arena_strndup(unpacking->arena, message->data, message->size));

	if (message->kind == UNPACKED_MEMBER)
		take_member(unpacking, text);
	else if (message->kind == UNPACKED_FAILED && !unpacking->error)
		unpacking->error = err_new(unpacking->arena, ERR_BAD_DATA, "%s", text);
	return message->kind == UNPACKED_END;
}

static void conclude(struct unpacking *unpacking, const struct isolation_result *how)
{
	char text[512];

	if (how->end == ISOLATION_NONE)
		unpacking->error = err_new(unpacking->arena, ERR_IO, "%s: no child process can be made", unpacking->archive);
	else if (how->end != ISOLATION_DONE && how->end != ISOLATION_CANCELLED) {
		const bool limit = isolation_describe(how, "unpacking", unpacking->archive, text, sizeof text);

		unpacking->error = err_new(unpacking->arena, limit ? ERR_LIMIT : ERR_CRASHED, "%s", text);
	}
}

const struct err *unpack(struct arena *arena, const char *path, const struct ts_options *options, void (*visit)(void *context, const struct unpacked *member),
			 void *context, size_t *count)
{
	struct unpacking unpacking = {.archive = path, .options = options, .visit = visit, .context = context, .arena = arena, .spool = -1};
	struct stat status;
	const struct isolation isolation = {
		.size = stat(path, &status) ? 0 : (uint64_t)status.st_size,
		.file_size = options->max_size ? options->max_size : DEFAULT_MAX_SIZE,
		.body = work,
		.open = open_granted,
		.is_file = no_file,
		.told = told,
		.cancel = {options->cancelled, options->context},
		.context = &unpacking,
	};
	struct isolation_result how;

	archive_prepare();
	how = isolation_run(&isolation);
	close_spool(&unpacking);
	conclude(&unpacking, &how);
	*count = unpacking.count;
	return unpacking.error;
}
