/* stack_map.h: which words of a frame the garbage collector looks at: those that hold a pointer which the function may still use.
 * What its code has done with lies in the frame as before, and no map names it. Source: runtime/stkframe.go getStackMap (before
 * Go 1.20 stack.go getStackMap), traceback.go (varp, argp), stack.go stackObjectRecord; the same in Go 1.18 to 1.27. */
#ifndef GOLANG_STACK_MAP_H
#define GOLANG_STACK_MAP_H

#include "golang/runtime.h"

/* Words from an address on, and a bit for each. */
struct word_bits {
	uint64_t address;
	struct span bits;
	uint32_t count;
};

struct stack_map {
	struct word_bits locals, arguments;
	uint64_t top, base;  /* addresses that objects' offsets count from: below 0 from `top` */
	struct span objects; /* records of variables whose address the function took */
	uint64_t object_count;
};

/* The map of a frame that stands at a call: its SP and top, info looked up for a return address. False: the function has none, as
 * assembly, or what is read contradicts itself: then any word may be a pointer. */
bool stack_map_read(const struct go_runtime *runtime, const struct pc_info *info, uint64_t sp, uint64_t frame_top,
		    struct stack_map *ret);

/* Whether word `index` may hold a pointer. */
bool word_bits_has(const struct word_bits *bits, uint32_t index);

/* Where variable number `index` < object_count lies, and its size in bytes. It counts only where something points to it. */
uint64_t stack_map_object(const struct stack_map *map, uint64_t index, uint64_t *size);

#endif
