/* broker.h: a process that may open nothing, and the one that made it and opens for it what it grants (privilege separation, as
 * OpenSSH's monitor). They talk through a socket that keeps messages apart (unix(7), SOCK_SEQPACKET); descriptors are passed with
 * the answers. What the confined side says is as hostile as what it reads. */
#ifndef BASE_BROKER_H
#define BASE_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum broker_kind {
	BROKER_OPEN,       /* a path: a descriptor */
	BROKER_FIRST_FILE, /* paths, a 0 between two: the first that may be opened and is a regular file */
	BROKER_TEMPORARY,  /* nothing: a descriptor, as temporary_open */
	BROKER_ROOM,       /* nothing: a number of bytes, as room_of_memory */
	BROKER_FETCH,      /* a build-id: a path, as debuginfod_fetch */
	BROKER_RECALL,     /* a fingerprint: what is known of it from before, a text */
	BROKER_CONFIRM,    /* a text: error 0 if it may leave */
	BROKER_TOLD,       /* kinds from here on have no answer; whoever uses them defines more */
};

enum {
	BROKER_TEXT = 1 << 12,
	BROKER_PATHS = 8,        /* of one BROKER_FIRST_FILE */
	BROKER_BYTES = 1 << 16, /* of a message that has no answer, at most */
};

struct broker_answer {
	int32_t error;  /* an errno, of BROKER_FETCH an enum err_code + 1; 0: none */
	uint32_t first; /* of BROKER_FIRST_FILE: which, from 0 */
	char text[BROKER_TEXT];
};

/* ---- the confined side ---- */

/* From now on this process asks its maker, through `channel`. */
void broker_join(int channel);

/* A child of the confined process has nothing to ask, and must not keep the channel open. */
void broker_leave(void);

bool broker_joined(void);

/* Asks, from any thread, with fewer than BROKER_TEXT bytes. False: there is nobody any more, or it is too much. *descriptor: -1 when none
 * came. */
bool broker_ask(enum broker_kind kind, const char *text, size_t size, struct broker_answer *ret, int *descriptor);

/* Says something that has no answer, at most BROKER_BYTES. False: there is nobody any more. */
bool broker_tell(unsigned kind, const void *data, size_t size);

/* ---- its maker ---- */

struct broker_message {
	unsigned kind;
	size_t size;
	char data[BROKER_BYTES + 1]; /* a 0 behind it */
};

enum broker_received { BROKER_MESSAGE, BROKER_SILENCE /* for BROKER_TICK */, BROKER_GONE };

enum { BROKER_TICK = 100 /* milliseconds */ };

/* A pair of channels: [0] for the maker, [1] for the confined process. False: errno says why not. */
bool broker_pair(int ends[static 2]);

enum broker_received broker_receive(int channel, struct broker_message *ret);

/* `descriptor` -1: none; it stays open here. */
bool broker_reply(int channel, const struct broker_answer *answer, int descriptor);

#endif
