#!/usr/bin/env python3
"""The zoo while it lives: goroutines of every kind, read from the running process, against what the runtime says of them right after.

usage: tests/live/live_zoo.py [RELEASE]…      default: the Go command's own, in each way of building
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
from live import attach  # noqa: E402

ZOO = tap.ROOT / 'fixtures/src/zoo'
WAYS = {
    'stripped static': ({'CGO_ENABLED': '0'}, ['-ldflags=-s -w']),
    'pie': ({'CGO_ENABLED': '0'}, ['-buildmode=pie']),
    'cgo': ({'CGO_ENABLED': '1'}, []),
    'without optimisation': ({'CGO_ENABLED': '0'}, ['-gcflags=all=-N -l']),
}
LOOKS = 3


def build(way, release, folder):
    environment, flags = WAYS[way]
    program = pathlib.Path(folder) / 'zoo'
    environment = dict(os.environ, GOFLAGS='-trimpath -buildvcs=false', GOWORK='off', **environment,
                       **({'GOTOOLCHAIN': f'go{release}'} if release else {}))
    subprocess.run(['go', 'build', *flags, '-o', str(program), '.'], cwd=ZOO, env=environment, check=True)
    return program


def told(report):
    """A WaitGroup that nobody is left to call Done of (locks.go), if all memory was copied; nothing else."""
    verdict = report['verdict']
    known = verdict['rule'] == 'stuck' and 'main.waitGroup' in verdict['headline'] and report['process']['live']['complete']
    return None if verdict['certainty'] == 'healthy' or known else verdict


def check(way, release):
    name = f'{release or "the installed release"}, {way}'
    with tempfile.TemporaryDirectory() as folder:
        program = build(way, release, folder)
        pauses = []
        with attach.Process([program, 'live'], folder, ready='ready') as zoo:
            for _ in range(LOOKS):
                done = tap.Run('--json', '--goroutines=all', '--max-pause=5000', zoo.pid)
                if not tap.check(f'{name}: it is read', done.trouble(0)):
                    return
                pauses.append(attach.pause(done.report))
                tap.check(f'{name}: it runs on', attach.held(zoo.pid))
            tap.check(f'{name}: nothing is found but what the zoo does on purpose', told(done.report))
            tap.check(f'{name}: parked goroutines stand where the runtime says (stopped for {max(pauses):.1f} ms)',
                      attach.parked_difference(done.report, zoo.quit()))


def main():
    for release in sys.argv[1:] or [None]:
        for way in WAYS:
            check(way, release)
    tap.finish()


main()
