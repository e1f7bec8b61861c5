-- 1.sql: the first schema, in the SQL that SQLite and PostgreSQL have in common. Times are seconds since 1970.
-- A schema that was released is never changed here: the next file changes it (database.c).

-- Inputs, by their content. A line is as docs/triage.schema.json says, without the headline unless that was asked for.
CREATE TABLE incidents (
	hash TEXT PRIMARY KEY,
	fingerprint TEXT NOT NULL,
	seen BIGINT NOT NULL,
	program TEXT,
	build TEXT,
	line TEXT NOT NULL
);
CREATE INDEX incidents_by_fingerprint ON incidents (fingerprint, seen);
CREATE INDEX incidents_by_program ON incidents (program, build, seen);
CREATE INDEX incidents_by_time ON incidents (seen);

-- What incidents of one fingerprint have in common: the cluster that it is in for good (NULL: not yet), a line that stands for
-- all of them when others are put together with it, and the report of one.
CREATE TABLE fingerprints (
	fingerprint TEXT PRIMARY KEY,
	cluster TEXT,
	line TEXT NOT NULL,
	headline TEXT,
	report TEXT
);
CREATE INDEX fingerprints_by_cluster ON fingerprints (cluster);

-- What is left of incidents that were removed by retention.
CREATE TABLE past (
	fingerprint TEXT NOT NULL,
	program TEXT NOT NULL,
	build TEXT NOT NULL,
	number BIGINT NOT NULL,
	first_seen BIGINT NOT NULL,
	last_seen BIGINT NOT NULL,
	PRIMARY KEY (fingerprint, program, build)
);

-- What people say of a crash: notes, and links to issues.
CREATE TABLE notes (
	fingerprint TEXT NOT NULL,
	added BIGINT NOT NULL,
	kind TEXT NOT NULL,
	note TEXT NOT NULL,
	PRIMARY KEY (fingerprint, kind, note)
);
