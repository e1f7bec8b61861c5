#!/usr/bin/env python3
"""The Spark job (local[2]) against one machine, on 2,000 logs and dumps: the same lines after sorting, byte for byte, of inputs and of clusters; through
names, through binaryFile, and as Parquet; and what DuckDB and ClickHouse (chdb, in this process) answer of the lines (integrations/sql).

check.py TORNSTACK CASES"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from pyspark.sql import SparkSession

import triage_job

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / 'tests'))

from incidents import stamped  # noqa: E402

INPUTS = 2000


def fill(folder, cases):
    """Logs of every case that has one, again and again of other times, some with two crashes; a few dumps with their executables; what is neither."""
    logs = sorted(cases.glob('*/expected.traceback'))
    for number in range(INPUTS):
        log = logs[number % len(logs)]
        below = folder / f'host{number % 7}'
        below.mkdir(exist_ok=True)
        path = below / f'{log.parent.name}-{number}.log'
        path.write_bytes(b''.join(stamped(log.read_bytes(), 1700000000 + 3600 * number + second) for second in range(1 if number % 9 else 2)))
        os.utime(path, (1700000000 + 3600 * number,) * 2)
    for case in ('amd64-panic', 'amd64-deadlock'):
        shutil.copytree(cases / case, folder / case, ignore=shutil.ignore_patterns('*.md', '*.json', '*.txt', '*.traceback', '*.html'))
    (folder / 'notes.txt').write_text('nothing happened\n')


def compare(what, found, wanted):
    found, wanted = sorted(found), sorted(wanted)
    if found != wanted or not wanted:
        print(f'not ok - {what}: {len(found)} of {len(wanted)}', *list(set(found) ^ set(wanted))[:2], sep='\n')
        sys.exit(1)
    print(f'ok - {what}: {len(wanted)} lines')


HERE = pathlib.Path(__file__).resolve().parent.parent


def sql(name):
    text = (HERE / 'sql' / name).read_text()
    return [part.strip() for part in re.sub('--.*', '', text).split(';') if part.strip()]


def duckdb_answers(path):
    import duckdb
    database = duckdb.connect()
    for text in sql('duckdb.sql'):
        database.execute(text.replace('triage.jsonl', str(path)))
    return [database.execute(text).fetchall() for text in sql('queries.sql')]


def clickhouse_answers(path):
    from chdb import session
    database = session.Session()
    for text in sql('clickhouse.sql'):
        database.query(text)
    database.query(f"INSERT INTO lines SELECT * FROM file('{path}', 'JSONAsString')")
    answers = []
    for text in sql('queries.sql'):
        answer = database.query(text, 'JSONCompactEachRow')
        answers.append([tuple(json.loads(row)) for row in str(answer).splitlines()])
    return answers


def cell(value):
    """Times and numbers as both write them."""
    text = '' if value is None else str(value)
    return text.removesuffix('Z').replace('T', ' ') if re.match(r'\d{4}-\d\d-\d\dT', text) else text


def share_of(line, number, count):
    """When it was, from 0 to 1: one third of the causes come late, one third goes early, whatever the order of the inputs is."""
    share = number / count
    return {1: share / 2, 2: 0.8 + share / 5}.get(int(line['fingerprint'], 16) // 2 % 3, share) if 'error' not in line else share


def fleet_of(lines, tornstack):
    """The same crashes with what logs do not tell: hosts, builds that follow each other, CPUs, releases; and one that could not be analysed."""
    inputs = [json.loads(line) for line in triage_job.of_kind(lines, 'input', 'crash')]
    for number, line in enumerate(inputs):
        share = share_of(line, number, len(inputs))
        line['seen'] = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(1700000000 + int(86400 * 20 * share)))
        if 'error' not in line:
            key = int(line['fingerprint'], 16)
            line['host'] = f'host{key % 7 if key % 2 else number % 7}'
            line['target'].update(version=f'v1.{int(4 * share)}', program='service', go_version=f'go1.{26 + number % 2}', arch=('amd64', 'arm64')[key % 2])
            line['cause'] = ['service', line['verdict']['rule'] or 'unknown', line['fingerprint']]
    inputs.append({**{key: inputs[0][key] for key in ('schema', 'kind', 'size', 'modified_ns', 'seen', 'host')}, 'path': '/dumps/cut', 'sha256': '0' * 64,
                   'error': {'code': 'cut-short', 'text': 'it ends early'}})
    texts = [json.dumps(line, ensure_ascii=False, separators=(',', ':')) for line in inputs]
    return texts + triage_job.put_together(tornstack)(texts)


def queries(lines, folder):
    """Each of the ten answers, and the first as it must."""
    path = folder.parent / 'lines.jsonl'
    path.write_text('\n'.join(lines) + '\n')
    wanted = sum(json.loads(line)['count'] for line in lines if kind(line) == 'cluster')
    engines = {'DuckDB': duckdb_answers(path), 'ClickHouse': clickhouse_answers(path)}
    for name, answers in engines.items():
        if len(answers) != 10 or sum(int(row[1]) for row in answers[0]) != wanted or not all(answers):
            sys.exit(f'not ok - {name}: {len(answers)} queries, rows {[len(rows) for rows in answers]}, of {wanted} crashes {answers[0][:3]}')
        print(f'ok - {name}: ten queries, {wanted} crashes; rows: {[len(rows) for rows in answers]}')
    for number, (one, other) in enumerate(zip(*engines.values()), 1):
        compare(f'query {number}: both', ['|'.join(map(cell, row)) for row in one], ['|'.join(map(cell, row)) for row in other])


def kind(line):
    return json.loads(line)['kind']


def parquet(spark, folder, inputs, clusters):
    """What the job writes, read again."""
    out = folder.parent / 'out'
    triage_job.write(spark, out.as_uri(), inputs, clusters)
    for name, lines in (('inputs', inputs), ('clusters', clusters)):
        compare(f'Parquet, {name}', [row.line for row in spark.read.parquet(out.as_uri() + f'/{name}').select('line').collect()], lines.collect())


def main():
    tornstack, cases = sys.argv[1], pathlib.Path(sys.argv[2])
    spark = SparkSession.builder.master('local[2]').config('spark.ui.enabled', 'false').config('spark.sql.shuffle.partitions', 2).getOrCreate()
    spark.sparkContext.setLogLevel('ERROR')
    spark.sparkContext.addPyFile(triage_job.__file__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / 'dumps'
        folder.mkdir()
        fill(folder, cases)
        begun = time.monotonic()
        alone = triage_job.run(tornstack, [str(folder)])
        between = time.monotonic()
        made = triage_job.triage(spark, [str(folder)], tornstack)
        inputs, clusters = made[0].collect(), made[1].collect()
        print(f'# {len(inputs)} inputs: one machine {between - begun:.1f} s, Spark {time.monotonic() - between:.1f} s')
        compare('inputs', [line for line in inputs if '"code":"no-dump"' not in line], triage_job.of_kind(alone, 'input', 'crash'))
        compare('clusters', clusters, triage_job.of_kind(alone, 'cluster'))
        parquet(spark, folder, *made)
        some, _ = triage_job.triage(spark, [f'{(folder / "host0").as_uri()}/*.log'], tornstack)
        wanted = [line for line in triage_job.of_kind(alone, 'input', 'crash') if f'{folder}/host0/' in line]
        compare('binaryFile', [line.replace(f'file:{folder}', str(folder)) for line in some.collect()], wanted)
        queries(fleet_of(alone, tornstack), folder)
    spark.stop()


if __name__ == '__main__':
    main()
