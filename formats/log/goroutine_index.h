/* goroutine_index.h: the goroutines that were read, by id. The runtime prints that which died first, and then all others, mostly in ascending
 * order: then their own order is the index. */
#ifndef FORMATS_LOG_GOROUTINE_INDEX_H
#define FORMATS_LOG_GOROUTINE_INDEX_H

#include "base/word_map.h"
#include "formats/log/record.h"

/* All zero: of no goroutines. */
struct goroutine_index {
	struct word_map map; /* by id, once the order is broken */
	bool broken;
};

/* Adds one behind the last of a record's goroutines; false: its id is there. */
bool goroutine_index_add(struct goroutine_index *index, struct arena *arena, struct log_record *record, const struct recorded_goroutine *g);

/* Its index among them; -1: it is not there. */
int64_t goroutine_index_find(const struct goroutine_index *index, const struct log_record *record, uint64_t id);

#endif
