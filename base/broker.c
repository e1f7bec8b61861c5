/* broker.c: see broker.h. */
#include "base/broker.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

static int joined = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* from a question to its answer */

/* ---- the confined side ---- */

void broker_join(int channel)
{
	joined = channel;
}

void broker_leave(void)
{
	if (joined >= 0)
		close(joined);
	joined = -1;
}

bool broker_joined(void)
{
	return joined >= 0;
}

bool broker_tell(unsigned kind, const void *data, size_t size)
{
	const uint32_t head = kind;
	const struct iovec parts[] = {{(void *)(uintptr_t)&head, sizeof head}, {(void *)(uintptr_t)data, size}};
	ssize_t sent;

	do
		sent = writev(joined, parts, 2);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)(sizeof head + size);
}

/* The descriptor of a message; -1: none. */
static int descriptor_in(struct msghdr *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	int descriptor = -1;

	if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
	    control->cmsg_len == CMSG_LEN(sizeof descriptor))
		memcpy(&descriptor, CMSG_DATA(control), sizeof descriptor);
	return descriptor;
}

static bool receive_answer(struct broker_answer *ret, int *descriptor)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = {ret, sizeof *ret};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	ssize_t size;

	do
		size = recvmsg(joined, &message, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	*descriptor = size < 0 ? -1 : descriptor_in(&message);
	ret->text[BROKER_TEXT - 1] = 0;
	return size == sizeof *ret;
}

bool broker_ask(enum broker_kind kind, const char *text, size_t size, struct broker_answer *ret, int *descriptor)
{
	bool answered;

	*descriptor = -1;
	if (size >= BROKER_TEXT)
		return false;
	pthread_mutex_lock(&lock);
	answered = broker_tell(kind, text, size) && receive_answer(ret, descriptor);
	pthread_mutex_unlock(&lock);
	return answered;
}

/* ---- its maker ---- */

bool broker_pair(int ends[static 2])
{
	const struct timeval tick = {.tv_usec = BROKER_TICK * 1000};

	return !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) &&
	       !setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
}

enum broker_received broker_receive(int channel, struct broker_message *ret)
{
	uint32_t head;
	const struct iovec parts[] = {{&head, sizeof head}, {ret->data, BROKER_BYTES}};
	ssize_t size = readv(channel, parts, 2);

	if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return BROKER_SILENCE;
	if (size < (ssize_t)sizeof head)
		return BROKER_GONE;
	ret->kind = head;
	ret->size = (size_t)size - sizeof head;
	ret->data[ret->size] = 0;
	return BROKER_MESSAGE;
}

bool broker_reply(int channel, const struct broker_answer *answer, int descriptor)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {(void *)(uintptr_t)answer, sizeof *answer};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (descriptor >= 0) {
		struct cmsghdr *head;

		message.msg_control = control;
		message.msg_controllen = sizeof control;
		head = CMSG_FIRSTHDR(&message);
		*head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof descriptor)};
		memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
	}
	return sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof *answer;
}
