/* schema.h: holds JSON against a JSON Schema (draft 2020-12), as far as docs/report.schema.json uses it; tests/validate_report.py does
 * so with a whole validator, which is too slow for here. */
#ifndef TESTS_FUZZ_SCHEMA_H
#define TESTS_FUZZ_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

/* Whether a value is as a schema says. `root` has the $defs. */
bool schema_holds(const json_t *root, const json_t *schema, const json_t *value);

/* What is wrong: the keyword and the value of the last place that did not hold, as text. */
const char *schema_complaint(void);

#endif
