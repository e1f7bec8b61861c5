/* engine.h: what each kind of database does in its own way. Errors are on the arena that `open` was given. */
#ifndef FLEET_HISTORY_ENGINE_H
#define FLEET_HISTORY_ENGINE_H

#include "fleet/history/database.h"

struct engine {
	/* Opens it; *ret is the engine's own, closed with the arena. */
	const struct err *(*open)(struct arena *arena, const char *name, enum database_use use, void **ret);
	const struct err *(*run)(void *handle, const char *sql, const char *const *values, size_t count, database_row *row, void *context);
	const char *begin;     /* a transaction in which nobody else writes */
	const char *lock;      /* what else that takes; NULL: nothing */
	const char *has_table; /* a row if there is a table $1 */
};

extern const struct engine engine_sqlite, engine_postgres;

#endif
