#!/usr/bin/env python3
"""Who wrote a line: two processes crash at a time, and their lines stand in one log, in turns, each in what a shipper, a browser of logs or
`tail -f` puts around them. Pairs are drawn by SEED; `HOSTILE=full` takes more."""
import hashlib
import json
import os
import pathlib
import random
import tempfile

import kept
import tap
from mangle import stamp

SEED = int(os.environ.get('SEED', '20'))
LARGEST = 40000                # bytes of a log
PAIRS = 40 if tap.FULL else 4  # of each form
PODS, HOSTS = ('web-7d9f8b6c5-x2x4z', 'web-7d9f8b6c5-q8k2p'), ('ip-10-0-3-7', 'ip-10-0-3-8')


def unique(i, size):
    """An id that no other line has."""
    return hashlib.sha256(str(i).encode()).hexdigest()[:size]


# What stands around a text: of which process (0 or 1), the text, the line's number.
FORMS = {
    'compose': lambda who, text, i: f'{("web-1", "web-2")[who]}  | {stamp(i)} {text}',
    'kubectl --prefix': lambda who, text, i: f'[pod/{PODS[who]}/app] {text}',
    'stern': lambda who, text, i: f'{PODS[who]} app {text}',
    'journald': lambda who, text, i: f'Nov 28 12:{i // 60 % 60:02}:{i % 60:02} host-3 app[{4711 + who}]: {text}',
    'syslog of two hosts': lambda who, text, i: f'<11>1 {stamp(i)} {HOSTS[who]} app 4711 - - {text}',
    'an id before each line': lambda who, text, i: f'{stamp(i)} {("web-1", "web-2")[who]} [{unique(i, 8)}] {text}',
    'a UUID before each line': lambda who, text, i: f'{stamp(i)} {unique(i, 8)}-{unique(i + 1, 4)}-4{unique(i, 3)}-{unique(i + 2, 12)} {HOSTS[who]} {text}',
    'docker, with the pod behind': lambda who, text, i: json.dumps({'log': text + '\n', 'stream': 'stderr', 'time': stamp(i), 'pod': PODS[who]}),
    'Cloud Logging': lambda who, text, i: json.dumps({
        'insertId': f'a{i:x}', 'textPayload': text, 'resource': {'labels': {'pod_name': PODS[who]}}, 'timestamp': stamp(i)}),
    'Elasticsearch': lambda who, text, i: json.dumps({
        '_index': 'logs-2026.11.28', '_id': unique(i, 20), '_source': {'@timestamp': stamp(i), 'message': text, 'log': {'offset': i * 97},
                                                                      'kubernetes': {'pod': {'name': PODS[who], 'uid': unique(who, 12)}}}}),
    'Datadog': lambda who, text, i: json.dumps({'id': unique(i, 32), 'content': {'timestamp': stamp(i), 'host': HOSTS[who], 'service': 'web', 'message': text}}),
    'journalctl -o json': lambda who, text, i: json.dumps({
        '__CURSOR': f's={unique(0, 12)};i={i:x}', '__REALTIME_TIMESTAMP': str(1795867200000000 + i * 1001), '_PID': str(4711 + who),
        'MESSAGE': text, '_HOSTNAME': 'host-3'}),
}


def texts():
    paths = [path for path in [*kept.PRINTED, *kept.ENDED] if path.stat().st_size <= LARGEST]
    return {name: text.rstrip('\n').split('\n') for name, text in kept.texts(paths).items()}


def turns(chance, logs):
    """Who says how many lines, in turns, until all is said."""
    at = [0, 0]
    while any(at[who] < len(logs[who]) for who in (0, 1)):
        who, count = chance.randrange(2), chance.randrange(1, 6)
        yield who, logs[who][at[who]:at[who] + count]
        at[who] = min(at[who] + count, len(logs[who]))


def in_turns(chance, form, logs):
    said = [(who, line) for who, lines in turns(chance, logs) for line in lines]
    return [form(who, line, i) for i, (who, line) in enumerate(said)]


def followed(chance, logs):
    """As tail -f prints two files: an empty line and a header when the other one goes on."""
    made, last = [], None
    for who, lines in turns(chance, logs):
        made += ([''] if made else []) + [f'==> /var/log/{("web", "db")[who]}.log <=='] if who != last else []
        made, last = made + lines, who
    return made


def crashes(lines):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'log'
        path.write_text(''.join(line + '\n' for line in lines), encoding='utf-8')
        return sorted(set(kept.crashes(path)))


def check_form(name, chance, logs, make):
    wrong = {}
    for _ in range(PAIRS):
        pair = chance.sample(list(logs), 2)
        found = crashes(make(chance, [logs[one] for one in pair]))
        wanted = sorted({*crashes(logs[pair[0]]), *crashes(logs[pair[1]])})
        if found != wanted:
            wrong[tuple(pair)] = f'{found}, not {wanted}'
    tap.check(f'{name}: two that crash at a time are two', wrong or None)


def check_alone(name, log, form):
    """What changes from line to line is not the sender."""
    found, wanted = crashes([form(0, line, i) for i, line in enumerate(log)]), crashes(log)
    tap.check(f'{name}: one is one', None if found == wanted else f'{found}, not {wanted}')


def check_near(logs):
    log = logs['amd64-again']
    middle, whole = len(log) // 2, crashes(log)
    one_header = [*log[:middle], '', '==> /var/log/db.log <==', *log[middle:]]
    tap.check('one header in the midst of a crash is what somebody says', None if crashes(one_header) == whole else crashes(one_header))
    hours = [f'2026-11-28-{i // 20 % 24:02} {line}' for i, line in enumerate(log)]
    tap.check('an hour is no address', None if crashes(hours) == whole else crashes(hours))
    numbers = [f'[{i % 5}] {line}' for i, line in enumerate(log)]
    tap.check('numbers that alternate tear each stack: none is a sender', None if crashes(numbers) == whole else crashes(numbers))


def check_large():
    """So many goroutines that the log is looked at in several parts, and a file goes on from one into the next."""
    def stacks(name, count):
        yield from ('panic: boom', '', 'goroutine 1 [running]:', f'main.{name}()', '\t/src/main.go:12 +0x1d')
        for i in range(2, count):
            yield from ('', f'goroutine {i} [chan receive, 5 minutes]:', f'main.wait(0xc{i:09x})', f'\t/src/app/read.go:{10 + i % 7} +0x1d',
                        'created by main.accept in goroutine 1', '\t/src/app/accept.go:30 +0x25')
    logs, made = [list(stacks('one', 90000)), list(stacks('two', 90000))], []
    for at in range(0, len(logs[0]), 70001):
        for who in (0, 1):
            made += ['', f'==> {who}.log <==', *logs[who][at:at + 70001]]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'log'
        path.write_text(''.join(line + '\n' for line in made))
        report = tap.Run('--json', path).report
    counts = [one['goroutine_count'] for one in [report, *report.get('crashes', {}).get('reports', [])]]
    tap.check('tail -f of 180,000 goroutines: two crashes with all of theirs', None if counts == [89999, 89999] else counts)


def main():
    chance, logs = random.Random(SEED), texts()
    for name, form in FORMS.items():
        check_alone(name, logs['amd64-again'], form)
        check_form(name, chance, logs, lambda dice, pair, form=form: in_turns(dice, form, pair))
    check_form('tail -f', chance, logs, followed)
    check_near(logs)
    check_large()
    tap.finish()


if __name__ == '__main__':
    main()
