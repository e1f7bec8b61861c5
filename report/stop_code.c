/* stop_code.c: see stop_code.h. */
#include "report/stop_code.h"

#include "formats/dump/signals.h"

const char *stop_code_text(struct arena *arena, const struct image *image)
{
	const struct stop *stop = &image->stop;
	const struct signal_code *code;

	if (!stop->has_code)
		return NULL;
	code = image->os == OS_LINUX ? signal_code(stop->number, stop->code) : NULL;
	return code ? code->name : arena_printf(arena, "%d", stop->code);
}
