/* lines.c: see lines.h. */
#include "report/content/lines.h"

#include "formats/exe/demangle.h"

#include <inttypes.h>
#include <string.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

const char *line_place(struct arena *arena, const struct frame_line *line, bool verbose)
{
	if (line->file)
		return arena_printf(arena, "%s:%" PRId32,
				    verbose ? line->file : base_name(line->file), line->line);
	return line->module ? arena_printf(arena, "in %s", line->module) : "";
}

const char *line_function(struct arena *arena, const struct frame_line *line)
{
	if (!line->function)
		return "?";
	return line->frame->info->func ? line->function : demangled(arena, line->function);
}
