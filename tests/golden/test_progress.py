#!/usr/bin/env python3
"""Progress on a terminal: what takes over a second is told on one line, which is gone in the end; nobody else sees any of it."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

import dump_file
import tap
import terminal

CASE = 'amd64-panic'
SPARSE = 2 << 30  # bytes, which take far longer than PAUSED_AT to decompress
EVERY, RANDOM = 4 << 20, 64 << 10  # so that it is no small file, of which all is read at once
PAUSED_AT = 0.1  # seconds


def exe():
    return ['--exe', tap.CASES / CASE / 'exe.zst', '--sysroot', tap.CASES / CASE]


def slow(data, *args, **more):
    with terminal.SlowPipe(data) as reader:
        return terminal.Run('-', *exe(), *args, stdin=reader, **more)


def check_shown(name, run, what, status=0):
    """It was shown, within the width, by carriage returns and spaces alone, and taken away."""
    tap.check(f'{name}: status', None if run.status == status else f'{run.status}: {run.sent!r}')
    tap.check(f'{name}: shown', None if any(what in line for line in run.screen.seen) else repr(run.sent))
    tap.check(f'{name}: no escape sequences', repr(run.screen.odd) if run.screen.odd else None)
    if status == 0:
        tap.check(f'{name}: gone', None if run.screen.text() == '' and run.screen.column == 0 else repr(run.screen.text()))


def check_none(name, run, status=0):
    tap.check(f'{name}: status', None if run.status == status else run.status)
    tap.check(f'{name}: nothing shown', repr(run.sent) if run.sent else None)


def pipes(packed, plain):
    for name, data, what in (('compressed', packed, 'decompressing the dump'), ('plain', plain, 'reading the dump')):
        run = slow(data)
        check_shown(name, run, what)
        expected = subprocess.run([tap.TORNSTACK, '-', *map(str, exe())], input=data, capture_output=True, check=True,
                                  env=tap.environment_of(), timeout=tap.TIMEOUT)
        tap.check(f'{name}: the report is the same', None if run.out == expected.stdout else 'it differs')
        tap.check(f'{name}: nothing without a terminal', repr(expected.stderr) if expected.stderr else None)
    check_shown('NO_COLOR', slow(packed, NO_COLOR='1'), 'decompressing the dump')
    check_shown('-q', slow(packed, '-q'), 'decompressing the dump')
    narrow = slow(plain, columns=12)
    check_shown('narrow', narrow, 'reading the')
    tap.check('narrow: within the width', None if max(map(len, narrow.screen.seen)) < 12 else narrow.screen.seen)


def elsewhere(packed):
    for name, environment in (('a dumb terminal', {'TERM': 'dumb'}), ('an unknown terminal', {'TERM': ''})):
        check_none(name, slow(packed, **environment))
    with terminal.SlowPipe(packed) as reader:
        done = tap.Run('-', *exe(), stdin=reader)
    tap.check('a slow run without a terminal', done.trouble(0) or (repr(done.err) if done.err else None))
    check_none('a quick run', terminal.Run(tap.case_dump(CASE), *exe()))


def complaint(plain):
    """What is complained of stands on a line of its own."""
    run = slow(b'\0' * len(plain))
    check_shown('complaint', run, 'reading the dump', 1)
    text = run.screen.text()
    tap.check('complaint: alone', None if re.fullmatch(r'tornstack: [^\n]*not a dump[^\n]*\nWhat to do: [^\n]*\n', text) else repr(text))


def interrupt(packed):
    def act(process, run):
        run.wait_for(b'decompressing')
        process.send_signal(signal.SIGINT)

    run = slow(packed, act=act)
    check_shown('interrupted', run, 'decompressing the dump', 130)
    tap.check('interrupted: gone', None if run.screen.text() == '' and run.screen.column == 0 else repr(run.screen.text()))
    tap.check('interrupted: no report', repr(run.out) if run.out else None)


def decompresses(process, folder):
    """Whether it is over, or has a file without a name."""
    return process.poll() is not None or any(link.startswith(str(folder)) and link.endswith('(deleted)')
                                             for link in terminal.open_files(process))


def share(folder):
    """Of a file the size is known, and so how long it will take."""
    sparse = folder / 'sparse'
    with sparse.open('wb') as out:
        for at in range(0, SPARSE, EVERY):
            os.pwrite(out.fileno(), os.urandom(RANDOM), at)
        out.truncate(SPARSE)
    subprocess.run(['zstd', '-q1', sparse, '-o', folder / 'sparse.zst'], check=True)

    def act(process, _):
        while not decompresses(process, folder):
            time.sleep(0.01)
        time.sleep(PAUSED_AT)
        family = terminal.family(process)  # the child decompresses
        for pid in family:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(terminal.SILENT * 1.2)
        for pid in family:
            os.kill(pid, signal.SIGCONT)

    run = terminal.Run(folder / 'sparse.zst', terminal.ON_DISK, act=act, TMPDIR=str(folder))
    check_shown('share', run, 'decompressing the dump', 1)
    line = re.compile(r'decompressing the dump \[#* *\] \d{1,3} %(, \d+ of \d+ [KM]iB)?(, (\d+ s|\d+:\d\d) left)?')
    shown = [text for text in run.screen.seen if text.startswith('decompressing')]
    tap.check('share: bar, percentage, time', None if shown and all(map(line.fullmatch, shown)) and
              any('left' in text for text in shown) else shown)


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        packed = pathlib.Path(tap.case_dump(CASE)).read_bytes()
        plain = dump_file.unpacked(tap.case_dump(CASE), folder).read_bytes()
        pipes(packed, plain)
        elsewhere(packed)
        complaint(plain)
        interrupt(packed)
        share(folder)
    tap.finish()


main()
