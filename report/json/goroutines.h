/* goroutines.h: goroutines and their groups in JSON. A dump may have a million, so that each is written piece by piece. */
#ifndef REPORT_JSON_GOROUTINES_H
#define REPORT_JSON_GOROUTINES_H

#include "report/json/writer.h"

/* Top-level keys with their values. */
void groups_section(struct writer *writer);
void goroutines_section(struct writer *writer);

/* Members of an object: "count" and, of the first goroutines, "ids"; the wait reason; the creator. */
void write_ids(struct writer *writer, const uint32_t *members, size_t count);
void write_wait_reason(struct writer *writer, const struct goroutine *goroutine);
void write_creator(struct writer *writer, const struct goroutine *goroutine);

#endif
