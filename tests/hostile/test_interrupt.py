#!/usr/bin/env python3
"""Ctrl-C at any time: status 130 and nothing left behind, neither in TMPDIR nor beside the output. Temporary files have no name
even while they are there."""
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import tap
import terminal

CASE = 'arm64-nonleaf-unwind'
TIMES = 24
STOPPING = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


class Place:
    """An empty TMPDIR, and a folder for the output."""

    def __init__(self, folder):
        self.temporary, self.outputs = (pathlib.Path(folder) / name for name in ('temporary', 'outputs'))
        self.temporary.mkdir()
        self.outputs.mkdir()
        self.output = self.outputs / 'report'

    def start(self, dump, *more, stdin=subprocess.DEVNULL, prepare=terminal.take_interrupts):
        _, *options = tap.case_args(CASE)
        command = [tap.TORNSTACK, dump, *options, *more, '--json', '--goroutines=all', '-o', self.output]
        return subprocess.Popen([str(word) for word in command], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=tap.environment_of(TMPDIR=str(self.temporary)), preexec_fn=prepare)

    def left(self, whole=None):
        """What is there that should not be; `whole`: the report may be, if it is whole."""
        names = sorted(os.listdir(self.temporary)) + sorted(os.listdir(self.outputs))
        if whole is not None and names == ['report'] and self.output.read_bytes() == whole:
            names = []
        self.output.unlink(missing_ok=True)
        return str(names) if names else None


def finish(process):
    try:
        out, err = process.communicate(timeout=tap.TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    return process.returncode, out + err


def at_any_time(place):
    """Sooner or later in a run: also before the program has begun (-2), or when it was through."""
    finish(place.start(tap.case_dump(CASE)))  # the next one finds its files in the page cache
    start = time.monotonic()
    process = place.start(tap.case_dump(CASE))
    status, said = finish(process)
    length = time.monotonic() - start
    tap.check('undisturbed', None if status == 0 and place.output.exists() else f'{status}: {said!r}')
    whole = place.output.read_bytes()
    place.left(whole)
    statuses = []
    for i in range(TIMES):
        process = place.start(tap.case_dump(CASE))
        time.sleep(length * i / (TIMES - 4))
        process.send_signal(signal.SIGINT)
        status, said = finish(process)
        statuses.append(status)
        tap.check(f'interrupted at {i}: status', None if status in (-signal.SIGINT, 0, 130) and not said else f'{status}: {said!r}')
        tap.check(f'interrupted at {i}: nothing left', place.left(whole))
    tap.check('some were interrupted in between', None if 130 in statuses else statuses)


def nameless(process, folder):
    """Waits until the process has files open in a folder; what is wrong if it has them under a name."""
    end = time.monotonic() + tap.TIMEOUT
    while time.monotonic() < end:
        if any(link.startswith(str(folder)) for link in terminal.open_files(process)):
            return str(os.listdir(folder)) if os.listdir(folder) else None
        time.sleep(0.01)
    return 'there is no such file'


def while_decompressing(place):
    data = pathlib.Path(tap.case_dump(CASE)).read_bytes()
    for number, status in STOPPING.items():
        with terminal.SlowPipe(data, goes_on=False) as reader:
            process = place.start('-', terminal.ON_DISK, stdin=reader)
            tap.check(f'{number.name}: the temporary file has no name', nameless(process, place.temporary.resolve()))
            process.send_signal(number)
            tap.check(f'{number.name}: status', None if finish(process) == (status, b'') else f'status {process.returncode}')
        tap.check(f'{number.name}: nothing left', place.left())


def ignored(place):
    """What was told to ignore signals, as nohup does, goes on."""
    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    data = pathlib.Path(tap.case_dump(CASE)).read_bytes()
    with terminal.SlowPipe(data) as reader:
        process = place.start('-', terminal.ON_DISK, stdin=reader, prepare=ignore)
        tap.check('ignored: it has begun', nameless(process, place.temporary.resolve()))
        process.send_signal(signal.SIGINT)
        tap.check('ignored: status', None if finish(process) == (0, b'') else f'status {process.returncode}')
    tap.check('ignored: a report', None if place.output.exists() else 'none')


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        at_any_time(place)
        while_decompressing(place)
        ignored(place)
    tap.finish()


main()
