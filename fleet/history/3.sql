-- 3.sql: a log may hold several crashes. Of each, `hash` is "crash:" and a digest of its own (docs/triage.schema.json, crash.sha256); the file's is here.
ALTER TABLE incidents ADD COLUMN file TEXT;
-- Which crash of the log.
ALTER TABLE incidents ADD COLUMN crash BIGINT;
