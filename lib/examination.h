/* examination.h: one of many inputs, from a file to an incident. */
#ifndef LIB_EXAMINATION_H
#define LIB_EXAMINATION_H

#include "fleet/incident.h"
#include "fleet/inputs.h"
#include "lib/tornstack.h"

/* Analyses it, isolated as the options say, by one thread. Whatever becomes of it, *ret says so: of what fails error_code and error. `exposed`, of
 * ts_result's size, is what the sandbox lacked. Texts are on the arena. False: it was cancelled. */
bool examine_input(struct arena *arena, const struct input *input, const struct ts_options *options, struct incident *ret, char *exposed, size_t size);

#endif
