#!/usr/bin/env python3
"""An HTTP service under load while tornstack looks at it again and again: what it loses, and for how long it is stopped.

usage: tests/live/busy.py [PARKED[:MEGABYTES]]… [--seconds N]     default: 1000:16 10000:64 10000:1024
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
from live import attach  # noqa: E402

SOURCE = tap.ROOT / 'fixtures/src/service'
BUILD_SECONDS = 300


def missing():
    return None if shutil.which('go') else 'no Go command is installed'


def build(folder):
    program = pathlib.Path(folder) / 'service'
    environment = dict(os.environ, CGO_ENABLED='0', GOFLAGS='-trimpath -buildvcs=false', GOWORK='off')
    subprocess.run(['go', 'build', '-ldflags=-s -w', '-o', str(program), '.'], cwd=SOURCE, env=environment, check=True,
                   timeout=BUILD_SECONDS, stdout=subprocess.DEVNULL)
    return program


def asked(program, port, seconds):
    return subprocess.Popen([program, 'load', port, str(seconds)], stdout=subprocess.PIPE, text=True)


def counted(load):
    requests, lost, longest = (int(word) for word in load.communicate()[0].split())
    return {'requests': requests, 'lost': lost, 'longest_request_ms': longest / 1000}


def measure(folder, parked, size, seconds, max_pause=20):
    """Requests of `seconds` without looks, and of as many with them."""
    program = build(folder)
    with attach.Process([program, 'serve', parked, size], folder, ready='\n') as service:
        port = service.text().split()[0]
        alone = counted(asked(program, port, seconds))
        load, pauses, took, trouble = asked(program, port, seconds), [], [], []
        while load.poll() is None:
            start = time.monotonic()
            done = tap.Run('--json', f'--max-pause={max_pause}', service.pid)
            took.append(time.monotonic() - start)
            trouble += [text for text in (done.trouble(0), attach.held(service.pid)) if text]
            if done.report:
                pauses.append(attach.pause(done.report))
        result = counted(load)
    return {**result, 'alone': alone, 'looks': len(pauses), 'longest_pause_ms': round(max(pauses, default=0), 1),
            'median_pause_ms': round(sorted(pauses)[len(pauses) // 2], 1) if pauses else None,
            'seconds_of_a_look': round(min(took, default=0), 2), 'trouble': trouble}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('shapes', nargs='*', default=['1000:16', '10000:64', '10000:1024'])
    parser.add_argument('--seconds', type=int, default=10)
    options = parser.parse_args()
    failed = 0
    for shape in options.shapes:
        parked, _, megabytes = shape.partition(':')
        with tempfile.TemporaryDirectory() as folder:
            result = measure(folder, int(parked), int(megabytes or 16) << 20, options.seconds)
        print(f'{parked} goroutines, {megabytes or 16} MB: {result}', flush=True)
        failed += bool(result['lost'] or result['trouble'] or not result['looks'])
    print(f'{len(options.shapes) - failed} passed, {failed} failed')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
