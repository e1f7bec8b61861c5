-- 2.sql: contents that retention removed are counted (past) already, when the same dumps are handed over again.
CREATE TABLE counted (
	hash TEXT PRIMARY KEY
);
