/* isolation.c: see isolation.h. */
#include "base/isolation.h"

#include "base/forking.h"
#include "base/room.h"
#include "base/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT(name, value, why) static const uint64_t limit_##name = (value);
#include "base/isolation_limits.def"
#undef LIMIT

/* What the child keeps of its parent's descriptors: the channel as the first behind the standard ones. */
enum { CHANNEL = 3 };

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

struct parent {
	const struct isolation *isolation;
	int channel;
	pid_t child;
	struct broker_message message;
	struct broker_answer answer;
	uint64_t opened, temporary;
	bool stopped;
	struct isolation_result result;
};

/* ---- the child: what it leaves behind ---- */

static bool is_fault(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE || number == SIGABRT || number == SIGTRAP;
}

/* The caller's handlers are about the caller's things, and so is what its thread has blocked. Handlers of a sanitizer stay. */
static void forget_handlers(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		struct sigaction action;

		if (!(is_fault(number) && !SANDBOX_LIMITS_MEMORY) && !sigaction(number, NULL, &action) &&
		    ((action.sa_flags & SA_SIGINFO) || (action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL)))
			signal(number, SIG_DFL);
	}
	signal(SIGPIPE, SIG_IGN); /* failed writes say so */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static void close_from(int first)
{
	if (!syscall(SYS_close_range, first, ~0u, 0))
		return;
	for (int i = first; i < sysconf(_SC_OPEN_MAX); i++)
		close(i);
}

/* Standard input only where it is worked on; no output, but what a sanitizer has to say. */
static void forget_descriptors(bool input, int channel)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (!input)
		dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (SANDBOX_LIMITS_MEMORY)
		dup2(null, STDERR_FILENO);
	if (channel != CHANNEL)
		dup2(channel, CHANNEL);
	fcntl(CHANNEL, F_SETFD, FD_CLOEXEC);
	close_from(CHANNEL + 1);
}

static struct sandbox_limits limits_for(const struct isolation *isolation)
{
	return (struct sandbox_limits){
		.cpu_seconds = limit_CPU_SECONDS + isolation->size / limit_CPU_BYTES_PER_SECOND,
		.memory = SANDBOX_LIMITS_MEMORY ? limit_MEMORY : 0,
		.file_size = isolation->file_size > limit_FILE_SIZE ? isolation->file_size : limit_FILE_SIZE,
		.descriptors = limit_DESCRIPTORS,
	};
}

static _Noreturn void work(const struct isolation *isolation, int channel, pid_t parent)
{
	const struct sandbox_limits limits = limits_for(isolation);
	const char *exposed;

	setpgid(0, 0);
	forget_handlers();
	forget_descriptors(isolation->input, channel);
	sandbox_limit(&limits);
	broker_join(CHANNEL);
	exposed = sandbox_enter(SANDBOX_ANALYSIS, parent);
	if (exposed)
		broker_tell(ISOLATION_EXPOSED, exposed, strlen(exposed));
	isolation->body(isolation->context);
	_exit(0);
}

/* ---- the parent: what the child asks for ---- */

static void reply(struct parent *parent, int descriptor)
{
	if (!broker_reply(parent->channel, &parent->answer, descriptor))
		parent->stopped = true; /* it asks and does not listen */
	if (descriptor >= 0)
		close(descriptor);
}

static void open_for(struct parent *parent)
{
	const bool more = parent->opened++ < limit_OPENED;
	int descriptor = more ? parent->isolation->open(parent->isolation->context, parent->message.data) : -1;

	parent->answer.error = descriptor >= 0 ? 0 : more ? errno : EMFILE;
	reply(parent, descriptor);
}

/* The first of several paths. */
static void look_for(struct parent *parent)
{
	const char *path = parent->message.data, *const end = path + parent->message.size;

	parent->answer.error = ENOENT;
	for (uint32_t i = 0; i < BROKER_PATHS && path < end && parent->answer.error; i++, path += strlen(path) + 1)
		if (parent->isolation->is_file(parent->isolation->context, path)) {
			parent->answer.error = 0;
			parent->answer.first = i;
		}
	reply(parent, -1);
}

static void make_temporary(struct parent *parent)
{
	const bool more = parent->temporary++ < limit_TEMPORARY;
	int descriptor = more ? temporary_open() : -1;

	parent->answer.error = descriptor >= 0 ? 0 : more ? errno : EMFILE;
	reply(parent, descriptor);
}

static void tell_room(struct parent *parent)
{
	parent->answer.error = 0;
	snprintf(parent->answer.text, sizeof parent->answer.text, "%llu", (unsigned long long)room_of_memory());
	reply(parent, -1);
}

static void fetch(struct parent *parent)
{
	parent->stopped = !parent->isolation->fetch;
	if (parent->stopped)
		return;
	parent->isolation->fetch(parent->isolation->context, parent->message.data, &parent->answer);
	reply(parent, -1);
}

static void recall(struct parent *parent)
{
	parent->stopped = !parent->isolation->recall;
	if (parent->stopped)
		return;
	parent->isolation->recall(parent->isolation->context, parent->message.data, &parent->answer);
	reply(parent, -1);
}

static void confirm(struct parent *parent)
{
	parent->stopped = !parent->isolation->confirm;
	if (parent->stopped)
		return;
	parent->answer = (struct broker_answer){.error = !parent->isolation->confirm(parent->isolation->context, parent->message.data)};
	reply(parent, -1);
}

/* Texts are shown as they are: nothing but what may be shown. */
static void take_exposed(struct parent *parent)
{
	char *text = parent->result.exposed;

	snprintf(text, sizeof parent->result.exposed, "%.*s", (int)sizeof parent->result.exposed - 1, parent->message.data);
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

/* False: it was the last. */
static bool serve(struct parent *parent)
{
	switch (parent->message.kind) {
	case BROKER_OPEN:
		open_for(parent);
		return true;
	case BROKER_FIRST_FILE:
		look_for(parent);
		return true;
	case BROKER_TEMPORARY:
		make_temporary(parent);
		return true;
	case BROKER_ROOM:
		tell_room(parent);
		return true;
	case BROKER_FETCH:
		fetch(parent);
		return true;
	case BROKER_RECALL:
		recall(parent);
		return true;
	case BROKER_CONFIRM:
		confirm(parent);
		return true;
	case ISOLATION_EXPOSED:
		take_exposed(parent);
		return true;
	default:
		return !parent->isolation->told(parent->isolation->context, &parent->message);
	}
}

/* ---- its life ---- */

/* Its channel may be held open by what it left behind. */
static bool has_ended(const struct parent *parent)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)parent->child, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

static enum isolation_end serve_all(struct parent *parent)
{
	bool ended = false;

	for (;;) {
		enum broker_received received = broker_receive(parent->channel, &parent->message);

		if (cancelled(&parent->isolation->cancel))
			return ISOLATION_CANCELLED;
		if (received == BROKER_GONE || (received == BROKER_SILENCE && ended))
			return ISOLATION_DIED;
		ended |= received == BROKER_SILENCE && has_ended(parent); /* what it said before is still to be heard */
		if (received == BROKER_MESSAGE && !serve(parent))
			return ISOLATION_DONE;
		if (parent->stopped)
			return ISOLATION_STOPPED;
	}
}

/* The group holds what it started. */
static void end(struct parent *parent)
{
	int status;

	kill(-parent->child, SIGKILL);
	while (waitpid(parent->child, &status, 0) < 0)
		if (errno != EINTR)
			return; /* somebody ignores SIGCHLD: nobody knows */
	parent->result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static bool start(struct parent *parent)
{
	const pid_t self = getpid();
	int ends[2];

	if (!broker_pair(ends))
		return false;
	parent->child = forking_fork();
	if (parent->child == 0)
		work(parent->isolation, ends[1], self);
	close(ends[1]);
	parent->channel = ends[0];
	if (parent->child > 0)
		setpgid(parent->child, parent->child); /* as it does: whoever is first */
	else
		close(parent->channel);
	return parent->child > 0;
}

struct isolation_result isolation_run(const struct isolation *isolation)
{
	struct parent *parent = calloc(1, sizeof *parent);
	struct isolation_result result = {.end = ISOLATION_NONE};

	if (!parent)
		return result;
	parent->isolation = isolation;
	if (start(parent)) {
		parent->result.end = serve_all(parent);
		end(parent);
		close(parent->channel);
	}
	parent->result.cpu_seconds = limits_for(isolation).cpu_seconds;
	result = parent->result;
	free(parent);
	return result;
}

static const char *signal_text(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGABRT, "SIGABRT"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"},
		     {SIGTRAP, "SIGTRAP"}};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].number == number)
			return names[i].name;
	return "a signal";
}

bool isolation_describe(const struct isolation_result *result, const char *work, const char *doing, char *text, size_t size)
{
	static const char report[] = "What was read makes this program fail: please report it";

	if (result->end == ISOLATION_STOPPED)
		snprintf(text, size, "%s was stopped while %s: it asked for too much", work, doing);
	else if (result->signal == SIGXCPU)
		snprintf(text, size, "%s was stopped while %s: it had taken %llu s of CPU time, the limit for so many bytes", work,
			 doing, (unsigned long long)result->cpu_seconds);
	else if (result->signal == SIGSYS)
		snprintf(text, size, "%s was stopped while %s: it asked for what its sandbox forbids (a program, a network, another "
			 "process). What was read may be an attack", work, doing);
	else if (result->signal == SIGKILL)
		snprintf(text, size, "%s was killed while %s (SIGKILL): the machine may be out of memory", work, doing);
	else if (result->signal)
		snprintf(text, size, "%s crashed while %s (%s). %s", work, doing, signal_text(result->signal), report);
	else
		snprintf(text, size, "%s ended while %s without a result. %s", work, doing, report);
	return result->signal == SIGXCPU && result->end == ISOLATION_DIED;
}
