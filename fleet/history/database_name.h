/* database_name.h: what a database is called: a file, or a URL of PostgreSQL's. */
#ifndef FLEET_HISTORY_DATABASE_NAME_H
#define FLEET_HISTORY_DATABASE_NAME_H

#include "base/arena.h"

#include <stdbool.h>

/* postgresql://… or postgres://… (PostgreSQL documentation, 34.1.1.2 Connection URIs). */
bool database_is_url(const char *name);

/* A name as it is told to people: of a URL without who connects, and by which password. */
const char *database_shown(struct arena *arena, const char *name);

#endif
