/* advice.c: see advice.h. */
#include "report/narrative/advice.h"

#include <string.h>

static const struct {
	const char *rule, *text, *confirm, *action, *remedy;
} rows[] = {
#define ADVICE(rule, text, confirm, action, remedy) {rule, text, confirm, action, remedy},
#include "report/narrative/advice.def"
#undef ADVICE
};

bool advise(struct telling *telling, const char *subject)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].rule, telling->finding->detector->id) != 0 || !strstr(subject ? subject : "", rows[i].text))
			continue;
		if (rows[i].confirm)
			tell_confirm(telling, "%s", rows[i].confirm);
		if (rows[i].action)
			tell_action(telling, "%s", rows[i].action);
		if (rows[i].remedy)
			tell_for_good(telling, "%s", rows[i].remedy);
		return true;
	}
	return false;
}
