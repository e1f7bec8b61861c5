/* arena.h: the one allocator. An arena owns everything one analysis makes; arena_free releases it at once.
 *
 * Memory is zeroed. An allocation never returns NULL: when the budget (or the machine) is exhausted, control returns to
 * the innermost arena_run on that arena, which answers false. So no caller checks for NULL, and a hostile dump can cost
 * the budget at most. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Makes an arena that hands out at most `budget` bytes. Returns NULL when the machine has no memory. */
struct arena *arena_new(size_t budget);

/* Runs the deferred functions, newest first, then frees all memory. NULL is allowed. */
void arena_free(struct arena *arena);

/* Zeroed memory, aligned for any type, valid until arena_free. Must be called inside arena_run. */
void *arena_alloc(struct arena *arena, size_t size);

/* As arena_alloc for `count` objects of `size` bytes; an overflowing product exhausts the arena. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Gives memory of this arena back that nobody points to any more, as arena_alloc or arena_array made it with that size: of tables that
 * grow. Large memory goes back at once and counts no more; small memory stays until arena_free. NULL is allowed. */
void arena_release(struct arena *arena, void *memory, size_t size);

char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Registers `release(object)` to run at arena_free: how mappings, descriptors and library handles are closed. */
void arena_defer(struct arena *arena, void (*release)(void *object), void *object);

/* Calls body(context). Returns true when it returned, false when the budget ran out inside it; what it had allocated
 * stays until arena_free. May be nested. */
bool arena_run(struct arena *arena, void (*body)(void *context), void *context);

/* As when an allocation fails: for memory that a library did not get. What it then left out must not look like what a dump lacks.
 * Must be called inside arena_run. */
_Noreturn void arena_exhausted(struct arena *arena);

/* Bytes handed out so far. */
size_t arena_used(const struct arena *arena);

#endif
