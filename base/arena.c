/* arena.c: bump allocation in blocks from calloc, so that memory comes zeroed without touching it. Under AddressSanitizer each
 * allocation is a block of its own, and ends where the sanitizer knows that it does. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define ALONE true
#elif defined(__has_feature)
#define ALONE __has_feature(address_sanitizer)
#else
#define ALONE false
#endif

enum { BLOCK_SIZE = ALONE ? 0 : 1 << 16, ALIGNMENT = ALONE ? 1 : alignof(max_align_t) };

struct block {
	struct block *previous, *next;
	alignas(max_align_t) unsigned char bytes[];
};

struct deferred {
	struct deferred *previous;
	void (*release)(void *);
	void *object;
};

struct guard {
	struct guard *outer;
	jmp_buf exhausted;
};

struct arena {
	size_t budget;
	size_t used;
	struct block *block;
	size_t block_used;
	size_t block_size;
	struct deferred *deferred;
	struct guard *guard;
};

struct arena *arena_new(size_t budget)
{
	struct arena *arena = calloc(1, sizeof *arena);

	if (arena)
		arena->budget = budget;
	return arena;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct deferred *d = arena->deferred; d; d = d->previous)
		d->release(d->object);
	for (struct block *block = arena->block; block;) {
		struct block *previous = block->previous;

		free(block);
		block = previous;
	}
	free(arena);
}

_Noreturn void arena_exhausted(struct arena *arena)
{
	if (!arena->guard)
		abort(); /* an allocation outside arena_run: a defect of the caller, not of the input */
	longjmp(arena->guard->exhausted, 1);
}

static struct block *new_block(struct arena *arena, size_t size)
{
	struct block *block = calloc(1, sizeof *block + size);

	if (!block)
		arena_exhausted(arena);
	return block;
}

static void add_block(struct arena *arena)
{
	struct block *block = new_block(arena, BLOCK_SIZE);

	block->previous = arena->block;
	if (arena->block)
		arena->block->next = block;
	arena->block = block;
	arena->block_used = 0;
	arena->block_size = BLOCK_SIZE;
}

/* What is larger than a block has one of its own, behind the one that small objects are put into. */
static void *alloc_alone(struct arena *arena, size_t size)
{
	struct block *block = new_block(arena, size), *current = arena->block;

	if (!current) {
		arena->block = block;
		arena->block_used = arena->block_size = 0;
		return block->bytes;
	}
	block->next = current;
	block->previous = current->previous;
	if (block->previous)
		block->previous->next = block;
	current->previous = block;
	return block->bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *memory;

	if (size > arena->budget - arena->used || size > SIZE_MAX - BLOCK_SIZE)
		arena_exhausted(arena);
	arena->used += size;
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (size > BLOCK_SIZE || ALONE)
		return alloc_alone(arena, size);
	if (!arena->block || size > arena->block_size - arena->block_used)
		add_block(arena);
	memory = arena->block->bytes + arena->block_used;
	arena->block_used += size;
	return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		arena_exhausted(arena);
	return arena_alloc(arena, count * size);
}

void arena_release(struct arena *arena, void *memory, size_t size)
{
	struct block *block;

	if (!memory || (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT <= BLOCK_SIZE)
		return;
	block = (struct block *)((unsigned char *)memory - offsetof(struct block, bytes));
	if (block->next)
		block->next->previous = block->previous;
	if (block->previous)
		block->previous->next = block->next;
	if (arena->block == block) {
		arena->block = block->previous;
		arena->block_used = arena->block_size = 0; /* the rest of that one is forgotten */
	}
	arena->used -= size;
	free(block);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_list again;
	char *text;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		length = 0;
	text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

void arena_defer(struct arena *arena, void (*release)(void *), void *object)
{
	struct deferred *deferred = arena_alloc(arena, sizeof *deferred);

	deferred->previous = arena->deferred;
	deferred->release = release;
	deferred->object = object;
	arena->deferred = deferred;
}

bool arena_run(struct arena *arena, void (*body)(void *), void *context)
{
	struct guard guard = {.outer = arena->guard};

	if (setjmp(guard.exhausted)) {
		arena->guard = arena->guard->outer;
		return false;
	}
	arena->guard = &guard;
	body(context);
	arena->guard = guard.outer;
	return true;
}

size_t arena_used(const struct arena *arena)
{
	return arena->used;
}
