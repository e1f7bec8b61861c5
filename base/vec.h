/* vec.h: growing arrays on an arena. Any struct with members `items`, `count` and `capacity` is one; VEC(type) declares
 * an anonymous one. */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/arena.h"

#include <string.h>

#define VEC(type)                                                                                                      \
	struct {                                                                                                       \
		type *items;                                                                                           \
		size_t count;                                                                                          \
		size_t capacity;                                                                                       \
	}

/* `release`: what becomes of the old array. */
#define vec_push_(arena, vec, release, ...)                                                                            \
	do {                                                                                                           \
		if ((vec)->count == (vec)->capacity) {                                                                 \
			size_t vec_capacity_ = (vec)->capacity ? (vec)->capacity * 2 : 8;                              \
			void *vec_items_ = arena_array((arena), vec_capacity_, sizeof *(vec)->items);                  \
			if ((vec)->count)                                                                              \
				memcpy(vec_items_, (vec)->items, (vec)->count * sizeof *(vec)->items);                 \
			release;                                                                                       \
			(vec)->items = vec_items_;                                                                     \
			(vec)->capacity = vec_capacity_;                                                               \
		}                                                                                                      \
		(vec)->items[(vec)->count++] = __VA_ARGS__;                                                            \
	} while (0)

/* Appends a value. Growth doubles; the old array stays on the arena until it is freed. */
#define vec_push(arena, vec, ...) vec_push_((arena), (vec), (void)0, __VA_ARGS__)

/* The same for an array of whose items nobody keeps the address: the old array is given back. */
#define vec_push_moving(arena, vec, ...)                                                                               \
	vec_push_((arena), (vec), arena_release((arena), (vec)->items, (vec)->capacity * sizeof *(vec)->items), __VA_ARGS__)

#endif
