/* shapes.h: which member of a report's JSON (docs/report.schema.json) is which of the structs of lib/tornstack.h. */
#ifndef LIB_SHAPES_H
#define LIB_SHAPES_H

#include "lib/members.h"

/* struct ts_report. */
extern const struct shape report_shape;

/* Names of enum ts_certainty, ended by NULL. */
extern const char *const certainties[];

#endif
