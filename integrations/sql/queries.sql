-- queries.sql: the ten that on-call people ask, in the SQL that DuckDB and ClickHouse have in common.
-- 1. What crashes most?
SELECT id, crashes, certainty, rule, place FROM clusters ORDER BY crashes DESC, id;
-- 2. What is new in the last seven days that there are?
SELECT id, first_seen, crashes, place FROM clusters WHERE first_seen >= (SELECT max(last_seen) FROM clusters) - INTERVAL 7 DAY ORDER BY first_seen DESC;
-- 3. Which build brought a crash?
SELECT new_in, count(*) AS clusters, sum(crashes) AS crashes FROM clusters WHERE new_in IS NOT NULL GROUP BY new_in ORDER BY crashes DESC;
-- 4. What is gone, and since which build?
SELECT id, gone_in, last_seen, place FROM clusters WHERE gone_in IS NOT NULL ORDER BY last_seen DESC;
-- 5. Which hosts crash most, and in how many ways?
SELECT host, count(DISTINCT hash) AS crashes, count(DISTINCT fingerprint) AS fingerprints FROM incidents WHERE error IS NULL GROUP BY host ORDER BY crashes DESC;
-- 6. How many crashes were there on each day, by program?
SELECT program, date_trunc('day', seen) AS day, count(DISTINCT hash) AS crashes FROM incidents WHERE error IS NULL GROUP BY program, day ORDER BY day, program;
-- 7. Which clusters happen on one host only (hardware)?
SELECT members.cluster, min(host) AS only_host, count(DISTINCT hash) AS crashes FROM incidents JOIN members ON members.fingerprint = incidents.fingerprint
WHERE host IS NOT NULL GROUP BY members.cluster HAVING count(DISTINCT host) = 1 ORDER BY crashes DESC;
-- 8. Which are of one CPU architecture only?
SELECT members.cluster, min(arch) AS only_arch, count(DISTINCT hash) AS crashes FROM incidents JOIN members ON members.fingerprint = incidents.fingerprint
WHERE arch IS NOT NULL GROUP BY members.cluster HAVING count(DISTINCT arch) = 1 ORDER BY crashes DESC;
-- 9. Does a Go release crash more?
SELECT go_version, count(DISTINCT hash) AS crashes, count(DISTINCT fingerprint) AS fingerprints FROM incidents WHERE error IS NULL GROUP BY go_version
ORDER BY crashes DESC;
-- 10. What could not be analysed, and why?
SELECT error, count(*) AS inputs, min(path) AS one FROM incidents WHERE error IS NOT NULL GROUP BY error ORDER BY inputs DESC;
