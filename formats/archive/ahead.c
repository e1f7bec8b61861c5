/* ahead.c: see ahead.h. A ring of blocks, small enough for a cache of the CPU. The thread's errors are on an arena of its own: one arena is one thread's. */
#include "formats/archive/ahead.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { BLOCKS = 4, ERRORS_BUDGET = 1 << 20 };

struct made {
	uint64_t taken;
	size_t size;             /* 0: there are no more */
	const struct err *error; /* NULL: none */
};

struct ahead {
	struct decompressor *decompressor;
	struct cancel cancel; /* the decompressor's before */
	struct arena *errors;
	uint8_t *blocks;
	pthread_t thread;
	pthread_mutex_t lock; /* of the following */
	pthread_cond_t moved;
	struct made made[BLOCKS];
	size_t first, count; /* of those that are made; the first one may be with who took it */
	bool given;          /* it is */
	bool no_memory;      /* for an error, by which it ended */
	atomic_bool stopped; /* nobody takes what is made */
};

static bool is_cancelled(void *context)
{
	const struct ahead *ahead = context;

	return atomic_load(&ahead->stopped) || cancelled(&ahead->cancel);
}

/* The number of a block that nobody has; BLOCKS: nobody wants one any more. */
static size_t wait_for_room(struct ahead *ahead)
{
	size_t next;

	pthread_mutex_lock(&ahead->lock);
	while (ahead->count == BLOCKS && !atomic_load(&ahead->stopped))
		pthread_cond_wait(&ahead->moved, &ahead->lock);
	next = atomic_load(&ahead->stopped) ? BLOCKS : (ahead->first + ahead->count) % BLOCKS;
	pthread_mutex_unlock(&ahead->lock);
	return next;
}

static void hand_over(struct ahead *ahead, size_t number, struct made made)
{
	pthread_mutex_lock(&ahead->lock);
	ahead->made[number] = made;
	ahead->count++;
	pthread_cond_signal(&ahead->moved);
	pthread_mutex_unlock(&ahead->lock);
}

static void decompress(void *context)
{
	struct ahead *ahead = context;
	struct made made = {.size = 1};

	while (made.size && !made.error) {
		const size_t number = wait_for_room(ahead);
		struct span block;

		if (number == BLOCKS)
			return;
		ahead->decompressor->out = ahead->blocks + number * DECOMPRESSOR_BLOCK;
		made.error = decompressor_next(ahead->errors, ahead->decompressor, &block);
		made.size = block.size;
		made.taken = ahead->decompressor->taken;
		hand_over(ahead, number, made);
	}
}

static void *run(void *object)
{
	struct ahead *ahead = object;

	if (!arena_run(ahead->errors, decompress, ahead)) {
		pthread_mutex_lock(&ahead->lock);
		ahead->no_memory = true;
		pthread_cond_signal(&ahead->moved);
		pthread_mutex_unlock(&ahead->lock);
	}
	return NULL;
}

static void release(struct ahead *ahead)
{
	ahead->decompressor->cancel = ahead->cancel;
	ahead->decompressor->out = NULL;
	pthread_cond_destroy(&ahead->moved);
	pthread_mutex_destroy(&ahead->lock);
	arena_free(ahead->errors);
	free(ahead->blocks);
	free(ahead);
}

struct ahead *ahead_start(struct decompressor *decompressor)
{
	struct ahead *ahead = calloc(1, sizeof *ahead);

	if (!ahead)
		return NULL;
	ahead->decompressor = decompressor;
	ahead->cancel = decompressor->cancel;
	ahead->errors = arena_new(ERRORS_BUDGET);
	ahead->blocks = malloc((size_t)BLOCKS * DECOMPRESSOR_BLOCK);
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->moved, NULL);
	decompressor->cancel = (struct cancel){is_cancelled, ahead};
	if (ahead->errors && ahead->blocks && !pthread_create(&ahead->thread, NULL, run, ahead))
		return ahead;
	release(ahead);
	return NULL;
}

const struct err *ahead_next(struct arena *arena, struct ahead *ahead, struct span *ret, uint64_t *taken)
{
	const struct made *made = NULL;

	*ret = (struct span){0};
	pthread_mutex_lock(&ahead->lock);
	if (ahead->given) {
		ahead->first = (ahead->first + 1) % BLOCKS;
		ahead->count--;
		pthread_cond_signal(&ahead->moved);
	}
	while (!ahead->count && !ahead->no_memory)
		pthread_cond_wait(&ahead->moved, &ahead->lock);
	ahead->given = ahead->count > 0;
	if (ahead->given)
		made = &ahead->made[ahead->first];
	pthread_mutex_unlock(&ahead->lock);
	if (!made)
		return err_new(arena, ERR_LIMIT, "no memory to decompress it");
	*taken = made->taken;
	if (made->error)
		return err_new(arena, made->error->code, "%s", made->error->text);
	*ret = (struct span){ahead->blocks + ahead->first * DECOMPRESSOR_BLOCK, made->size};
	return NULL;
}

void ahead_end(struct ahead *ahead)
{
	if (!ahead)
		return;
	pthread_mutex_lock(&ahead->lock);
	atomic_store(&ahead->stopped, true);
	pthread_cond_signal(&ahead->moved);
	pthread_mutex_unlock(&ahead->lock);
	pthread_join(ahead->thread, NULL);
	release(ahead);
}
