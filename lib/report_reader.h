/* report_reader.h: a report's JSON, read as it is written, into the structs of lib/tornstack.h. Only one line of it is in memory: each
 * section, and each item of the long lists, is one (report/json/json.c). */
#ifndef LIB_REPORT_READER_H
#define LIB_REPORT_READER_H

#include "lib/tornstack.h"

#include "base/arena.h"

struct report_reader;

/* Reads what is written to *stream, which is closed with the arena. Call inside arena_run. NULL: no stream can be made. */
struct report_reader *report_reader_open(struct arena *arena, FILE **stream);

/* It is all written. NULL: it is no whole report, or it did not fit into the arena, which *full says. */
const struct ts_report *report_reader_end(struct report_reader *reader, bool *full);

#endif
