/* threads.c: see threads.h. */
#include "formats/live/threads.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "formats/live/process.h"

/* Sets of registers, <linux/elf.h>. */
enum { SET_STATUS = 1, SET_ARM_TLS = 0x401, SET_ARM_PAC_MASK = 0x406 };

/* A thread in a system call that nothing interrupts (a disk, vfork) is waited for that long, all together. */
enum { PATIENCE = 10 * 1000 * 1000 /* nanoseconds */, NAP = 20 * 1000, THREAD_LIMIT = 1 << 17, ROUNDS = 1000 };

int64_t live_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* The kernel lists them in the order in which they were made, mostly: `place` is where it would be. */
static bool known(const struct live_threads *threads, int64_t id, size_t place)
{
	if (place < threads->count && threads->items[place].id == id)
		return true;
	for (size_t i = threads->count; i--;)
		if (threads->items[i].id == id)
			return true;
	return false;
}

/* Seizes what is not yet seized; how many, -1: refused. */
static int seize_new(struct arena *arena, int64_t pid, struct live_threads *threads)
{
	DIR *folder = opendir(arena_printf(arena, "/proc/%" PRId64 "/task", pid));
	const struct dirent *entry;
	size_t place = 0;
	int found = 0;

	if (!folder)
		return -1;
	while ((entry = readdir(folder)) && threads->count < THREAD_LIMIT) {
		const int64_t id = strtoll(entry->d_name, NULL, 10);

		if (id <= 0 || known(threads, id, place++))
			continue;
		if (!ptrace(PTRACE_SEIZE, (pid_t)id, NULL, NULL)) {
			vec_push(arena, threads, (struct live_thread){.id = id});
			found++;
		} else if (errno != ESRCH) { /* it ended meanwhile; a zombie among threads gives EPERM too */
			if (threads->count)
				continue;
			found = errno;
			closedir(folder);
			errno = found;
			return -1;
		}
	}
	closedir(folder);
	return found;
}

/* Whether a thread is stopped, without taking that; also when it has ended, which `gone` says. */
static bool has_stopped(struct live_thread *thread, bool *gone)
{
	siginfo_t info = {0};

	*gone = waitid(P_PID, (id_t)thread->id, &info, WSTOPPED | WEXITED | WNOWAIT | WNOHANG | __WALL) && errno != EINTR;
	if (*gone || !info.si_pid)
		return false;
	*gone = info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED;
	if (!*gone)
		thread->signal = info.si_status >> 8 ? 0 : info.si_status; /* an event, or a signal on its way */
	return !*gone;
}

static void drop(struct live_threads *threads, size_t index)
{
	threads->items[index] = threads->items[--threads->count];
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = NAP}, NULL);
}

/* Waits until all that were interrupted have stopped, or patience ends. */
static void await(struct live_threads *threads, size_t first, int64_t until)
{
	for (size_t i = first; i < threads->count;) {
		struct live_thread *thread = &threads->items[i];
		bool gone;

		thread->stopped = has_stopped(thread, &gone);
		if (gone)
			drop(threads, i);
		else if (thread->stopped || live_now() > until)
			i++;
		else
			nap();
	}
}

static void read_set(pid_t id, int type, void *bytes, size_t size, size_t *got)
{
	struct iovec part = {bytes, size};

	*got = ptrace(PTRACE_GETREGSET, id, (void *)(uintptr_t)type, &part) ? 0 : part.iov_len;
}

static void read_registers(struct live_thread *thread)
{
	size_t got;

	read_set((pid_t)thread->id, SET_STATUS, thread->registers, sizeof thread->registers, &thread->register_bytes);
#ifdef __aarch64__
	read_set((pid_t)thread->id, SET_ARM_TLS, &thread->thread_pointer, sizeof thread->thread_pointer, &got);
	thread->has_thread_pointer = got == sizeof thread->thread_pointer;
	read_set((pid_t)thread->id, SET_ARM_PAC_MASK, thread->pac_mask, sizeof thread->pac_mask, &got);
	thread->has_pac_mask = got == sizeof thread->pac_mask;
#else
	(void)got;
#endif
}

/* In its own namespace: the last number of NSpid; of one that has just ended, as it is seen here. */
static int64_t own_id(struct arena *arena, int64_t pid, int64_t id)
{
	const struct span status = live_proc_file(arena, pid, arena_printf(arena, "task/%" PRId64 "/status", id));
	const char *field = status.size ? strstr((const char *)status.data, "\nNSpid:") : NULL;

	for (field = field ? field + strlen("\nNSpid:") : NULL; field && (*field == '\t' || *field == ' ');) {
		char *end;

		id = strtoll(field, &end, 10);
		field = end;
	}
	return id;
}

int live_threads_stop(struct arena *arena, int64_t pid, struct live_threads *ret)
{
	const int64_t until = live_now() + PATIENCE;
	int found = 1;

	*ret = (struct live_threads){.stopped_at = live_now()};
	for (int round = 0; found > 0 && round < ROUNDS; round++) {
		const size_t first = ret->count;

		found = seize_new(arena, pid, ret);
		if (found < 0 && !ret->count)
			return errno;
		for (size_t i = first; i < ret->count; i++)
			ptrace(PTRACE_INTERRUPT, (pid_t)ret->items[i].id, NULL, NULL);
		await(ret, first, until);
	}
	ret->stubborn = ret->count;
	for (size_t i = 0; i < ret->count; i++)
		if (ret->items[i].stopped) {
			read_registers(&ret->items[i]);
			ret->stubborn--;
		}
	return ret->count ? 0 : ESRCH;
}

bool live_threads_late(struct live_threads *threads)
{
	const size_t before = threads->stubborn;

	for (size_t i = 0; threads->stubborn && i < threads->count; i++) {
		struct live_thread *thread = &threads->items[i];
		bool gone;

		thread->late = !thread->stopped && has_stopped(thread, &gone);
		if (!thread->late)
			continue;
		thread->stopped = true;
		threads->stubborn--;
		read_registers(thread);
	}
	return threads->stubborn < before;
}

int64_t live_threads_release(struct live_threads *threads)
{
	int64_t end;

	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i].stopped)
			ptrace(PTRACE_DETACH, (pid_t)threads->items[i].id, NULL, (void *)(intptr_t)threads->items[i].signal);
	end = live_now();
	return end - threads->stopped_at;
}

void live_threads_name(struct arena *arena, int64_t pid, struct live_threads *threads)
{
	for (size_t i = 0; i < threads->count; i++)
		threads->items[i].own_id = own_id(arena, pid, threads->items[i].id);
}
