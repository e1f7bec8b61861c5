/* map_user.h: goroutines inside of Go's map functions, and the map that they use there. */
#ifndef HEURISTICS_ENDS_MAP_USER_H
#define HEURISTICS_ENDS_MAP_USER_H

#include "heuristics/detector.h"

struct map_user {
	int32_t goroutine;    /* index in runtime->goroutines */
	const char *verb;     /* "writes to" */
	const char *map_function;
	const char *function; /* of the program, that uses the map; NULL: unknown */
	size_t frame;         /* its index in the goroutine's stack; SIZE_MAX */
	uint64_t pc;          /* there */
	const char *at;       /* … in words (frame_address_text) */
	uint64_t map;         /* address of its header; 0: not proved */
	uint64_t map_slot;    /* where that address was read from: an argument's slot, or the iterator; 0: it was printed in a log */
	const char *type;     /* "map[string]int"; NULL */
};

/* The innermost map function on a goroutine's stack, at or above a frame. The map is proved when the argument's slots hold a
 * map type and a readable header, or the runtime printed it and was sure of it. False: it is in none. */
bool map_user_find(struct analysis *analysis, int32_t goroutine, const struct stack *stack, size_t from,
		   struct map_user *ret);

/* The word of a map's header with the mark of a writer, and whether it is set: hmap.flags & hashWriting, or maps.Map.writing
 * (Go 1.24). False: the word is not there. */
bool map_writing_word(struct analysis *analysis, uint64_t map, uint64_t *address, bool *set);

#endif
