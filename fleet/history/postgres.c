/* postgres.c: the only file that knows libpq, of which it takes types from the header and functions at run time, as sqlite.c does of SQLite. A
 * database that several machines share: named by a URL (postgresql.org/docs/current/libpq-connect.html, "Connection URIs"), in the tables of
 * the connection's own schema (search_path). Writers wait for each other by an advisory lock, for at most PATIENCE. */
#include "fleet/history/database_name.h"
#include "fleet/history/engine.h"

#include "base/loaded.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

/* That of every PostgreSQL since 8.2. */
#define SONAME "libpq.so.5"

#define PATIENCE "60s"

enum { COLUMNS = 16 };

#define FUNCTIONS(FUNCTION)                                                                                            \
	FUNCTION(clear)                                                                                                \
	FUNCTION(connectdbParams)                                                                                      \
	FUNCTION(errorMessage)                                                                                         \
	FUNCTION(finish)                                                                                               \
	FUNCTION(getResult)                                                                                            \
	FUNCTION(getisnull)                                                                                            \
	FUNCTION(getvalue)                                                                                             \
	FUNCTION(nfields)                                                                                              \
	FUNCTION(ntuples)                                                                                              \
	FUNCTION(resultErrorField)                                                                                     \
	FUNCTION(resultStatus)                                                                                         \
	FUNCTION(sendQueryParams)                                                                                      \
	FUNCTION(setSingleRowMode)                                                                                     \
	FUNCTION(status)

struct library {
#define FUNCTION(name) __typeof__(PQ##name) *name;
	FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static struct library library;

static bool is_loaded(void)
{
#ifdef TORNSTACK_STATIC /* which has no loader, and would be linked with all that libpq needs */
	return false;
#else
	static const struct loaded_function functions[] = {
#define FUNCTION(name) {"PQ" #name, &library.name},
		FUNCTIONS(FUNCTION)
#undef FUNCTION
	};
	static struct loaded_library loaded = {SONAME, functions, sizeof functions / sizeof *functions, LOADED_UNTRIED};

	return loaded_library(&loaded);
#endif
}

struct postgres {
	struct arena *arena;
	const char *name; /* to be shown */
	PGconn *connection;
};

static void close_connection(void *object)
{
	library.finish(((struct postgres *)object)->connection);
}

/* What libpq says, as one line. */
static const char *words_of(const struct postgres *postgres)
{
	char *words = arena_strdup(postgres->arena, library.errorMessage(postgres->connection));

	for (char *line = words; (line = strchr(line, '\n'));)
		*line = line[1] ? ' ' : 0;
	return words;
}

/* Classes of SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html). */
static const struct err *error_of(const struct postgres *postgres, const PGresult *result)
{
	const char *field = result ? library.resultErrorField(result, PG_DIAG_SQLSTATE) : NULL, *state = field ? field : "";

	if (!strcmp(state, "53100"))
		return err_new(postgres->arena, ERR_IO, "%s: there is no room. What is in it stays; the same command adds the rest", postgres->name);
	if (!strcmp(state, "55P03"))
		return err_new(postgres->arena, ERR_LIMIT, "%s: others have been writing to it for " PATIENCE, postgres->name);
	if (!strcmp(state, "XX001") || !strcmp(state, "XX002"))
		return err_new(postgres->arena, ERR_BAD_DATA, "%s: it is damaged (%s)", postgres->name, words_of(postgres));
	return err_new(postgres->arena, ERR_IO, "%s: %s", postgres->name, words_of(postgres));
}

static bool hand_over(const PGresult *result, database_row *row, void *context)
{
	const int count = library.nfields(result);
	const char *values[COLUMNS] = {NULL};

	for (int i = 0; i < count && i < COLUMNS; i++)
		values[i] = library.getisnull(result, 0, i) ? NULL : library.getvalue(result, 0, i);
	return row(context, values, (size_t)count);
}

/* Row by row, so that not all are held; those that are not wanted are read all the same, as the connection is free only then. */
static const struct err *take_results(const struct postgres *postgres, database_row *row, void *context)
{
	const struct err *err = NULL;
	PGresult *result;

	while ((result = library.getResult(postgres->connection))) {
		const ExecStatusType status = library.resultStatus(result);

		if (status == PGRES_SINGLE_TUPLE && row && library.ntuples(result) && !hand_over(result, row, context))
			row = NULL;
		else if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && !err)
			err = error_of(postgres, result);
		library.clear(result);
	}
	return err;
}

static const struct err *run(void *handle, const char *sql, const char *const *values, size_t count, database_row *row, void *context)
{
	const struct postgres *postgres = handle;

	if (!library.sendQueryParams(postgres->connection, sql, (int)count, NULL, values, NULL, NULL, 0))
		return error_of(postgres, NULL);
	library.setSingleRowMode(postgres->connection);
	return take_results(postgres, row, context);
}

static const struct err *prepare(struct postgres *postgres)
{
	static const char *const settings[] = {"SET client_min_messages = error", "SET lock_timeout = '" PATIENCE "'",
					       "SET client_encoding = 'UTF8'"};
	const struct err *err = NULL;

	for (size_t i = 0; i < sizeof settings / sizeof *settings && !err; i++)
		err = run(postgres, settings[i], NULL, 0, NULL, NULL);
	return err;
}

/* The database is there, or made by whoever runs the server: to read and to write are the same. */
static const struct err *open_url(struct arena *arena, const char *name, enum database_use use, void **ret)
{
	static const char *const keys[] = {"connect_timeout", "application_name", "dbname", NULL};
	const char *const values[] = {"10", "tornstack", name, NULL}; /* what the URL says counts more */
	struct postgres *postgres = arena_alloc(arena, sizeof *postgres);

	(void)use;
	*postgres = (struct postgres){.arena = arena, .name = database_shown(arena, name)};
	*ret = postgres;
	if (!is_loaded())
		return err_new(arena, ERR_IO, "%s: " SONAME " is not installed, or too old", postgres->name);
	postgres->connection = library.connectdbParams(keys, values, 1);
	arena_defer(arena, close_connection, postgres);
	if (library.status(postgres->connection) != CONNECTION_OK)
		return error_of(postgres, NULL);
	return prepare(postgres);
}

const struct engine engine_postgres = {
	.open = open_url,
	.run = run,
	.begin = "BEGIN",
	.lock = "SELECT pg_advisory_xact_lock(1953460846)", /* "torn" */
	.has_table = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
};
