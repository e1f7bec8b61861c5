#!/usr/bin/env python3
"""`tornstack triage` of logs that hold several crashes: each is counted, once, by its own text and time, also when the log grows, when it lies there twice,
and wherever a run was killed."""
import collections
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import threading
import time

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
from incidents import contents, content_of, opened, stamped  # noqa: E402

SCHEMA = json.loads((tap.ROOT / 'docs/triage.schema.json').read_text())
VALIDATOR = jsonschema.Draft202012Validator({key: value for key, value in SCHEMA.items() if key != '$id'})
BEGIN, MINUTE, CUTS = 1700000000, 60, 40
PANIC, DIVISION, C = ((tap.CASES / case / 'expected.traceback').read_bytes() for case in ('amd64-panic', 'amd64-registered', 'amd64-cgo-stripped'))


def run(*args):
    return tap.Run('triage', *args)


def of_kind(done, *kinds):
    return [line for line in map(json.loads, done.out.decode().splitlines()) if line['kind'] in kinds]


def crashes(done):
    """Of each file in the order of its lines."""
    files = collections.defaultdict(list)
    for line in of_kind(done, 'crash', 'input'):
        files[pathlib.Path(line['path']).name].append(line)
    return files


def counts(done):
    return sorted((line['id'], line['count'], line['first_seen'], line['last_seen']) for line in of_kind(done, 'cluster'))


def without_file(line):
    """But for what changes with the file."""
    return json.dumps({key: value for key, value in line.items() if key not in ('kind', 'size', 'modified_ns', 'sha256')} | {'crash': {**line['crash'], 'of': 0}})


def ordinary(number):
    return b''.join(f'2023/11/14 22:13:20 request {number * 100 + line} served\n'.encode() for line in range(20))


def write(path, *parts, seen=BEGIN):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b''.join(parts))
    os.utime(path, (seen,) * 2)
    return path


def clock(seconds):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seconds))


def each(folder):
    """A crash that happened twice, and another, at three times."""
    write(folder / 'each/app.log', stamped(PANIC, BEGIN), ordinary(1), stamped(DIVISION, BEGIN + MINUTE), stamped(PANIC, BEGIN + 2 * MINUTE), ordinary(2),
          seen=BEGIN + 3600)
    done = run('--json', folder / 'each')
    lines = crashes(done)['app.log']
    tap.check('each crash has a line, that of the file comes last', [line['kind'] for line in lines] != ['crash', 'crash', 'input'] and f'differs: {lines}')
    tap.check('lines are as the schema says', '\n'.join(error.message[:300] for line in of_kind(done, 'crash', 'input', 'cluster') for error in VALIDATOR.iter_errors(line)))
    tap.check('which of how many', [(line['crash']['number'], line['crash']['of']) for line in lines] != [(1, 3), (2, 3), (3, 3)] and f'differs: {lines}')
    wanted = [clock(BEGIN + number * MINUTE) for number in range(3)]
    tap.check('when', [line['seen'] for line in lines] != wanted and f'differs: {lines}')
    tap.check('what', [line['verdict']['place'] for line in lines] != ['main.order.ship main.go:38', 'main.handle main.go:105', 'main.order.ship main.go:38'] and f'differs: {lines}')
    tap.check('equal texts of two times are two', len({line['crash']['sha256'] for line in lines}) != 3 and f'differs: {lines}')
    tap.check('each is counted', sorted(line['count'] for line in of_kind(done, 'cluster')) != [1, 2] and f'differs: {done.out}')
    text = run(folder / 'each').out.decode()
    tap.check('the table counts crashes', None if text.startswith('3 crashes in 2 clusters\n') and 'app.log#2' in text and 'app.log#1' in text else text)
    records = [json.loads(line)['resourceLogs'][0]['scopeLogs'][0]['logRecords'][0] for line in run('--otlp', folder / 'each').out.decode().splitlines()]
    tap.check('records: one for each, of its time', sorted(record['timeUnixNano'] for record in records) != [f'{BEGIN + number * MINUTE}000000000' for number in range(3)] and f'differs: {records}')
    metrics = folder / 'metrics.prom'
    run('-q', '--metrics', metrics, folder / 'each')
    found = dict(re.findall(r'^(tornstack_inputs\S+) (\d+)', metrics.read_text(), re.M))
    total = sum(map(int, re.findall(r'^tornstack_crashes\S+ (\d+)', metrics.read_text(), re.M)))
    tap.check('metrics: one input, three crashes', None if found['tornstack_inputs{outcome="analysed"}'] == '1' and total == 3 else metrics.read_text())


def times(folder):
    """Where the line of a log has one, in the forms that loggers write; a time that the program said is none."""
    said = PANIC.replace(b'sold out', b'sold out at 2001-02-03T04:05:06Z')
    forms = {
        'rfc3339': (b'2023-11-14T22:13:20.5Z ', clock(BEGIN)),
        'cri': (b'2023-11-14T23:13:20.123456789+01:00 stderr F ', clock(BEGIN)),
        'behind': (b'[pod-1] 2023-11-14 22:13:20,250 ERROR ', clock(BEGIN)),
        'go': (b'2023/11/14 22:13:20 ', clock(BEGIN)),
        'zone': (b'2023-11-14 16:13:20 -0600 ', clock(BEGIN)),
        'none': (b'pod-1 | ', clock(BEGIN + 7)),
        'no-month': (b'2023-13-14T22:13:20Z ', clock(BEGIN + 7)),
        'longer': (b'12023-11-14T22:13:20Z ', clock(BEGIN + 7)),
    }
    for name, (prefix, _) in forms.items():
        write(folder / f'times/{name}.log', b''.join(prefix + line for line in said.splitlines(keepends=True)), seen=BEGIN + 7)
    write(folder / 'times/json.log', b''.join(json.dumps({'log': line, 'stream': 'stderr', 'time': '2023-11-14T22:13:20.1Z'}).encode() + b'\n'
                                              for line in said.decode().splitlines(keepends=True)), seen=BEGIN + 7)
    write(folder / 'times/alone.log', said, seen=BEGIN + 7)
    found = {name: lines[0]['seen'] for name, lines in crashes(run('--json', folder / 'times')).items()}
    wanted = {f'{name}.log': seen for name, (_, seen) in forms.items()} | {'json.log': clock(BEGIN), 'alone.log': clock(BEGIN + 7)}
    for name, seen in wanted.items():
        tap.check(f'when, by {name}', found.get(name) != seen and f'{found.get(name)}, not {seen}')


def copies(folder):
    """The same crash in two files counts once, whatever stands around it; one that differs by a digit is another. Equal ones without a time are told by
    how many there were."""
    write(folder / 'copies/a.log', PANIC, ordinary(1), DIVISION)
    write(folder / 'copies/b.log', ordinary(2), DIVISION, b'bye\n')
    write(folder / 'copies/c.log', *(b'web-1 | ' + line for line in DIVISION.splitlines(keepends=True)))
    found = crashes(run('--json', folder / 'copies'))
    digests = {name: lines[-1]['crash']['sha256'] for name, lines in found.items()}
    tap.check('the same crash in three files', len(set(digests.values())) != 1 and f'differs: {digests}')
    text = run('-q', folder / 'copies').out.decode()
    tap.check('... counts once', text != '2 crashes in 2 clusters, 2 copies\n' and f'differs: {text}')
    write(folder / 'copies/d.log', DIVISION.replace(b'goroutine 5 ', b'goroutine 6 '))
    tap.check('... one that differs does not', None if run('-q', folder / 'copies').out.decode().startswith('3 crashes in 2 clusters, 2 cop') else run('-q', folder / 'copies').out)
    write(folder / 'loop/a.log', *(PANIC + ordinary(number) for number in range(5)))
    write(folder / 'loop/b.log', *(PANIC + ordinary(number) for number in range(3)))
    text = run('-q', folder / 'loop').out.decode()
    tap.check('five that said the same, of which three lie there twice', text != '5 crashes in 1 cluster, 3 copies\n' and f'differs: {text}')


def grown(folder):
    """A log that goes on: only what is new has lines, and what is counted is what one run counts."""
    state, database, log = folder / 'grown.state', folder / 'grown.db', folder / 'grown/app.log'
    parts = [PANIC, ordinary(1), DIVISION, ordinary(2), PANIC, PANIC, C]
    for count in (1, 2, 3, 4, 5, 7):
        write(log, *parts[:count], seen=BEGIN + count)
        done = run('--json', '--state', state, '--db', database, folder / 'grown')
        tap.check(f'grown to {count}', done.status and f'{done.status} {done.err}')
    fresh = run('--json', folder / 'grown')
    tap.check('... what one run counts', [line['count'] for line in of_kind(done, 'cluster')] != [line['count'] for line in of_kind(fresh, 'cluster')] and f'differs: {done.out}')
    lines = [json.loads(line) for line in state.read_text().splitlines()]
    tap.check('... the file is there each time, each crash that is not its last once',
              sorted(line['crash']['number'] for line in lines if line['kind'] == 'crash') != [4] and [(line['kind'], line['crash']) for line in lines])
    tap.check('... as old as when it was first there', {line['seen'] for line in lines if line['crash']['number'] == 1} != {clock(BEGIN + 1)} and f'differs: {lines}')
    tap.check('... the history has five', len(contents(database)) != 5 and f'differs: {contents(database)}')
    tap.check('... by their digests', sorted(row[0] for row in contents(database)) != sorted({content_of(line) for line in lines}) and f'differs: {contents(database)}')
    with opened(database) as connection:
        files = connection.execute('SELECT file, crash FROM incidents').fetchall()
    tap.check('... and where they are', None if sorted(crash for _, crash in files) == [1, 2, 3, 4, 5] and all(len(file) == 64 for file, _ in files) else files)
    history = tap.Run('history', '--db', database, '--json')
    tap.check('... and tells them', [line['count'] for line in of_kind(history, 'cluster')] != [line['count'] for line in of_kind(fresh, 'cluster')] and f'differs: {history.out}')


def reports(folder):
    """What a history keeps of a cluster is the report of one of its crashes, not of the log's last."""
    for redaction in ([], ['--unredacted']):
        database = folder / f'reports{len(redaction)}.db'
        write(folder / 'reports/app.log', PANIC, ordinary(1), DIVISION, C)
        run('-q', *redaction, '--db', database, folder / 'reports')
        clusters = of_kind(tap.Run('history', '--db', database, '--json'), 'cluster')
        tap.check('three clusters', None if len(clusters) == 3 else f'{clusters}')
        for line in clusters:
            report = tap.Run('history', '--db', database, line['id']).out.decode().partition('Report of one of them:')[2]
            place = line['verdict']['place'].split()[0]
            tap.check(f'the report of {place} {redaction}', f'fingerprint {line["id"]}' not in report and f'differs: {report}')


def killed(folder):
    """Wherever the state ends, the next run makes the same of it: at the end of each line, and anywhere in one."""
    for number in range(3):
        write(folder / f'killed/{number}.log', stamped(PANIC, BEGIN + number), ordinary(1), stamped(DIVISION, BEGIN + number), stamped(C, BEGIN + number))
    state, cut = folder / 'killed.state', folder / 'cut.state'
    whole = run('--json', '-j1', '--state', state, folder / 'killed')
    data = state.read_bytes()
    tap.check('three logs of three', None if [line[1] for line in counts(whole)] == [3, 3, 3] else f'{whole.out}')
    wanted, chance = sorted(data.splitlines()), random.Random(7)
    ends = [match.end() for match in re.finditer(b'\n', data)]
    for size in [0, *ends, *(end - 1 for end in ends), *(chance.randrange(len(data)) for _ in range(CUTS))]:
        cut.write_bytes(data[:size])
        done = run('--json', '-j1', '--state', cut, folder / 'killed')
        bad = done.status or sorted(cut.read_bytes().splitlines()) != wanted or counts(done) != counts(whole)
        if bad:
            break
    tap.check('a state that ends anywhere', bad and f'{size} of {len(data)} bytes: {done.err}{done.out[-2000:]}')
    cut.write_bytes(data[:ends[1]] + b'somebody else')
    done = run('--state', cut, folder / 'killed')
    tap.check('what is no line of ours', done.trouble(1) or ('damaged' not in done.err and done.err))
    tap.check('... stays', cut.read_bytes() != data[:ends[1]] + b'somebody else' and 'it does not')
    killed_at_random(folder, whole, wanted, chance)


def killed_at_random(folder, whole, wanted, chance):
    state, database = folder / 'random.state', folder / 'random.db'
    for _ in range(10):
        with subprocess.Popen([tap.TORNSTACK, 'triage', '--state', state, '--db', database, folder / 'killed'], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env=tap.environment_of(), start_new_session=True) as process:
            time.sleep(chance.uniform(0.005, 0.12))
            process.kill()
    done = run('--json', '--state', state, '--db', database, folder / 'killed')
    tap.check('killed ten times and resumed', counts(done) != counts(whole) and f'differs: {done.out + done.err.encode()}')
    tap.check('... each line once', sorted(state.read_bytes().splitlines()) != wanted and f'differs: {state.read_bytes()[-3000:]}')
    tap.check('... and each crash', len(contents(database)) != 9 and f'differs: {contents(database)}')


def watched(folder):
    """What comes to a log that is watched."""
    log = write(folder / 'watched/app.log', PANIC, seen=time.time() - 10)
    with subprocess.Popen([tap.TORNSTACK, 'triage', '--json', '--watch', folder / 'watched'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=tap.environment_of()) as process:
        guard = threading.Timer(tap.TIMEOUT, process.kill)
        guard.start()
        first = [json.loads(process.stdout.readline() or '{}') for _ in range(2)]
        write(log, PANIC, DIVISION, C, seen=time.time() - 5)
        second = [json.loads(process.stdout.readline() or '{}') for _ in range(4)]
        process.terminate()
        guard.cancel()
    kinds = [line.get('kind') for line in first + second]
    tap.check('--watch: what is new, and the clusters that grew', kinds != ['input', 'cluster', 'crash', 'input', 'cluster', 'cluster'] and f'differs: {first + second}')
    tap.check('... by their numbers', [line.get('crash', {}).get('number') for line in second[:2]] != [2, 3] and f'differs: {second}')


def archived(folder):
    write(folder / 'tar/app.log', stamped(PANIC, BEGIN), stamped(DIVISION, BEGIN + MINUTE))
    subprocess.run(['tar', 'czf', folder / 'logs.tgz', '-C', folder, 'tar/app.log'], check=True)
    done = run('--json', folder / 'logs.tgz')
    tap.check('a member of an archive', [(line['kind'], line['path']) for line in of_kind(done, 'crash', 'input')] !=
              [('crash', f'{folder}/logs.tgz/tar/app.log'), ('input', f'{folder}/logs.tgz/tar/app.log')] and f'differs: {done.out}')


def many(folder):
    """As many as are looked at, and more: 100,000 crashes, of which the last are told, and how many there are."""
    one = b'panic: number %d\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:%d +0x1d\nexit status 2\n'
    state = folder / 'many.state'
    log = write(folder / 'many/app.log', *(one % (number, number % 50) for number in range(100000)))
    done = run('--json', '--state', state, folder / 'many')
    lines = crashes(done)['app.log']
    tap.check('a log of 100,000 crashes', done.status and f'{done.status} {done.err}')
    tap.check('... the last 1,000 of them', [line['crash']['number'] for line in lines] != list(range(99001, 100001)) and f'differs: {lines[:3]}')
    tap.check('... of how many', {line['crash']['of'] for line in lines} != {100000} and f'differs: {lines[:1]}')
    tap.check('... which is said', None if '100000 crashes' in done.err and 'app.log' in done.err else done.err)
    with open(log, 'ab') as out:
        out.write(one % (7, 7))
    again = run('--json', '--state', state, folder / 'many')
    added = state.read_bytes().count(b'\n') - len(lines)
    tap.check('... one more is one line more', None if added == 1 and sum(line['count'] for line in of_kind(again, 'cluster')) == 1001 else f'{added} {again.err}')


def main():
    with tap.memory_folder() as name:
        folder = pathlib.Path(name)
        for test in (each, times, copies, grown, reports, killed, watched, archived, many):
            test(folder)
    tap.finish()


if __name__ == '__main__':
    main()
