/* sqlite.c: the only file that knows SQLite, of which it takes types from the header and functions at run time, as others do of
 * libarchive: whoever has no database need not have it, and no run waits for it to be loaded.
 * The journal is a write-ahead log (sqlite.org/wal.html): readers and one writer do not wait for each other, writers for at most
 * PATIENCE. What was committed survives the end of the process; what was committed in the last moments before the power failed may be
 * missing, the rest is whole (PRAGMA synchronous=NORMAL). */
#include "fleet/history/engine.h"

#include "base/loaded.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* That of every SQLite 3. */
#define SONAME "libsqlite3.so.0"

enum { PATIENCE = 60000 /* milliseconds */, COLUMNS = 16, APPLICATION = 0x746f726e /* "torn" */ };

#define FUNCTIONS(FUNCTION)                                                                                            \
	FUNCTION(bind_null)                                                                                            \
	FUNCTION(bind_parameter_index)                                                                                 \
	FUNCTION(bind_text)                                                                                            \
	FUNCTION(busy_timeout)                                                                                         \
	FUNCTION(close_v2)                                                                                             \
	FUNCTION(column_count)                                                                                         \
	FUNCTION(column_text)                                                                                          \
	FUNCTION(errmsg)                                                                                               \
	FUNCTION(errstr)                                                                                               \
	FUNCTION(extended_errcode)                                                                                     \
	FUNCTION(finalize)                                                                                             \
	FUNCTION(next_stmt)                                                                                            \
	FUNCTION(open_v2)                                                                                              \
	FUNCTION(prepare_v2)                                                                                           \
	FUNCTION(step)

struct library {
#define FUNCTION(name) __typeof__(sqlite3_##name) *name;
	FUNCTIONS(FUNCTION)
#undef FUNCTION
};

#ifdef TORNSTACK_STATIC /* a static program has no loader: it is linked with the library */
static struct library library = {
#define FUNCTION(name) .name = sqlite3_##name,
	FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static bool is_loaded(void)
{
	return true;
}
#else
static struct library library;

static bool is_loaded(void)
{
	static const struct loaded_function functions[] = {
#define FUNCTION(name) {"sqlite3_" #name, &library.name},
		FUNCTIONS(FUNCTION)
#undef FUNCTION
	};
	static struct loaded_library loaded = {SONAME, functions, sizeof functions / sizeof *functions, LOADED_UNTRIED};

	return loaded_library(&loaded);
}
#endif

struct sqlite {
	struct arena *arena;
	const char *name;
	sqlite3 *connection;
};

/* Statements that an exhausted arena left open go first. */
static void close_connection(void *object)
{
	const struct sqlite *sqlite = object;
	sqlite3_stmt *statement;

	while ((statement = library.next_stmt(sqlite->connection, NULL)))
		library.finalize(statement);
	library.close_v2(sqlite->connection);
}

static const struct err *error_of(const struct sqlite *sqlite, int status)
{
	const char *text = sqlite->connection ? library.errmsg(sqlite->connection) : library.errstr(status);

	switch (status & 0xff) {
	case SQLITE_NOTADB:
		return err_new(sqlite->arena, ERR_BAD_DATA, "%s: it is no database of SQLite, or its first bytes are damaged", sqlite->name);
	case SQLITE_CORRUPT:
		return err_new(sqlite->arena, ERR_BAD_DATA,
			       "%s: it is damaged (%s). What can still be read goes to a new one with: sqlite3 %s .recover | sqlite3 NEW", sqlite->name, text,
			       sqlite->name);
	case SQLITE_FULL:
		return err_new(sqlite->arena, ERR_IO, "%s: there is no room. What is in it stays; the same command adds the rest", sqlite->name);
	case SQLITE_BUSY:
		return err_new(sqlite->arena, ERR_LIMIT, "%s: others have been writing to it for %d s", sqlite->name, PATIENCE / 1000);
	default:
		return err_new(sqlite->arena, ERR_IO, "%s: %s", sqlite->name, text);
	}
}

static int bind(sqlite3_stmt *statement, const char *const *values, size_t count)
{
	int status = SQLITE_OK;
	char name[32];

	for (size_t i = 0; i < count && status == SQLITE_OK; i++) {
		int index;

		snprintf(name, sizeof name, "$%zu", i + 1);
		index = library.bind_parameter_index(statement, name);
		status = !index	     ? SQLITE_OK
			 : values[i] ? library.bind_text(statement, index, values[i], -1, SQLITE_STATIC)
				     : library.bind_null(statement, index);
	}
	return status;
}

static int step_through(sqlite3_stmt *statement, database_row *row, void *context)
{
	const int count = library.column_count(statement);
	const char *values[COLUMNS] = {NULL};
	int status;

	while ((status = library.step(statement)) == SQLITE_ROW && row) {
		for (int i = 0; i < count && i < COLUMNS; i++)
			values[i] = (const char *)library.column_text(statement, i);
		if (!row(context, values, (size_t)count))
			return SQLITE_DONE;
	}
	return status == SQLITE_ROW ? SQLITE_DONE : status;
}

static const struct err *run(void *handle, const char *sql, const char *const *values, size_t count, database_row *row, void *context)
{
	const struct sqlite *sqlite = handle;
	sqlite3_stmt *statement = NULL;
	const struct err *err = NULL;
	int status = library.prepare_v2(sqlite->connection, sql, -1, &statement, NULL);

	if (status == SQLITE_OK)
		status = bind(statement, values, count);
	if (status == SQLITE_OK)
		status = step_through(statement, row, context);
	if (status != SQLITE_OK && status != SQLITE_DONE)
		err = error_of(sqlite, status);
	library.finalize(statement);
	return err;
}

static bool take_text(void *context, const char *const *values, size_t count)
{
	snprintf(context, COLUMNS, "%s", count && values[0] ? values[0] : "");
	return false;
}

static const struct err *ask(struct sqlite *sqlite, const char *sql, char ret[static COLUMNS])
{
	*ret = 0;
	return run(sqlite, sql, NULL, 0, take_text, ret);
}

/* A database of somebody else is left as it is. Its tables are counted first: another writer may be making ours now, which it does after it has
 * claimed the file. */
static const struct err *claim(struct sqlite *sqlite)
{
	char application[COLUMNS], tables[COLUMNS], wanted[COLUMNS];
	const struct err *err = ask(sqlite, "SELECT count(*) FROM sqlite_master", tables);

	snprintf(wanted, sizeof wanted, "%d", APPLICATION);
	err = err ? err : ask(sqlite, "PRAGMA application_id", application);
	if (err || !strcmp(application, wanted))
		return err;
	if (strcmp(tables, "0") != 0)
		return err_new(sqlite->arena, ERR_BAD_DATA, "%s: it is a database of another program", sqlite->name);
	return run(sqlite, arena_printf(sqlite->arena, "PRAGMA application_id = %d", APPLICATION), NULL, 0, NULL, NULL);
}

static const struct err *prepare(struct sqlite *sqlite)
{
	static const char *const settings[] = {"PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", "PRAGMA synchronous = NORMAL"};
	const struct err *err = NULL;
	char mode[COLUMNS];

	library.busy_timeout(sqlite->connection, PATIENCE);
	for (size_t i = 0; i < sizeof settings / sizeof *settings && !err; i++)
		err = run(sqlite, settings[i], NULL, 0, NULL, NULL);
	if (!err)
		err = claim(sqlite);
	return err ? err : ask(sqlite, "PRAGMA journal_mode = WAL", mode);
}

/* SQLite makes files that everybody may read. */
static const struct err *make_file(const struct sqlite *sqlite, enum database_use use)
{
	const int descriptor = open(sqlite->name, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (use == DATABASE_WRITE ? O_CREAT : 0), 0600);
	struct stat status;
	bool regular;

	if (descriptor < 0 && errno == EACCES && use == DATABASE_READ)
		return NULL; /* to be read only */
	if (descriptor < 0)
		return err_new(sqlite->arena, errno == ENOENT && use == DATABASE_READ ? ERR_ABSENT : ERR_IO, "%s: %s", sqlite->name,
			       errno == ENOENT && use == DATABASE_READ ? "there is no such database" : strerror(errno));
	regular = !fstat(descriptor, &status) && S_ISREG(status.st_mode);
	close(descriptor);
	return regular ? NULL : err_new(sqlite->arena, ERR_BAD_DATA, "%s: it is not a file", sqlite->name);
}

static const struct err *open_file(struct arena *arena, const char *name, enum database_use use, void **ret)
{
	enum { HOW = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX };
	struct sqlite *sqlite = arena_alloc(arena, sizeof *sqlite);
	const struct err *err;
	int status;

	*sqlite = (struct sqlite){.arena = arena, .name = name};
	*ret = sqlite;
	if (!is_loaded())
		return err_new(arena, ERR_IO, "%s: " SONAME " is not installed, or too old", name);
	err = make_file(sqlite, use);
	if (err)
		return err;
	status = library.open_v2(name, &sqlite->connection, HOW, NULL);
	arena_defer(arena, close_connection, sqlite);
	return status == SQLITE_OK ? prepare(sqlite) : error_of(sqlite, status);
}

const struct engine engine_sqlite = {
	.open = open_file,
	.run = run,
	.begin = "BEGIN IMMEDIATE",
	.has_table = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1",
};
