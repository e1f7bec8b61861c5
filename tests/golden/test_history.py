#!/usr/bin/env python3
"""`tornstack triage --db` and `tornstack history`: what is kept, that nothing is counted twice or lost, who may write, what is said where it
cannot be, and what reports say of it."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import html5lib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
from incidents import contents, opened, stamped  # noqa: E402

LOGS = ('amd64-panic', 'amd64-bus', 'amd64-quit', 'amd64-registered', 'amd64-cgo-stripped')
SECRET = b'sold out'  # amd64-panic says so
WRITERS, EACH, DAY = 5, 12, 86400


def triage(database, *args):
    return tap.Run('triage', '--db', database, *args)


def history(database, *args):
    return tap.Run('history', '--db', database, *args)


def clusters_of(run):
    return [json.loads(line) for line in run.out.decode().splitlines() if '"cluster"' in line]


def fill(folder):
    folder.mkdir()
    for index, case in enumerate(LOGS):
        shutil.copy(tap.CASES / case / 'expected.traceback', folder / f'{case}.log')
        os.utime(folder / f'{case}.log', (1700000000 + DAY * index,) * 2)
    return folder


def kept(folder, database):
    """All of it, once."""
    done = triage(database, folder)
    tap.check('triage --db', done.trouble(0))
    tap.check('it is its owner\'s', database.stat().st_mode & 0o777 != 0o600 and oct(database.stat().st_mode))
    once = contents(database)
    tap.check('each input is there', len(once) != len(LOGS) and once)
    tap.check('the same again changes nothing', triage(database, folder).trouble(0) or (contents(database) != once and 'it does'))
    before, after = clusters_of(tap.Run('triage', '--json', folder)), clusters_of(history(database, '--json'))
    for line in before + after:
        line['verdict'].pop('headline')
    tap.check('its clusters are those of triage', before != after and f'{before}\n{after}')
    told = b''.join(path.read_bytes() for path in database.parent.glob(database.name + '*'))
    tap.check('what the program said is not in it', SECRET in told and 'it is')
    whole = database.with_name('whole.db')
    tap.check('--unredacted', triage(whole, '--unredacted', folder).trouble(0))
    told = b''.join(path.read_bytes() for path in database.parent.glob(whole.name + '*'))
    tap.check('... it is', SECRET not in told and 'it is not')


def told(folder, database):
    """What reports say."""
    log = folder / 'amd64-panic.log'
    plain = tap.Run('--json', log)
    done = tap.Run('--json', '--db', database, log)
    fingerprint = plain.report['fingerprint']
    tap.check('without --db there is no history', 'history' in plain.report and plain.report['history'])
    tap.check('seen once', (done.report or {}).get('history', {}).get('count') != 1 and done.out[-500:])
    others = {key: value for key, value in done.report.items() if key != 'history'}
    tap.check('... and all else is as it was', others != plain.report and 'it is not')
    (folder / 'again.log').write_bytes(stamped(log.read_bytes(), 1700000000 + 9 * DAY))
    os.utime(folder / 'again.log', (1700000000 + 9 * DAY,) * 2)
    tap.check('one more', triage(database, folder / 'again.log').trouble(0))
    history(database, fingerprint, '--note', 'see \x1b[31mthe <b>runbook', '--issue', 'https://issues.example/7')
    wanted = 'seen 2 times since 2023-11-14, last on 2023-11-23'
    for args in ((), ('--markdown',), ('--html',), ('--no-sandbox',)):
        text = ' '.join(re.sub(r'\\(.)', r'\1', tap.Run(*args, log, environment={'TORNSTACK_DB': str(database)}).out.decode()).replace('`', '').split())
        tap.check(f'TORNSTACK_DB {" ".join(args)}', None if wanted in text and 'issues.example/7' in text else text[:1500])
        tap.check('... notes are harmless', ('\x1b' in text or (args == ('--html',) and '<b>runbook' in text)) and text[:1500])
    done = history(database, fingerprint[:9])
    tap.check('history FINGERPRINT', done.trouble(0) or (wanted not in done.out.decode() and done.out))
    tap.check('... has a report', None if b'Report of one of them:' in done.out and SECRET not in done.out else done.out)
    tap.check('history of none', history(database, 'ffffffff').trouble(1))
    tap.check('no history', tap.Run('history').trouble(2))
    bad = tap.Run('--json', '--db', folder.parent / 'missing.db', log)
    tap.check('a database that is not there costs no report', bad.trouble(0) or ('no such database' not in str(bad.report['history']['trouble']) and bad.report))


def of_builds(database):
    """First on, and gone since: by lines that a triage could have written, of a program whose second build does not crash so."""
    with opened(database) as connection:
        (line,) = connection.execute("SELECT line FROM incidents WHERE line LIKE '%\"program\":%amd64-panic%' OR line LIKE '%ship%' LIMIT 1").fetchone()
        for number, (fingerprint, build, day) in enumerate((('a' * 16, 'v1', 0), ('a' * 16, 'v2', 1), ('b' * 16, 'v2', 2), ('b' * 16, 'v3', 3))):
            incident = json.loads(line)
            incident['target'].update(program='shop', version=build, revision=None, build=None)
            incident.update(fingerprint=fingerprint, fingerprint_exact=fingerprint, sha256=f'{number:064x}', functions=[fingerprint])
            incident.pop('crash', None)
            seen = 1600000000 + day * DAY
            incident['seen'] = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seen))
            text = json.dumps(incident)
            connection.execute('INSERT INTO incidents (hash, fingerprint, seen, program, build, line) VALUES (?, ?, ?, ?, ?, ?)', (incident['sha256'], fingerprint, seen, 'shop', build, text))
            connection.execute('INSERT OR IGNORE INTO fingerprints (fingerprint, line) VALUES (?, ?)', (fingerprint, text))
    first, second = (' '.join(history(database, name).out.decode().split()) for name in ('aaaa', 'bbbb'))
    tap.check('first on, gone since', None if 'seen 2 times since 2020-09-13, last on 2020-09-14; first on build v1; gone since v3 (2020-09-16)' in first else first)
    tap.check('... and not gone', ('first on build v2' not in second or 'gone' in second) and second)
    tap.check('--retain', history(database, '--retain', '2020-09-15').trouble(0))
    text = ' '.join(tap.Run('history', '--db', database, 'aaaa').out.decode().split())
    tap.check('... how often it was is still known', None if 'seen 2 times since 2020-09-13' in text and 'gone since v3' in text else text)
    with opened(database) as connection:
        tap.check('... and the crashes are gone', connection.execute("SELECT count(*) FROM incidents WHERE seen < 1600128000").fetchone()[0] and 'they are not')


def seen_how_often(database, log):
    return (tap.Run('--json', '--db', database, log).report or {}).get('history', {}).get('count')


def forgotten(folder):
    """What retention removed lies where it lay, and is handed over again by every run: it counts once; and what is seen again is not new."""
    database, log, again = folder.parent / 'forgotten.db', folder / 'amd64-panic.log', folder.parent / 'later.log'
    triage(database, folder)
    once = seen_how_often(database, log)
    for _ in range(2):
        tap.check('--retain', history(database, '--retain', '30d').trouble(0) or (contents(database) and 'crashes are left'))
        tap.check('the same again', triage(database, folder).trouble(0) or (contents(database) and 'it is added'))
    tap.check('... counts once', None if once and seen_how_often(database, log) == once else f'{once} {seen_how_often(database, log)}')
    again.write_bytes(stamped(log.read_bytes(), time.time() - 3600))
    tap.check('seen again long after: not new', triage(database, '--since', '24h', again).trouble(0) or history(database, '--since', '24h').trouble(0))
    tap.check('... and it counts', None if seen_how_often(database, log) == once + 1 else seen_how_often(database, log))
    shutil.copy(tap.CASES / 'amd64-nil/expected.traceback', again)
    done = triage(database, '--since', '24h', again)
    tap.check('what was never seen is', None if done.status == 4 else f'{done.status} {done.err}')


def of_first_schema(folder):
    """A database that the first version made: what is in it stays, and retention works."""
    old, new = folder.parent / 'old.db', folder.parent / 'made.db'
    triage(new, folder)
    with opened(new) as made, opened(old) as connection:
        connection.executescript((tap.ROOT / 'fleet/history/1.sql').read_text())
        connection.executescript(f'CREATE TABLE tornstack_schema (version BIGINT PRIMARY KEY); INSERT INTO tornstack_schema VALUES (1); '
                                 f'PRAGMA application_id = {made.execute("PRAGMA application_id").fetchone()[0]}')
        for *values, text in made.execute('SELECT fingerprint, seen, program, build, line FROM incidents').fetchall():
            line = json.loads(text)
            line.pop('crash')  # then one was kept of each log, by the log's content
            connection.execute('INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?)', (line['sha256'], *values, json.dumps(line)))
        connection.executemany('INSERT INTO fingerprints VALUES (?, ?, ?, ?, ?)', made.execute('SELECT * FROM fingerprints').fetchall())
    wanted = history(new, '--json')
    found = history(old, '--json')
    tap.check('a database of the first schema', None if found.status == 0 and clusters_of(found) == clusters_of(wanted) and clusters_of(wanted) else found.err)
    with opened(old) as connection:
        tap.check('... is of this one now', connection.execute('SELECT max(version) FROM tornstack_schema').fetchone()[0] < 3 and 'it is not')
    tap.check('... and counts nothing twice', triage(old, folder).trouble(0) or (contents(old) != contents(new) and [row[0] for row in contents(old)]))
    tap.check('... which forgets', history(old, '--retain', '30d').trouble(0) or triage(old, folder).trouble(0) or (contents(old) and contents(old)))


def feeds(folder, database):
    new = database.with_name('new.db')
    metrics = folder.parent / 'metrics.prom'
    tap.check('--since: news', triage(new, '--since', '2023-11-17', '--metrics', metrics, folder).status != 4 and 'no status 4')
    partly = folder.parent / 'partly'
    partly.mkdir()
    shutil.copy2(folder / 'amd64-panic.log', partly)
    (partly / 'cut.zst').write_bytes((tap.CASES / 'amd64-panic/dump.zst').read_bytes()[:300])
    statuses = [tap.Run('triage', *args, partly).status for args in (('--since', '2023-11-01'), ('--since', '2023-11-17'), ())]
    tap.check('--since: news, though something cannot be read', None if statuses == [4, 1, 1] else statuses)
    tap.check('--since: none', history(new, '--since', '2024-01-01').trouble(0))
    tap.check('... is empty', clusters_of(history(new, '--since', '2024-01-01', '--json')))
    tap.check('--since: no time', history(new, '--since', 'noon').trouble(2))
    text = metrics.read_text()
    for line in text.splitlines():
        if not re.fullmatch(r'# (HELP|TYPE) [a-z_]+ .*|[a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)+\})? -?[0-9]+', line):
            tap.check('metrics', line)
    counted = sum(int(line.rsplit(' ', 1)[1]) for line in text.splitlines() if line.startswith('tornstack_crashes{'))
    tap.check('metrics count each crash once', counted != len(contents(new)) and text)
    records = [json.loads(line) for line in history(new, '--otlp').out.decode().splitlines()]
    times = [record['resourceLogs'][0]['scopeLogs'][0]['logRecords'][0]['timeUnixNano'] for record in records]
    tap.check('--otlp: a record for each', times != [f'{row[2]}000000000' for row in sorted(contents(new), key=lambda row: row[2])] and times)


def hostile_labels(folder):
    """What a dump calls its program is no way into a terminal, nor into a collector, which refuses a whole file for one byte."""
    line = next(json.loads(text) for text in tap.Run('triage', '--json', folder / 'amd64-panic.log').out.decode().splitlines())
    line['target'].update(program='p\x1b]0;owned\x07\x9b"\\\n', version=None, revision='r', build='123456789ab\u00e4')
    state, metrics = folder.parent / 'hostile.state', folder.parent / 'hostile.prom'
    state.write_text(json.dumps(line) + '\n', encoding='utf-8')
    tap.Run('triage', '--state', state, '--metrics', metrics)
    text = metrics.read_bytes().decode('utf-8') # or it throws
    wanted = (r'program="p\\x1b]0;owned\\x07\\x9b\"\\\n"', r'build="r (123456789ab\\xc3)"')
    tap.check('labels of metrics are escaped', not all(part in text for part in wanted) and text)


def in_any_order(folder):
    """Clusters are those of triage, whichever incident of a fingerprint was added first: two fingerprints that are alike, of which the one that was
    seen first has a later incident that was added first."""
    line = next(json.loads(text) for text in tap.Run('triage', '--json', folder / 'amd64-panic.log').out.decode().splitlines())
    state, database = folder.parent / 'order.state', folder.parent / 'order.db'
    with open(state, 'w', encoding='utf-8') as out:
        line.pop('crash')
        for number, (fingerprint, day) in enumerate((('a' * 16, 5), ('b' * 16, 3), ('a' * 16, 1))):
            line.update(fingerprint=fingerprint, fingerprint_exact=fingerprint, sha256=f'{number:064x}', path=f'{number}',
                        seen=time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(1700000000 + day * DAY)))
            out.write(json.dumps(line) + '\n')
    wanted, found = clusters_of(tap.Run('triage', '--json', '--state', state)), clusters_of(triage(database, '--json', '--state', state))
    tap.check('clusters do not depend on who was added first', None if found == wanted and wanted[0]['id'] == 'a' * 16 and len(wanted) == 1 else
              f'{found}\n{wanted}')


def pages(folder, database):
    public = folder.parent / 'public'
    done = history(database, '--html', public, '-q')
    tap.check('--html', done.trouble(0))
    text = (public / 'index.html').read_text()
    links = set(re.findall(r'href="([0-9a-f]{16}\.html)"', text))
    tap.check('a page for each cluster', None if links and links == {page.name for page in public.iterdir()} - {'index.html'} else links)
    for page in public.iterdir():
        parser = html5lib.HTMLParser(strict=True)
        try:
            parser.parse(page.read_text())
            trouble = None
        except html5lib.html5parser.ParseError as error:
            trouble = f'{error} {parser.errors}'
        tap.check(page.name, trouble or ('<script' in page.read_text() and 'a script') or (SECRET.decode() in page.read_text() and 'what the program said'))
    tap.check('where no folder can be', history(database, '--html', folder / 'amd64-bus.log').trouble(1))


def several_writers(folder):
    """Five at a time, each with inputs of its own and some that all have; two of them are killed on the way, and begin again."""
    database, shared = folder.parent / 'shared.db', (folder / 'amd64-bus.log').read_bytes()
    for writer in range(WRITERS):
        own = folder.parent / f'own{writer}'
        own.mkdir()
        for number in range(EACH):
            (own / f'{number}.log').write_bytes(stamped(shared, 1700000000 + writer * EACH + number) if number else shared)

    def start(writer):
        return subprocess.Popen([tap.TORNSTACK, 'triage', '-j1', '--db', database, folder.parent / f'own{writer}'], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, env=tap.environment_of(), start_new_session=True)
    running = [start(writer) for writer in range(WRITERS)]
    time.sleep(0.1)
    for victim in running[:2]:
        victim.send_signal(signal.SIGKILL)
    running += [start(writer) for writer in range(2)]
    said = [process.communicate(timeout=tap.TIMEOUT)[1] for process in running]
    tap.check('five writers', [process.returncode for process in running[2:]] != [0] * WRITERS and said)
    rows = contents(database)
    tap.check('... nothing is lost or there twice', len(rows) != WRITERS * (EACH - 1) + 1 and len(rows))


def damaged(folder, database):
    log = folder / 'amd64-panic.log'
    garbage = folder.parent / 'garbage.db'
    garbage.write_bytes(b'no database' * 1000)
    done = triage(garbage, log)
    tap.check('another kind of file', done.trouble(1) or ('no database of SQLite' not in done.err and done.err))
    tap.check('... is left as it is', garbage.read_bytes() != b'no database' * 1000 and 'it is not')
    foreign = folder.parent / 'foreign.db'
    with opened(foreign) as connection:
        connection.execute('CREATE TABLE mine (a)')
    tap.check('of another program', None if 'another program' in triage(foreign, log).err else 'not said')
    newer = folder.parent / 'newer.db'
    triage(newer, log)
    with opened(newer) as connection:
        connection.execute('INSERT INTO tornstack_schema VALUES (99)')
    tap.check('of a newer tornstack', None if 'newer tornstack' in triage(newer, log).err else 'not said')
    broken = folder.parent / 'broken.db'
    with opened(database) as connection:
        connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    data = bytearray(database.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    broken.write_bytes(data)
    done = history(broken)
    tap.check('a damaged one', done.trouble(1) or ('damaged' not in done.err and done.err))
    done = tap.Run('--db', broken, log)
    tap.check('... costs no report', done.trouble(0) or ('damaged' not in ' '.join(done.out.decode().split()) and done.out[:800]))


def full_disk(folder):
    database = folder.parent / 'full.db'
    first = triage(database, folder / 'amd64-bus.log')
    before = contents(database)
    done = subprocess.run(['prlimit', '--fsize=40000', tap.TORNSTACK, 'triage', '--db', database, folder], capture_output=True, check=False,
                          env=tap.environment_of(), timeout=tap.TIMEOUT)
    tap.check('no room', first.trouble(0) or (done.returncode != 1 and done.returncode))
    tap.check('... is said', str(database).encode() not in done.stderr and done.stderr)
    tap.check('... what was there is there', not set(before) <= set(contents(database)) and 'it is not')
    state, again = folder.parent / 'full.state', folder.parent / 'again.db'
    line = json.loads(tap.Run('triage', '--json', folder / 'amd64-bus.log').out.decode().splitlines()[0])
    line.pop('crash')
    state.write_text(''.join(json.dumps({**line, 'sha256': f'{number:064x}', 'path': f'{number}'}) + '\n' for number in range(200)))
    triage(again, folder / 'amd64-bus.log')
    done = subprocess.run(['prlimit', '--fsize=200000', tap.TORNSTACK, 'triage', '--db', again, '--state', state], capture_output=True, check=False,
                          env=tap.environment_of(), timeout=tap.TIMEOUT)
    tap.check('no room for what a state tells', None if done.returncode == 1 and str(again).encode() in done.stderr else f'{done.returncode} {done.stderr}')
    tap.check('... and it goes on', triage(database, folder).trouble(0) or (len(contents(database)) < len(LOGS) and contents(database)))


def main():
    with tap.memory_folder() as name:
        folder, database = fill(pathlib.Path(name) / 'dumps'), pathlib.Path(name) / 'crashes.db'
        kept(folder, database)
        feeds(folder, database)
        told(folder, database)
        of_builds(database)
        forgotten(folder)
        of_first_schema(folder)
        hostile_labels(folder)
        in_any_order(folder)
        pages(folder, database)
        damaged(folder, database)
        several_writers(folder)
        full_disk(folder)
    tap.finish()


if __name__ == '__main__':
    main()
