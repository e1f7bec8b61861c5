/* database.c: see database.h. */
#include "fleet/history/database.h"

#include "fleet/history/database_name.h"
#include "fleet/history/engine.h"

#include <stdlib.h>
#include <string.h>

struct database {
	struct arena *arena;
	const char *name;
	const struct engine *engine;
	void *handle;
};

static const char *const migration_1[] = {
#include "fleet/history/1.sql.inc"
	NULL,
};

static const char *const migration_2[] = {
#include "fleet/history/2.sql.inc"
	NULL,
};

static const char *const migration_3[] = {
#include "fleet/history/3.sql.inc"
	NULL,
};

/* From each version to the next. */
static const char *const *const migrations[] = {migration_1, migration_2, migration_3};

enum { VERSION = sizeof migrations / sizeof *migrations };

const struct err *database_run(struct database *database, const char *sql, const char *const *values, size_t count, database_row *row,
			       void *context)
{
	return database->engine->run(database->handle, sql, values, count, row, context);
}

static const struct err *run_plain(struct database *database, const char *sql)
{
	return database_run(database, sql, NULL, 0, NULL, NULL);
}

const struct err *database_begin(struct database *database)
{
	const struct err *err = run_plain(database, database->engine->begin);

	return err || !database->engine->lock ? err : run_plain(database, database->engine->lock);
}

const struct err *database_end(struct database *database, const struct err *err)
{
	if (!err)
		err = run_plain(database, "COMMIT");
	if (err)
		run_plain(database, "ROLLBACK"); /* which fails where the engine has done so */
	return err;
}

/* ---- the schema ---- */

static bool take_number(void *context, const char *const *values, size_t count)
{
	*(long *)context = count && values[0] ? strtol(values[0], NULL, 10) : 0;
	return false;
}

/* 0: there is none yet. */
static const struct err *read_version(struct database *database, long *ret)
{
	static const char *const table[] = {"tornstack_schema"};
	long there = 0;
	const struct err *err = database_run(database, database->engine->has_table, table, 1, take_number, &there);

	*ret = 0;
	return err || !there ? err : database_run(database, "SELECT max(version) FROM tornstack_schema", NULL, 0, take_number, ret);
}

/* Statements end with a line that ends with a semicolon. */
static const struct err *migrate(struct database *database, const char *const *lines)
{
	const struct err *err = NULL;
	const char *statement = "";

	for (; *lines && !err; lines++) {
		const size_t length = strlen(*lines);

		if (!strncmp(*lines, "--", 2) || !length)
			continue;
		statement = arena_printf(database->arena, "%s%s\n", statement, *lines);
		if ((*lines)[length - 1] != ';')
			continue;
		err = run_plain(database, statement);
		statement = "";
	}
	return err;
}

static const struct err *set_version(struct database *database, long version)
{
	const char *values[] = {arena_printf(database->arena, "%ld", version)};

	return database_run(database, "INSERT INTO tornstack_schema (version) VALUES ($1)", values, 1, NULL, NULL);
}

static const struct err *upgrade_inside(struct database *database)
{
	long version = 0;
	const struct err *err = read_version(database, &version); /* which another process may just have changed */

	if (!err && !version)
		err = run_plain(database, "CREATE TABLE tornstack_schema (version BIGINT PRIMARY KEY)");
	for (; !err && version < VERSION; version++) {
		err = migrate(database, migrations[version]);
		if (!err)
			err = set_version(database, version + 1);
	}
	return err;
}

static const struct err *settle_schema(struct database *database)
{
	long version = 0;
	const struct err *err = read_version(database, &version);

	if (err || version == VERSION)
		return err;
	if (version > VERSION)
		return err_new(database->arena, ERR_UNSUPPORTED, "%s: its schema is version %ld, of a newer tornstack; this one knows %d",
			       database_shown(database->arena, database->name), version, VERSION);
	err = database_begin(database);
	return err ? err : database_end(database, upgrade_inside(database));
}

const struct err *database_open(struct arena *arena, const char *name, enum database_use use, struct database **ret)
{
	struct database *database = arena_alloc(arena, sizeof *database);
	const struct err *err;

	*database = (struct database){.arena = arena, .name = name, .engine = database_is_url(name) ? &engine_postgres : &engine_sqlite};
	err = database->engine->open(arena, name, use, &database->handle);
	if (!err)
		err = settle_schema(database);
	*ret = database;
	return err;
}
