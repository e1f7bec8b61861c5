/* crashes.h: the crashes of a log that holds several, in the report of the last; and a line of its own of one. */
#ifndef REPORT_JSON_CRASHES_H
#define REPORT_JSON_CRASHES_H

#include "report/json/writer.h"

/* Of options->crashes. The list of the others' reports stays open: report_json_end closes it and the document. */
void crashes_section(struct writer *writer);

/* "crash": which crash of a log a line of an incident is of. */
void put_crash_place(struct writer *writer, json_t *line, const struct report_crash *crash);

#endif
