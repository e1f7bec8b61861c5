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


def run(command, path):
    """Seconds on the clock and of the CPU, and MB of memory: the least of three runs."""
    best = None
    out = tempfile.TemporaryFile()
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
    parser.add_argument('--folder', help='where the log is made, and removed again')
    options = parser.parse_args()
    commands = {'grep -c goroutine': ['grep', '-c', 'goroutine'], 'tornstack': [TORNSTACK, '--quiet', '--no-sandbox']}
    if shutil.which('pp'):
        commands['panicparse'] = ['sh', '-c', 'exec pp -no-color <"$0"']
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = pathlib.Path(folder) / 'service.log'
        make(path, options.size * 1000000)
        path.read_bytes() if options.size <= 100 else subprocess.run(['cat', path], stdout=subprocess.DEVNULL, check=True)
        results = {name: run(command, path) for name, command in commands.items()}
    for name, (clock, cpu, memory) in results.items():
        print(f'{name:18} {clock:7.2f} s, CPU {cpu:6.2f} s ({cpu / results["grep -c goroutine"][1]:.1f} times grep), {memory:6.0f} MB')


if __name__ == '__main__':
    sys.exit(main())
