-- clickhouse.sql: lines of `tornstack triage --json` as tables that queries.sql asks. Load them with
--     clickhouse-client --query 'INSERT INTO lines FORMAT JSONAsString' <triage.jsonl
CREATE TABLE lines (line String) ENGINE = MergeTree ORDER BY tuple();
CREATE VIEW incidents AS SELECT
	coalesce(JSONExtract(line, 'crash', 'sha256', 'Nullable(String)'), JSONExtract(line, 'sha256', 'Nullable(String)')) AS hash,
	JSONExtractString(line, 'path') AS path,
	parseDateTimeBestEffort(JSONExtractString(line, 'seen'), 'UTC') AS seen,
	JSONExtract(line, 'host', 'Nullable(String)') AS host,
	JSONExtract(line, 'verdict', 'certainty', 'Nullable(String)') AS certainty,
	JSONExtract(line, 'verdict', 'rule', 'Nullable(String)') AS rule,
	JSONExtract(line, 'verdict', 'place', 'Nullable(String)') AS place,
	JSONExtract(line, 'fingerprint', 'Nullable(String)') AS fingerprint,
	JSONExtract(line, 'target', 'program', 'Nullable(String)') AS program,
	coalesce(JSONExtract(line, 'target', 'version', 'Nullable(String)'), JSONExtract(line, 'target', 'revision', 'Nullable(String)'),
		JSONExtract(line, 'target', 'build', 'Nullable(String)')) AS build,
	JSONExtract(line, 'target', 'go_version', 'Nullable(String)') AS go_version,
	JSONExtract(line, 'target', 'arch', 'Nullable(String)') AS arch,
	JSONExtract(line, 'error', 'code', 'Nullable(String)') AS error
FROM lines WHERE JSONExtractString(line, 'kind') IN ('input', 'crash');
CREATE VIEW clusters AS SELECT
	JSONExtractString(line, 'id') AS id,
	JSONExtractUInt(line, 'count') AS crashes,
	parseDateTimeBestEffort(JSONExtractString(line, 'first_seen'), 'UTC') AS first_seen,
	parseDateTimeBestEffort(JSONExtractString(line, 'last_seen'), 'UTC') AS last_seen,
	JSONExtract(line, 'verdict', 'certainty', 'Nullable(String)') AS certainty,
	JSONExtract(line, 'verdict', 'rule', 'Nullable(String)') AS rule,
	JSONExtract(line, 'verdict', 'place', 'Nullable(String)') AS place,
	JSONExtract(line, 'program', 'Nullable(String)') AS program,
	JSONExtract(line, 'new_in', 'Nullable(String)') AS new_in,
	JSONExtract(line, 'gone_in', 'Nullable(String)') AS gone_in
FROM lines WHERE JSONExtractString(line, 'kind') = 'cluster';
CREATE VIEW members AS SELECT
	JSONExtractString(line, 'id') AS cluster,
	JSONExtractString(arrayJoin(JSONExtractArrayRaw(line, 'fingerprints')), 'fingerprint') AS fingerprint
FROM lines WHERE JSONExtractString(line, 'kind') = 'cluster';
