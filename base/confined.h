/* confined.h: a child process for work on hostile bytes that a library may not survive (as in systemd's
 * shared/elf-util.c). What goes wrong in it stays there: it lives in a sandbox (sandbox.h), with limits of time and memory and
 * without output. The two talk through a socket; a child that dies is an error value like any other, and what it says is
 * as hostile as what it reads. */
#ifndef BASE_CONFINED_H
#define BASE_CONFINED_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>

struct confined;

enum received { RECEIVED_ALL, RECEIVED_LESS, RECEIVED_LATE };

struct confined_work {
	struct span bytes; /* that it works on */
	/* `copy`: a file in memory that holds the bytes, which the body may change; it closes neither of the two. */
	void (*body)(void *context, int channel, int copy);
	void *context;
};

/* Forks a child that runs the body and ends. Its memory is bounded in proportion to the bytes. It is killed at the latest when
 * the arena ends. Errors: ERR_IO. */
const struct err *confined_start(struct arena *arena, const struct confined_work *work, struct confined **ret);

/* The parent's side. A child has WALL_SECONDS in all to let its parent wait: RECEIVED_LATE after them; RECEIVED_LESS when
 * it ended before it had said everything. */
bool confined_send(struct confined *child, const void *data, size_t size);
enum received confined_receive(struct confined *child, void *data, size_t size);

/* Ends the child; how it ended, for texts ("signal 11"). */
const char *confined_end(struct arena *arena, struct confined *child);

/* The child's side: false when the parent is gone or, receiving, has nothing more to say. */
bool channel_send(int channel, const void *data, size_t size);
bool channel_receive(int channel, void *data, size_t size);

enum { WALL_SECONDS = 90 };

#endif
