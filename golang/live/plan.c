/* plan.c: see plan.h. */
#include "golang/live/plan.h"

bool live_plan_of(const struct go_runtime *runtime, struct live_plan *ret)
{
	if (!runtime->layout || !runtime->globals.allgs)
		return false;
	*ret = (struct live_plan){.globals = runtime->globals, .layout = *runtime->layout};
	return true;
}
