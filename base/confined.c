/* confined.c: see confined.h. */
#include "base/confined.h"

#include "base/broker.h"
#include "base/forking.h"
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CPU_SECONDS = 2, CPU_BYTES_PER_SECOND = 4 << 20 }; /* DWARF of 100 MB takes a few */

/* Memory of the child beyond the parent's: fixed, and in proportion to the bytes, for they are read into memory. */
static const uint64_t memory_fixed = (uint64_t)1 << 30;
static const uint64_t memory_per_byte = 8;

struct confined {
	pid_t pid;        /* 0: ended */
	int channel;
	int64_t patience; /* milliseconds left to wait for it */
	int status;       /* as of waitpid */
};

/* ---- the child's side ---- */

/* As RLIMIT_DATA counts it (proc(5), statm); 0: unknown. */
static uint64_t private_memory(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (file) {
		if (fscanf(file, "%*u %*u %*u %*u %*u %lu", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* In a process that is confined already (isolation.h) there is no /dev/null, since its output is that, and no
 * /proc/self, but a limit of memory. */
static void confine(uint64_t size, pid_t parent)
{
	const uint64_t memory = private_memory();
	const struct sandbox_limits limits = {
		.cpu_seconds = CPU_SECONDS + size / CPU_BYTES_PER_SECOND,
		.memory = memory && SANDBOX_LIMITS_MEMORY ? memory + memory_fixed + size * memory_per_byte : 0,
	};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	broker_leave();
	sandbox_limit(&limits);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	sandbox_enter(SANDBOX_READER, parent);
}

bool channel_send(int channel, const void *data, size_t size)
{
	while (size) {
		ssize_t done = send(channel, data, size, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		data = (const char *)data + done;
		size -= (size_t)done;
	}
	return true;
}

bool channel_receive(int channel, void *data, size_t size)
{
	while (size) {
		ssize_t done = read(channel, data, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		data = (char *)data + done;
		size -= (size_t)done;
	}
	return true;
}

/* ---- the parent's side ---- */

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* When it ended by itself, it is a zombie and keeps its own status. */
static void end(void *object)
{
	struct confined *child = object;

	if (!child->pid)
		return;
	close(child->channel);
	kill(child->pid, SIGKILL); /* refused where this process is confined: then it ends when it reads on, or by its limit of time */
	while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

/* What the kernel cannot read of a mapped file: now the handler of mapping.h learns of it. */
static void touch(struct span bytes)
{
	enum { PAGE = 4096 };

	for (size_t i = 0; i < bytes.size; i += PAGE)
		(void)*(const volatile uint8_t *)(bytes.data + i);
}

/* The bytes in a file of their own; -1: errno says why not. */
static int copy_of(struct span bytes)
{
	int descriptor = memfd_create("copy", MFD_CLOEXEC);

	for (size_t at = 0; descriptor >= 0 && at < bytes.size;) {
		ssize_t done = write(descriptor, bytes.data + at, bytes.size - at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EFAULT)
			touch(bytes);
		if (done <= 0) {
			close(descriptor);
			return -1;
		}
		at += (size_t)done;
	}
	return descriptor;
}

static pid_t start(const struct confined_work *work, const int ends[2], int copy)
{
	const pid_t parent = getpid();
	pid_t child;

	child = forking_fork();
	if (child == 0) {
		close(ends[0]);
		confine(work->bytes.size, parent);
		work->body(work->context, ends[1], copy);
		_exit(0);
	}
	return child;
}

const struct err *confined_start(struct arena *arena, const struct confined_work *work, struct confined **ret)
{
	struct confined *child = arena_alloc(arena, sizeof *child);
	int ends[2], copy;

	arena_defer(arena, end, child);
	copy = copy_of(work->bytes);
	if (copy < 0)
		return err_new(arena, ERR_IO, "no memory for a copy: %s", strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
		close(copy);
		return err_new(arena, ERR_IO, "no socket: %s", strerror(errno));
	}
	child->pid = start(work, ends, copy);
	close(copy);
	close(ends[1]);
	if (child->pid < 0) {
		child->pid = 0;
		close(ends[0]);
		return err_new(arena, ERR_IO, "no process: %s", strerror(errno));
	}
	child->channel = ends[0];
	child->patience = (int64_t)WALL_SECONDS * 1000;
	*ret = child;
	return NULL;
}

bool confined_send(struct confined *child, const void *data, size_t size)
{
	return child->pid && channel_send(child->channel, data, size);
}

static enum received receive(struct confined *child, void *data, size_t size, int64_t deadline)
{
	while (size) {
		int64_t left = deadline - milliseconds();
		struct pollfd pollfd = {.fd = child->channel, .events = POLLIN};
		int ready = left > 0 ? poll(&pollfd, 1, (int)left) : 0;
		ssize_t done;

		if (ready == 0)
			return RECEIVED_LATE;
		done = ready > 0 ? read(child->channel, data, size) : -1;
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return RECEIVED_LESS;
		data = (char *)data + done;
		size -= (size_t)done;
	}
	return RECEIVED_ALL;
}

enum received confined_receive(struct confined *child, void *data, size_t size)
{
	int64_t start = milliseconds();
	enum received received;

	if (!child->pid)
		return RECEIVED_LESS;
	received = receive(child, data, size, start + child->patience);
	child->patience -= milliseconds() - start;
	return received;
}

const char *confined_end(struct arena *arena, struct confined *child)
{
	end(child);
	if (WIFSIGNALED(child->status))
		return arena_printf(arena, "signal %d", WTERMSIG(child->status));
	return arena_printf(arena, "exit status %d", WEXITSTATUS(child->status));
}
