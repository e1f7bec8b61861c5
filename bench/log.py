#!/usr/bin/env python3
"""How long tornstack takes to find three crashes in a log of 2 GB, and in how much memory, beside `grep -c goroutine` and, where it is
installed, panicparse (pp). The log is a service's, made here; the crashes are those of fixtures/logs. Each is run three times, the best
counts; the first run of all brings the file into the page cache."""
import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TORNSTACK = os.environ.get('TORNSTACK', ROOT / 'build/tornstack')
CRASHES = ('chain', 'quit', 'tested')
WORDS = 'request handled error timeout user service started connection status database query upstream retry cache goroutines'.split()


def lines(count):
    chance = random.Random(1)
    for i in range(count):
        words = ' '.join(chance.choices(WORDS, k=chance.randrange(4, 12)))
        yield (f'2026-11-28T12:{i // 60 % 60:02}:{i % 60:02}.{chance.randrange(1000):03}Z level=info msg="{words}" '
               f'id={chance.randrange(1 << 32):x} path=/api/v1/{chance.choice(WORDS)}\n')


def make(path, size):
    block = ''.join(lines(20000)).encode()
    with open(path, 'wb') as out:
        for crash in CRASHES:
            for _ in range(size // len(block) // (len(CRASHES) + 1)):
                out.write(block)
            out.write((ROOT / 'fixtures/logs' / crash / 'log.txt').read_bytes())
        while out.tell() < size:
            out.write(block)


def stacks(path, count):
    """A crash of so many goroutines, each with two calls."""
    with open(path, 'w') as out:
        out.write('panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:12 +0x1d\n')
        for i in range(2, count + 1):
            out.write(f'\ngoroutine {i} [chan receive, 5 minutes]:\nmain.read(0xc{i:09x}, {{0x{i:x}, 0x2}})\n'
                      f'\t/src/app/read.go:{10 + i % 7} +0x1d\nmain.(*conn).serve(0xc{i:09x})\n\t/src/app/conn.go:33 +0x65\n'
                      f'created by main.accept in goroutine 1\n\t/src/app/accept.go:30 +0x25\n')


def run(command, path, to=None):
    """Seconds on the clock and of the CPU, and MB of memory: the least of three runs."""
    best = None
    out = open(to, 'w') if to else tempfile.TemporaryFile()
    for _ in range(3):
        start = time.monotonic()
        child = subprocess.Popen([*command, path], stdout=out, stderr=subprocess.DEVNULL)  # grep stops early for /dev/null
        _, _, usage = os.wait4(child.pid, 0)
        now = (time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
        best = now if best is None or now[1] < best[1] else best
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--size', type=int, default=2000, help='of the log, in MB')
    parser.add_argument('--goroutines', type=int, default=1000000, help='of one large crash')
    parser.add_argument('--folder', help='where the log is made, and removed again')
    options = parser.parse_args()
    tornstack = [TORNSTACK, '--quiet', '--no-sandbox']
    commands = {'grep -c goroutine': ['grep', '-c', 'goroutine'], 'tornstack': tornstack,
                'tornstack, a pipe': ['sh', '-c', f'cat "$0" | {TORNSTACK} --quiet --no-sandbox -']}
    if shutil.which('pp'):
        commands['panicparse'] = ['sh', '-c', 'exec pp -no-color <"$0"']
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = pathlib.Path(folder) / 'service.log'
        make(path, options.size * 1000000)
        path.read_bytes() if options.size <= 100 else subprocess.run(['cat', path], stdout=subprocess.DEVNULL, check=True)
        results = {name: run(command, path) for name, command in commands.items()}
        if shutil.which('zstd'):
            subprocess.run(['zstd', '-q', '-1', path], check=True)
            results['zstd -dc'] = run(['zstd', '-qdc'], f'{path}.zst', os.devnull)
            results['tornstack, zstd'] = run(tornstack, f'{path}.zst')
        path.unlink()
        stacks(path, options.goroutines)
        results[f'{options.goroutines} goroutines'] = run(tornstack, path)
        results[f'{options.goroutines} goroutines, a pipe'] = run(commands['tornstack, a pipe'], path)
    for name, (clock, cpu, memory) in results.items():
        print(f'{name:28} {clock:7.2f} s, CPU {cpu:6.2f} s ({cpu / results["grep -c goroutine"][1]:.1f} times grep), {memory:6.0f} MB')


if __name__ == '__main__':
    sys.exit(main())
