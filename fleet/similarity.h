/* similarity.h: how alike two stacks are. */
#ifndef FLEET_SIMILARITY_H
#define FLEET_SIMILARITY_H

#include <stdbool.h>
#include <stddef.h>

/* From 0 (no function in common) to 1 (the same functions), innermost first; at most INCIDENT_TEXTS of each are compared. Two stacks
 * without any function are not alike. Depends on the two stacks alone, not on what else there is. */
double stacks_alike(const char *const *a, size_t a_count, const char *const *b, size_t b_count);

/* The least value at which stacks are put together. */
double stacks_alike_enough(void);

#endif
