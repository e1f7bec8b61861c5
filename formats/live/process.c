/* process.c: see process.h. Nothing here stops the process. */
#include "formats/live/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_LIMIT = 256 << 20, FILE_FIRST = 1 << 14, COMMAND_LIMIT = 4096 };

static const char *proc_path(struct arena *arena, int64_t pid, const char *name)
{
	return arena_printf(arena, "/proc/%" PRId64 "/%s", pid, name);
}

struct span live_proc_file(struct arena *arena, int64_t pid, const char *name)
{
	const int descriptor = open(proc_path(arena, pid, name), O_RDONLY | O_CLOEXEC);
	size_t capacity = FILE_FIRST, size = 0;
	uint8_t *bytes;
	ssize_t got;

	if (descriptor < 0)
		return (struct span){0};
	bytes = arena_alloc(arena, capacity);
	while ((got = read(descriptor, bytes + size, capacity - 1 - size)) > 0 || (got < 0 && errno == EINTR)) {
		size += got > 0 ? (size_t)got : 0;
		if (size + 1 == capacity && capacity < FILE_LIMIT) {
			uint8_t *more = arena_alloc(arena, capacity *= 2);

			memcpy(more, bytes, size);
			bytes = more;
		} else if (size + 1 == capacity) {
			break;
		}
	}
	close(descriptor);
	return (struct span){bytes, size}; /* a 0 behind it */
}

/* ---- /proc/PID/status ---- */

/* What is behind "NAME:\t" at the start of a line, or NULL. */
static const char *status_field(const char *status, const char *name)
{
	const size_t length = strlen(name);

	for (const char *line = status; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, name, length) && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, " \t");
	return NULL;
}

static int64_t status_number(const char *status, const char *name)
{
	const char *field = status_field(status, name);

	return field ? strtoll(field, NULL, 10) : 0;
}

/* The last number of a line: ids are listed from the outer namespace to the innermost. */
static int64_t innermost(const char *status, const char *name, int64_t otherwise)
{
	const char *field = status_field(status, name);
	int64_t id = otherwise;

	while (field && *field >= '0' && *field <= '9') {
		char *end;

		id = strtoll(field, &end, 10);
		field = end + strspn(end, " \t");
	}
	return id;
}

static const char *field_text(struct arena *arena, const char *status, const char *name)
{
	const char *field = status_field(status, name);

	return field ? arena_strndup(arena, field, strcspn(field, "\n")) : NULL;
}

/* ---- what cannot be read ---- */

static const struct err *check_status(struct arena *arena, const struct live_process *process, const char *status)
{
	const char *state = status_field(status, "State");
	const int64_t group = status_number(status, "Tgid"), tracer = status_number(status, "TracerPid");

	if (group && group != process->pid)
		return err_new(arena, ERR_UNSUPPORTED, "%" PRId64 " is a thread of process %" PRId64 ": give that", process->pid, group);
	if (process->pid == getpid())
		return err_new(arena, ERR_UNSUPPORTED, "process %" PRId64 " is tornstack itself, which cannot stop itself", process->pid);
	if (state && (*state == 'Z' || *state == 'X'))
		return err_new(arena, ERR_UNSUPPORTED, "process %" PRId64 " (%s) has ended already, its memory is gone (it is a zombie: its "
			       "parent has not asked how it ended)", process->pid, process->name);
	if (tracer)
		return err_new(arena, ERR_UNSUPPORTED, "process %" PRId64 " (%s) is traced by process %" PRId64 " already (a debugger, strace), "
			       "and there can be only one tracer", process->pid, process->name, tracer);
	return NULL;
}

static int yama_scope(void)
{
	char digit = 0;
	const int descriptor = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);

	if (descriptor < 0)
		return 0;
	if (read(descriptor, &digit, 1) != 1)
		digit = '0';
	close(descriptor);
	return digit - '0';
}

const struct err *live_refused(struct arena *arena, const struct live_process *process, int error)
{
	const int scope = yama_scope();

	if (error == ESRCH || error == ENOENT)
		return err_new(arena, ERR_ABSENT, "process %" PRId64 " (%s) has ended", process->pid, process->name);
	if (error != EPERM && error != EACCES)
		return err_new(arena, ERR_IO, "process %" PRId64 " (%s) cannot be read: %s", process->pid, process->name, strerror(error));
	if (geteuid() && process->uid != geteuid())
		return err_new(arena, ERR_IO, "process %" PRId64 " (%s) belongs to user %u: only that user, or root, may read it", process->pid,
			       process->name, process->uid);
	if (scope > 0)
		return err_new(arena, ERR_IO, "process %" PRId64 " (%s) may not be read: kernel.yama.ptrace_scope is %d, which allows that %s",
			       process->pid, process->name, scope,
			       scope == 1 ? "to its parents and to root only" : scope == 2 ? "to root only" : "to nobody until the next boot");
	return err_new(arena, ERR_IO, "process %" PRId64 " (%s) may not be read: ptrace is refused. In a container, allow CAP_SYS_PTRACE; a "
		       "program that changed its user must be read by root", process->pid, process->name);
}

/* ---- opening ---- */

static void close_one(void *object)
{
	close(*(int *)object);
}

static int keep_open(struct arena *arena, int descriptor)
{
	int *kept = arena_alloc(arena, sizeof *kept);

	*kept = descriptor;
	if (descriptor >= 0)
		arena_defer(arena, close_one, kept);
	return descriptor;
}

static const char *command_of(struct arena *arena, int64_t pid)
{
	struct span text = live_proc_file(arena, pid, "cmdline");
	char *command;

	while (text.size && !text.data[text.size - 1])
		text.size--;
	if (!text.size)
		return NULL;
	command = arena_alloc(arena, (text.size < COMMAND_LIMIT ? text.size : COMMAND_LIMIT) + 1);
	for (size_t i = 0; i < text.size && i < COMMAND_LIMIT; i++)
		command[i] = (char)(text.data[i] ? text.data[i] : ' ');
	return command;
}

static const char *exe_path(struct arena *arena, int64_t pid)
{
	char path[PATH_MAX];
	const ssize_t size = readlink(proc_path(arena, pid, "exe"), path, sizeof path);

	return size > 0 ? arena_strndup(arena, path, (size_t)size) : NULL;
}

/* By its executable's header: what a process of another kind is written as could not even be said. */
static const struct err *check_cpu(struct arena *arena, struct live_process *process)
{
	enum { HEADER = 64, CLASS = 4, CLASS_64 = 2, MACHINE = 18 };
	uint8_t header[HEADER] = {0};
	const struct span bytes = {header, sizeof header};

	if (pread(process->exe, header, sizeof header, 0) < (ssize_t)sizeof header || memcmp(header, "\177ELF", 4))
		return err_new(arena, ERR_UNSUPPORTED, "process %" PRId64 " (%s): its executable is no ELF file", process->pid, process->name);
	process->arch = header[CLASS] == CLASS_64 ? arch_of_elf(span_u16(bytes, MACHINE)) : NULL;
	if (!process->arch || process->arch->id != arch_of_this()->id)
		return err_new(arena, ERR_OTHER_CPU, "process %" PRId64 " (%s) is %s: of live processes only those of this machine's own kind "
			       "(%s) can be read", process->pid, process->name,
			       header[CLASS] != CLASS_64 ? "32-bit" : process->arch ? process->arch->name : "for another CPU",
			       arch_of_this()->name);
	return NULL;
}

static const struct err *open_files(struct arena *arena, struct live_process *process)
{
	process->path = exe_path(arena, process->pid);
	if (!process->path && errno == ENOENT)
		return err_new(arena, ERR_NO_PROCESS, "process %" PRId64 " (%s) is a thread of the kernel: it runs no program", process->pid,
			       process->name);
	process->exe = keep_open(arena, open(proc_path(arena, process->pid, "exe"), O_RDONLY | O_CLOEXEC));
	if (process->exe < 0)
		return live_refused(arena, process, errno);
	process->memory = keep_open(arena, open(proc_path(arena, process->pid, "mem"), O_RDONLY | O_CLOEXEC));
	if (process->memory < 0)
		return live_refused(arena, process, errno);
	process->root = keep_open(arena, open(proc_path(arena, process->pid, "root"), O_PATH | O_DIRECTORY | O_CLOEXEC));
	return check_cpu(arena, process);
}

const struct err *live_process_open(struct arena *arena, int64_t pid, struct live_process *ret)
{
	const char *status = (const char *)live_proc_file(arena, pid, "status").data;
	const struct err *err;

	if (!status)
		return errno == ENOENT || errno == ESRCH ? err_new(arena, ERR_ABSENT, "there is no process %" PRId64, pid)
							 : err_new(arena, ERR_IO, "process %" PRId64 ": %s", pid, strerror(errno));
	*ret = (struct live_process){.pid = pid, .exe = -1, .root = -1, .memory = -1};
	ret->name = field_text(arena, status, "Name");
	ret->name = ret->name ? ret->name : "?";
	ret->uid = (uint32_t)status_number(status, "Uid");
	ret->own_pid = innermost(status, "NSpid", pid);
	ret->parent_pid = ret->own_pid == pid ? status_number(status, "PPid") : 0;
	err = check_status(arena, ret, status);
	if (!err)
		err = open_files(arena, ret);
	if (err)
		return err;
	ret->command = command_of(arena, pid);
	ret->auxv = live_proc_file(arena, pid, "auxv");
	return NULL;
}
