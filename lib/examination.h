/* examination.h: one of many inputs, from a file to incidents. */
#ifndef LIB_EXAMINATION_H
#define LIB_EXAMINATION_H

#include "fleet/incident.h"
#include "fleet/inputs.h"
#include "lib/tornstack.h"

struct examination {
	struct incident *items; /* crashes of a log as they came; the last is that of the file itself */
	size_t count;           /* at least 1 */
	const char *remark;     /* what whoever asked should know; NULL: nothing */
	char exposed[128];      /* as ts_result has it */
};

/* Analyses it, isolated as the options say, by one thread. Whatever becomes of it, *ret says so: of what fails error_code and error. Texts are on the
 * arena. False: it was cancelled. */
bool examine_input(struct arena *arena, const struct input *input, const struct ts_options *options, struct examination *ret);

/* What is said of a file, or of one of its crashes, that was not analysed. */
struct incident incident_failed(const struct input *input, const char *code, const char *text);

#endif
