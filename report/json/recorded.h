/* recorded.h: what only a log tells. */
#ifndef REPORT_JSON_RECORDED_H
#define REPORT_JSON_RECORDED_H

#include "report/json/writer.h"

/* Of a goroutine: its labels, and what led to it (GODEBUG=tracebackancestors), as further members of an object; nothing of a dump. */
void write_recorded(struct writer *writer, size_t goroutine, struct stack *stack);

/* Items of the list of threads: those that printed themselves besides the one that died. */
void recorded_thread_items(struct writer *writer, struct stack *stack);

/* The members of an object: each register that is known. */
void put_registers(struct writer *writer, json_t *object, const struct registers *registers);

#endif
