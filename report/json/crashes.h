/* crashes.h: the crashes of a log that holds several, in the report of the last. */
#ifndef REPORT_JSON_CRASHES_H
#define REPORT_JSON_CRASHES_H

#include "report/json/writer.h"

/* Of options->crashes. The list of the others' reports stays open: report_json_end closes it and the document. */
void crashes_section(struct writer *writer);

#endif
