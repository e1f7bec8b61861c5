-- duckdb.sql: lines of `tornstack triage --json` (or of its state file) as tables that queries.sql asks.
CREATE TABLE lines AS SELECT json AS line FROM read_json_objects('triage.jsonl', format = 'newline_delimited');
CREATE VIEW incidents AS SELECT
	coalesce(line->>'$.crash.sha256', line->>'$.sha256') AS hash,
	line->>'$.path' AS path,
	CAST(line->>'$.seen' AS TIMESTAMP) AS seen,
	line->>'$.host' AS host,
	line->>'$.verdict.certainty' AS certainty,
	line->>'$.verdict.rule' AS rule,
	line->>'$.verdict.place' AS place,
	line->>'$.fingerprint' AS fingerprint,
	line->>'$.target.program' AS program,
	coalesce(line->>'$.target.version', line->>'$.target.revision', line->>'$.target.build') AS build,
	line->>'$.target.go_version' AS go_version,
	line->>'$.target.arch' AS arch,
	line->>'$.error.code' AS error
FROM lines WHERE line->>'$.kind' IN ('input', 'crash');
CREATE VIEW clusters AS SELECT
	line->>'$.id' AS id,
	CAST(line->>'$.count' AS BIGINT) AS crashes,
	CAST(line->>'$.first_seen' AS TIMESTAMP) AS first_seen,
	CAST(line->>'$.last_seen' AS TIMESTAMP) AS last_seen,
	line->>'$.verdict.certainty' AS certainty,
	line->>'$.verdict.rule' AS rule,
	line->>'$.verdict.place' AS place,
	line->>'$.program' AS program,
	line->>'$.new_in' AS new_in,
	line->>'$.gone_in' AS gone_in
FROM lines WHERE line->>'$.kind' = 'cluster';
CREATE VIEW members AS SELECT line->>'$.id' AS cluster, unnest(line->>'$.fingerprints[*].fingerprint') AS fingerprint
FROM lines WHERE line->>'$.kind' = 'cluster';
