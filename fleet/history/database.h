/* database.h: a database by its name, and as much of SQL as SQLite and PostgreSQL have in common. Opened by whoever has the user's rights, never
 * by a confined analysis (base/isolation.h). */
#ifndef FLEET_HISTORY_DATABASE_H
#define FLEET_HISTORY_DATABASE_H

#include "base/err.h"

#include <stdbool.h>

struct database;

enum database_use { DATABASE_READ /* it must be there */, DATABASE_WRITE /* it is made where it is not */ };

/* Opens the database of that name: a file, or postgresql://…. Its schema becomes the one that this program knows (the .sql files). It is closed
 * with the arena, which also has the texts of errors: IO (also: the library is not installed), ABSENT, BAD_DATA (damaged, or of another
 * program), UNSUPPORTED (of a newer tornstack). */
const struct err *database_open(struct arena *arena, const char *name, enum database_use use, struct database **ret);

/* A row; values are texts, NULL where SQL's are, and go with the next row. False: no more rows are wanted. */
typedef bool database_row(void *context, const char *const *values, size_t count);

/* Runs one statement, whose parameters $1, $2, … are texts or NULL. `row` may be NULL. */
const struct err *database_run(struct database *database, const char *sql, const char *const *values, size_t count, database_row *row,
			       void *context);

/* What is run between the two happens whole or not at all, and nobody else writes meanwhile. With an error, nothing of it is left. */
const struct err *database_begin(struct database *database);
const struct err *database_end(struct database *database, const struct err *err);

#endif
