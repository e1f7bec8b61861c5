/* database_name.c: see database_name.h. */
#include "fleet/history/database_name.h"

#include <string.h>

bool database_is_url(const char *name)
{
	return !strncmp(name, "postgresql://", 13) || !strncmp(name, "postgres://", 11);
}

const char *database_shown(struct arena *arena, const char *name)
{
	const char *host = database_is_url(name) ? strstr(name, "://") + 3 : NULL, *end = host ? host + strcspn(host, "?") : NULL;

	for (const char *at = host; at < end; at++)
		if (*at == '@')
			host = at + 1;
	return host ? arena_printf(arena, "postgresql://%.*s", (int)(end - host), host) : name;
}
